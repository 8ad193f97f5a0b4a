//! What an attempt to play a file costs: memory, allocations and bytes read, counted where they happen.
//!
//! A test that includes this module must not be built with the feature `count-allocations`, whose allocator takes the same place.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Heap use of the calling thread.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Heap {
    /// Bytes that this thread holds now: what it asked for less what it gave back.
    pub live: i64,
    /// Most bytes held at once since [`watch_heap`].
    pub peak: i64,
    /// Allocations and reallocations since [`watch_heap`].
    pub calls: u64,
}

/// Begins a measurement and returns the bytes held now. They count as the peak so far.
pub fn watch_heap() -> i64 {
    allocator::HEAP.with(|heap| {
        let live = heap.get().live;
        heap.set(Heap {
            live,
            peak: live,
            calls: 0,
        });
        live
    })
}

/// The measurement so far.
pub fn heap() -> Heap {
    allocator::HEAP.with(core::cell::Cell::get)
}

#[allow(unsafe_code)]
mod allocator {
    use super::Heap;
    use core::alloc::{GlobalAlloc, Layout};
    use core::cell::Cell;
    use std::alloc::System;

    thread_local! {
        /// Const-initialised and without a destructor: using it allocates nothing, at any time of a thread's life.
        pub(super) static HEAP: Cell<Heap> = const { Cell::new(Heap { live: 0, peak: 0, calls: 0 }) };
    }

    struct Watching;

    #[global_allocator]
    static WATCHING: Watching = Watching;

    fn count(more: usize, less: usize) {
        let _ = HEAP.try_with(|cell| {
            let mut heap = cell.get();
            heap.live += more as i64 - less as i64;
            heap.peak = heap.peak.max(heap.live);
            heap.calls += u64::from(more > 0);
            cell.set(heap);
        });
    }

    // SAFETY: hands everything on to the system's allocator, unchanged.
    unsafe impl GlobalAlloc for Watching {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            count(layout.size(), 0);
            // SAFETY: the caller's contract is the callee's.
            unsafe { System.alloc(layout) }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            count(layout.size(), 0);
            // SAFETY: as above.
            unsafe { System.alloc_zeroed(layout) }
        }

        unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            count(size, layout.size());
            // SAFETY: as above.
            unsafe { System.realloc(place, layout, size) }
        }

        unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
            count(0, layout.size());
            // SAFETY: as above.
            unsafe { System.dealloc(place, layout) }
        }
    }
}

/// What was asked of a [`WatchedMedia`].
#[derive(Debug, Default)]
pub struct Reads {
    /// Bytes given out.
    pub bytes: AtomicU64,
    /// Calls of read and seek.
    pub calls: AtomicU64,
    /// Whether either went beyond its limit; from then on every call failed.
    pub exceeded: AtomicBool,
}

/// A file in memory that counts what is asked of it, and fails for good once that is more than `bytes` or `calls`.
pub struct WatchedMedia {
    data: io::Cursor<Arc<[u8]>>,
    seekable: bool,
    /// Most bytes that one call gives out.
    portion: usize,
    limits: (u64, u64),
    reads: Arc<Reads>,
}

impl WatchedMedia {
    /// `limits`: bytes, calls.
    pub fn new(data: Arc<[u8]>, seekable: bool, portion: usize, limits: (u64, u64), reads: Arc<Reads>) -> Self {
        WatchedMedia {
            data: io::Cursor::new(data),
            seekable,
            portion,
            limits,
            reads,
        }
    }

    fn count(&self, bytes: usize) -> io::Result<()> {
        let calls = self.reads.calls.fetch_add(1, Relaxed) + 1;
        let bytes = self.reads.bytes.fetch_add(bytes as u64, Relaxed) + bytes as u64;
        if bytes > self.limits.0 || calls > self.limits.1 {
            self.reads.exceeded.store(true, Relaxed);
        }
        if self.reads.exceeded.load(Relaxed) {
            return Err(io::Error::other("too much was read"));
        }
        Ok(())
    }
}

impl Read for WatchedMedia {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let portion = into.len().min(self.portion);
        let got = self.data.read(&mut into[..portion])?;
        self.count(got)?;
        Ok(got)
    }
}

impl Seek for WatchedMedia {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.count(0)?;
        self.data.seek(to)
    }
}

impl noxrun::source::file::MediaSource for WatchedMedia {
    fn is_seekable(&self) -> bool {
        self.seekable
    }

    fn byte_len(&self) -> Option<u64> {
        self.seekable.then(|| self.data.get_ref().len() as u64)
    }
}
