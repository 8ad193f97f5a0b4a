//! Looking into an output's memory from the page, which has a memory of its own: copies of bytes, no allocation over there.
#![allow(unsafe_code)]

#[cfg(feature = "decode")]
mod feed;

use core::mem::offset_of;
#[cfg(feature = "strategies")]
use std::rc::Rc;

use js_sys::{Atomics, Int32Array, Uint8Array};
#[cfg(feature = "decode")]
use wasm_bindgen::JsCast;
use wasm_bindgen::JsValue;

use crate::ledger::{ConsumerLedger, ProducerLedger, Snapshot};
use crate::ring::Ring;
use crate::shared::{Control, SharedOutput};
#[cfg(feature = "strategies")]
use crate::web::page::Mailed;
#[cfg(feature = "decode")]
pub(super) use feed::FeedPeek;

/// A word of the page's wishes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wish {
    Paused,
    Stop,
    Mail,
    #[cfg(feature = "faults")]
    Freezes,
    #[cfg(feature = "faults")]
    FreezeMs,
    Recount,
    Panic,
    #[cfg(feature = "explain")]
    CountCallbacks,
}

impl Wish {
    fn offset(self) -> usize {
        offset_of!(SharedOutput, control)
            + match self {
                Wish::Paused => offset_of!(Control, paused),
                Wish::Stop => offset_of!(Control, stop),
                Wish::Mail => offset_of!(Control, mail),
                #[cfg(feature = "faults")]
                Wish::Freezes => offset_of!(Control, freezes),
                #[cfg(feature = "faults")]
                Wish::FreezeMs => offset_of!(Control, freeze_ms),
                Wish::Recount => offset_of!(Control, recount),
                Wish::Panic => offset_of!(Control, panic),
                #[cfg(feature = "explain")]
                Wish::CountCallbacks => offset_of!(Control, count_callbacks),
            }
    }
}

/// An output's memory with the addresses of what lies in it.
#[derive(Debug, Clone)]
pub(super) struct Peek {
    /// The audio thread's own memory, where it has one.
    #[cfg(feature = "strategies")]
    there: Option<Rc<Mailed>>,
    bytes: Uint8Array,
    words: Int32Array,
    shared: usize,
    ring: usize,
}

impl Peek {
    /// Views over `memory`, in which the output lies at `shared` and its ring at `ring`. They stay valid when the memory grows; what is looked at lies below the size it has now.
    pub(super) fn new(memory: &JsValue, shared: usize, ring: usize) -> Self {
        let buffer = js_sys::Reflect::get(memory, &"buffer".into()).unwrap_or_default();
        Peek::over(&buffer, shared, ring)
    }

    /// Views over any bytes, in which the shared state lies at `shared` and the ring at `ring`.
    fn over(buffer: &JsValue, shared: usize, ring: usize) -> Self {
        Peek {
            #[cfg(feature = "strategies")]
            there: None,
            bytes: Uint8Array::new(buffer),
            words: Int32Array::new(buffer),
            shared,
            ring,
        }
    }

    /// The same output seen through views as long as the memory is now: for what lies in memory that was added since.
    #[cfg(feature = "decode")]
    fn renewed(&self, memory: &JsValue) -> Self {
        // Growing by nothing has the object notice that other threads have made the memory grow. Cannot fail.
        memory.unchecked_ref::<js_sys::WebAssembly::Memory>().grow(0);
        Peek::new(memory, self.shared, self.ring)
    }

    /// The same where the audio thread has a memory of its own.
    #[cfg(feature = "strategies")]
    pub(super) fn with_mail(self, there: Rc<Mailed>) -> Self {
        Peek {
            there: Some(there),
            ..self
        }
    }

    /// A consistent snapshot; `None` when the sides changed something each time it was tried, or nothing was heard of the audio thread yet.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        #[cfg(feature = "strategies")]
        if let Some(there) = &self.there {
            // Written on one thread, which sent it between two changes.
            let copy = Peek::over(&there.copy()?.into(), 0, Mailed::shared_bytes());
            let seen = copy.here()?;
            return Some(match self.here() {
                Some(here) => seen.with_producer(here),
                None => seen,
            });
        }
        self.here()
    }

    /// A consistent snapshot of this memory; `None` when the sides changed something each time it was tried.
    fn here(&self) -> Option<Snapshot> {
        const TRIES: usize = 8;
        let producer_at = self.shared + offset_of!(SharedOutput, producer);
        let consumer_at = self.shared + offset_of!(SharedOutput, consumer);
        let sequences = [
            producer_at + offset_of!(ProducerLedger, sequence),
            consumer_at + offset_of!(ConsumerLedger, sequence),
        ];
        let read = || sequences.map(|address| self.load(address));
        for _ in 0..TRIES {
            let before = read();
            if before.iter().any(|number| number % 2 != 0) {
                continue;
            }
            // SAFETY: both blocks are made of integers in cells and atomics, for which any bytes will do.
            let (producer, consumer) = unsafe { (self.copy::<ProducerLedger>(producer_at), self.copy::<ConsumerLedger>(consumer_at)) };
            let write = self.load_long(self.ring + offset_of!(Ring, producer));
            let taken = self.load_long(self.ring + offset_of!(Ring, consumer));
            if read() == before {
                return Some(Snapshot::of(&producer, &consumer, write, taken));
            }
        }
        None
    }

    /// The audio thread's own memory, where it has one.
    #[cfg(feature = "strategies")]
    pub(super) fn mailed(&self) -> Option<&Rc<Mailed>> {
        self.there.as_ref()
    }

    /// A wish as it stands.
    pub(super) fn wish(&self, wish: Wish) -> u32 {
        self.load(self.shared + wish.offset()).cast_unsigned()
    }

    /// Writes a wish and wakes the producer, so that it is seen at once.
    pub(super) fn set(&self, wish: Wish, value: u32) {
        #[cfg(feature = "strategies")]
        if let Some(there) = &self.there {
            there.wish(wish.offset(), value);
        }
        self.store(self.shared + wish.offset(), value);
        self.call();
    }

    /// Sets the frames that the producer may keep ahead.
    pub(super) fn set_limit(&self, frames: u32) {
        self.store(self.ring + offset_of!(Ring, limit), frames);
        self.call();
    }

    /// Wakes the producer, or keeps it from falling asleep.
    fn call(&self) {
        self.call_ring(self.ring);
    }

    /// `Ring::call` from outside, of the ring at `ring`.
    fn call_ring(&self, ring: usize) {
        let word = (ring + offset_of!(Ring, wake)) as u32 / 4;
        // Neither can fail: the index lies in a shared Int32Array.
        let _ = Atomics::add(&self.words, word, 1);
        let _ = Atomics::notify(&self.words, word);
    }

    fn load(&self, address: usize) -> i32 {
        // Cannot fail: as in `call`.
        Atomics::load(&self.words, address as u32 / 4).unwrap_or_default()
    }

    fn store(&self, address: usize, value: u32) {
        let _ = Atomics::store(&self.words, address as u32 / 4, value.cast_signed());
    }

    /// A 64-bit word, in two halves: that both are of one moment is for the sequences to say.
    fn load_long(&self, address: usize) -> u64 {
        let [low, high] = [address, address + 4].map(|half| u64::from(self.load(half).cast_unsigned()));
        high << 32 | low
    }

    /// A copy of what lies at `address`.
    ///
    /// # Safety
    /// `T` must be valid for any bytes.
    unsafe fn copy<T>(&self, address: usize) -> Box<T> {
        let mut copy = Box::<T>::new_uninit();
        // SAFETY: the destination is as long as `T`, writable and ours, and the page's own memory does not move while JS copies; afterwards all of it is written.
        unsafe {
            let here = Uint8Array::view_mut_raw(copy.as_mut_ptr().cast::<u8>(), size_of::<T>());
            here.set(&self.bytes.subarray(address as u32, (address + size_of::<T>()) as u32), 0);
            copy.assume_init()
        }
    }
}
