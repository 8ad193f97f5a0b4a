//! Atomics, cells and the futex, chosen once: the machine's own, or loom's model of them.

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(loom)]
pub use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

#[cfg(loom)]
pub use loom::sync::Arc;
#[cfg(not(loom))]
pub use std::sync::Arc;

/// The ordering with which a position is published before the other side's sleep flag is looked at.
///
/// In Wasm every atomic access is sequentially consistent anyway; saying so lets [`store_load_barrier`] be empty there. Elsewhere
/// `Release` is all that publishing needs and the barrier is a fence of its own.
pub const PUBLISH: Ordering = if cfg!(target_family = "wasm") {
    Ordering::SeqCst
} else {
    Ordering::Release
};

/// The ordering of the load after the barrier: see [`PUBLISH`].
pub const SEE: Ordering = if cfg!(target_family = "wasm") {
    Ordering::SeqCst
} else {
    Ordering::Acquire
};

/// Keeps an earlier store in front of a later load of another word, which neither `Release` nor `Acquire` does.
///
/// Both sides of the sleep/wake handshake need it (Dekker's pattern). A fence, not `SeqCst` accesses: loom treats those as weaker than
/// they are (loom issue 180).
#[inline]
pub fn store_load_barrier() {
    #[cfg(loom)]
    if weak::WEAKENED.get() == Some(weak::Place::Barrier) {
        return;
    }
    #[cfg(not(target_family = "wasm"))]
    fence(Ordering::SeqCst);
}

/// `ordering`; under loom `Relaxed` where a test weakens this place of the protocol, to show that model checking would notice.
macro_rules! ordering {
    ($place:ident, $ordering:expr) => {{
        #[cfg(not(loom))]
        let ordering = $ordering;
        #[cfg(loom)]
        let ordering = $crate::ring::sync::weak::ordering($crate::ring::sync::weak::Place::$place, $ordering);
        ordering
    }};
}
pub(crate) use ordering;

/// A fence; under loom none where a test weakens this place of the protocol.
#[cfg(any(feature = "strategies", loom))]
macro_rules! fence_at {
    ($place:ident, $ordering:expr) => {{
        #[cfg(not(loom))]
        $crate::ring::sync::fence($ordering);
        #[cfg(loom)]
        if $crate::ring::sync::weak::WEAKENED.get() != Some($crate::ring::sync::weak::Place::$place) {
            $crate::ring::sync::fence($ordering);
        }
    }};
}
#[cfg(any(feature = "strategies", loom))]
pub(crate) use fence_at;

/// The weak spots that a test can make, one at a time. Exists under loom only.
#[cfg(loom)]
pub mod weak {
    use super::Ordering;
    use std::cell::Cell;

    /// What can be weakened.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Place {
        /// The producer's store of `write`.
        Write,
        /// The consumer's load of `write`.
        SeeWrite,
        /// The consumer's store of `read`.
        Read,
        /// The producer's load of `read`.
        SeeRead,
        /// The producer's store of `sleep`, which brings `wake_at` along.
        Sleep,
        /// The producer's store of `skip_to`, which brings `write` along.
        SkipTo,
        /// The addition to the word that wakes, which brings commands along.
        Call,
        /// Both sides' store-load barriers, left out.
        Barrier,
        /// The exchange by which a block is put out (`double`, `triple`).
        Publish,
        /// The exchange by which a block is taken.
        Take,
        /// The fence before a slot is written to (`double`), left out.
        BeginSlot,
        /// The fence before a slot's number is looked at again (`double`), left out.
        EndSlot,
    }

    std::thread_local! {
        /// Loom runs all threads of a model on the test's own thread, so each test has its own.
        pub static WEAKENED: Cell<Option<Place>> = const { Cell::new(None) };
    }

    pub(crate) fn ordering(place: Place, ordering: Ordering) -> Ordering {
        if WEAKENED.get() == Some(place) {
            Ordering::Relaxed
        } else {
            ordering
        }
    }
}

pub use futex::Futex;

/// Sleeping on a word of shared memory, in Wasm: the instructions made for it.
#[cfg(target_family = "wasm")]
mod futex {
    #![allow(unsafe_code)]
    use super::AtomicU32;
    use core::time::Duration;

    /// Sleeps on and wakes by a shared word. Zero-sized in Wasm.
    #[derive(Debug)]
    pub struct Futex;

    impl Futex {
        /// Nobody sleeps yet.
        #[allow(clippy::new_without_default)]
        pub fn new() -> Self {
            Futex
        }

        /// Sleeps while `word` is `expected`, until a notify or `timeout`.
        #[cfg(target_feature = "atomics")]
        pub fn wait(&self, word: &AtomicU32, expected: u32, timeout: Duration) {
            let nanos = i64::try_from(timeout.as_nanos()).unwrap_or(i64::MAX);
            // SAFETY: the pointer is that of a live, aligned atomic; the instruction reads it atomically.
            unsafe { core::arch::wasm32::memory_atomic_wait32(word.as_ptr().cast::<i32>(), expected.cast_signed(), nanos) };
        }

        /// Wakes the sleeper, if there is one.
        ///
        /// # Real-time
        /// Wait-free; 14 ns with nobody asleep, 4 to 16 us otherwise (Chromium 156).
        #[cfg(target_feature = "atomics")]
        pub fn notify(&self, word: &AtomicU32) {
            // SAFETY: the pointer is that of a live, aligned atomic.
            unsafe { core::arch::wasm32::memory_atomic_notify(word.as_ptr().cast::<i32>(), 1) };
        }

        /// Without threads there is nobody to wait for.
        #[cfg(not(target_feature = "atomics"))]
        pub fn wait(&self, _word: &AtomicU32, _expected: u32, _timeout: Duration) {}

        /// Without threads there is nobody to wake.
        #[cfg(not(target_feature = "atomics"))]
        pub fn notify(&self, _word: &AtomicU32) {}
    }
}

/// Sleeping on a word, natively and under loom: a mutex and a condition variable, for tests and simulation. The real product runs in Wasm,
/// where waking takes no lock.
#[cfg(not(target_family = "wasm"))]
mod futex {
    use super::{AtomicU32, Ordering};
    use core::time::Duration;
    #[cfg(loom)]
    use loom::sync::{Condvar, Mutex};
    #[cfg(not(loom))]
    use std::sync::{Condvar, Mutex};

    /// Sleeps on and wakes by a shared word.
    #[derive(Debug)]
    pub struct Futex {
        lock: Mutex<()>,
        bell: Condvar,
    }

    impl Futex {
        /// Nobody sleeps yet.
        #[allow(clippy::new_without_default)]
        pub fn new() -> Self {
            Futex {
                lock: Mutex::new(()),
                bell: Condvar::new(),
            }
        }

        /// Sleeps while `word` is `expected`, until a notify or `timeout` (loom knows no time-outs: there a lost wake-up is a deadlock,
        /// which it reports).
        pub fn wait(&self, word: &AtomicU32, expected: u32, timeout: Duration) {
            let guard = self.lock.lock().expect("no holder of this lock panics");
            // The word decides, not the bell: a condition variable may wake for no reason. Relaxed: who changes the word takes the lock before ringing.
            #[cfg(not(loom))]
            drop(
                self.bell
                    .wait_timeout_while(guard, timeout, |()| word.load(Ordering::Relaxed) == expected),
            );
            #[cfg(loom)]
            {
                let _ = timeout;
                let mut guard = guard;
                while word.load(Ordering::Relaxed) == expected {
                    guard = self.bell.wait(guard).expect("no holder of this lock panics");
                }
            }
        }

        /// Wakes the sleeper, if there is one.
        pub fn notify(&self, _word: &AtomicU32) {
            // Taken so that the bell cannot ring between the sleeper's look at the word and its sleep.
            drop(self.lock.lock());
            self.bell.notify_one();
        }
    }
}
