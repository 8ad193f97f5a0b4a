//! Atomics, cells and the futex, chosen once: the machine's own, or loom's model of them.

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
#[cfg(loom)]
pub use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

#[cfg(not(loom))]
pub use std::sync::Arc;
#[cfg(loom)]
pub use loom::sync::Arc;

/// The ordering with which a position is published before the other side's sleep flag is looked at.
///
/// In Wasm every atomic access is sequentially consistent anyway; saying so lets [`store_load_barrier`] be empty there. Elsewhere
/// `Release` is all that publishing needs and the barrier is a fence of its own.
pub const PUBLISH: Ordering = if cfg!(target_family = "wasm") { Ordering::SeqCst } else { Ordering::Release };

/// Keeps an earlier store in front of a later load of another word, which neither `Release` nor `Acquire` does.
///
/// Both sides of the sleep/wake handshake need it (Dekker's pattern). A fence, not `SeqCst` accesses: loom treats those as weaker than
/// they are (loom issue 180).
#[inline]
pub fn store_load_barrier() {
    #[cfg(not(target_family = "wasm"))]
    fence(Ordering::SeqCst);
}

pub use futex::Futex;

/// Sleeping on a word of shared memory, in Wasm: the instructions made for it.
#[cfg(target_family = "wasm")]
mod futex {
    #![allow(unsafe_code)]
    use super::AtomicU32;
    use core::time::Duration;

    /// Sleeps on and wakes by a shared word. Zero-sized in Wasm.
    #[derive(Debug, Default)]
    pub struct Futex;

    impl Futex {
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

    impl Default for Futex {
        fn default() -> Self {
            Futex { lock: Mutex::new(()), bell: Condvar::new() }
        }
    }

    impl Futex {
        /// Sleeps while `word` is `expected`, until a notify or `timeout` (loom knows no time-outs: there a lost wake-up is a deadlock,
        /// which it reports).
        pub fn wait(&self, word: &AtomicU32, expected: u32, timeout: Duration) {
            let guard = self.lock.lock().expect("no holder of this lock panics");
            if word.load(Ordering::Relaxed) != expected {
                return;
            }
            #[cfg(not(loom))]
            drop(self.bell.wait_timeout(guard, timeout));
            #[cfg(loom)]
            {
                let _ = timeout;
                drop(self.bell.wait(guard));
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
