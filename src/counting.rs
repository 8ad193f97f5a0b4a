//! An allocator that counts, to show that the steady state allocates nothing.

/// Heap allocations (and reallocations) made so far by the calling thread; 0 for ever without the feature `count-allocations`.
///
/// # Real-time
/// Reads one thread-local number.
#[inline]
pub fn allocations() -> u64 {
    #[cfg(feature = "count-allocations")]
    return allocator::COUNT.with(core::cell::Cell::get);
    #[cfg(not(feature = "count-allocations"))]
    0
}

#[cfg(feature = "count-allocations")]
#[allow(unsafe_code)]
mod allocator {
    use core::alloc::{GlobalAlloc, Layout};
    use core::cell::Cell;
    use std::alloc::System;

    thread_local! {
        /// Const-initialised and without a destructor: using it allocates nothing, at any time of a thread's life.
        pub(super) static COUNT: Cell<u64> = const { Cell::new(0) };
    }

    struct Counting;

    #[global_allocator]
    static COUNTING: Counting = Counting;

    fn count() {
        let _ = COUNT.try_with(|count| {
            if is_there(count) {
                count.set(count.get() + 1);
            }
        });
    }

    /// Whether the thread's locals are where they seem to be. In Wasm a new thread allocates its stack and its locals before it knows where they are: until then they seem to lie
    /// at the bottom of the memory, where the first thread's stack ends (or nowhere, which `try_with` reports).
    fn is_there(count: &Cell<u64>) -> bool {
        !cfg!(target_family = "wasm") || core::ptr::from_ref(count).addr() >= 65_536
    }

    // SAFETY: hands everything on to the system's allocator, unchanged.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            count();
            // SAFETY: the caller's contract is the callee's.
            unsafe { System.alloc(layout) }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            count();
            // SAFETY: as above.
            unsafe { System.alloc_zeroed(layout) }
        }

        unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            count();
            // SAFETY: as above.
            unsafe { System.realloc(place, layout, size) }
        }

        unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
            // SAFETY: as above.
            unsafe { System.dealloc(place, layout) }
        }
    }
}
