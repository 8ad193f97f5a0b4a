//! The samples: cells that the two sides take turns to own.
#![allow(unsafe_code)]

#[cfg(not(loom))]
use core::cell::UnsafeCell;
#[cfg(loom)]
use loom::cell::UnsafeCell;

/// Interleaved samples. Which cells belong to whom is decided by the ring's positions alone; every method here trusts its caller
/// ([`Producer`](super::Producer) and [`Consumer`](super::Consumer)) to touch only its own.
#[derive(Debug)]
pub(crate) struct Storage {
    cells: Box<[UnsafeCell<f32>]>,
}

// SAFETY: the ring hands each cell to one side at a time, with a release store and an acquire load of a position in between.
unsafe impl Sync for Storage {}
// SAFETY: plain floats, owned.
unsafe impl Send for Storage {}

impl Storage {
    pub(crate) fn new(samples: usize) -> Self {
        Storage {
            cells: (0..samples).map(|_| UnsafeCell::new(0.0)).collect(),
        }
    }

    /// Copies `from` into the cells beginning at `at`.
    ///
    /// # Safety
    /// `at + from.len()` is at most the number of cells, and the caller owns those cells as writer.
    #[inline]
    pub(crate) unsafe fn write(&self, at: usize, from: &[f32]) {
        debug_assert!(at + from.len() <= self.cells.len());
        #[cfg(not(loom))]
        // SAFETY: in bounds and owned, by this function's contract; `from` cannot overlap cells that nobody else may borrow.
        unsafe {
            self.cells
                .as_ptr()
                .add(at)
                .cast::<f32>()
                .cast_mut()
                .copy_from_nonoverlapping(from.as_ptr(), from.len());
        }
        #[cfg(loom)]
        for (cell, sample) in self.cells[at..].iter().zip(from) {
            // SAFETY: owned, by this function's contract; loom checks it.
            cell.with_mut(|cell| unsafe { *cell = *sample });
        }
    }

    /// Copies the cells beginning at `at` into `to`.
    ///
    /// # Safety
    /// `at + to.len()` is at most the number of cells, and the caller owns those cells as reader.
    #[inline]
    pub(crate) unsafe fn read(&self, at: usize, to: &mut [f32]) {
        debug_assert!(at + to.len() <= self.cells.len());
        #[cfg(not(loom))]
        // SAFETY: in bounds and owned, by this function's contract.
        unsafe {
            to.as_mut_ptr()
                .copy_from_nonoverlapping(self.cells.as_ptr().add(at).cast::<f32>(), to.len());
        }
        #[cfg(loom)]
        for (cell, sample) in self.cells[at..].iter().zip(to) {
            // SAFETY: owned, by this function's contract; loom checks it.
            *sample = cell.with(|cell| unsafe { *cell });
        }
    }

    /// The `len` cells beginning at `at`, to read in place.
    ///
    /// # Safety
    /// As for [`Storage::read`], for as long as the slice lives.
    #[cfg(not(loom))]
    #[inline]
    pub(super) unsafe fn slice(&self, at: usize, len: usize) -> &[f32] {
        debug_assert!(at + len <= self.cells.len());
        // SAFETY: in bounds and owned, by this function's contract; a cell has the layout of what it holds.
        unsafe { core::slice::from_raw_parts(self.cells.as_ptr().add(at).cast::<f32>(), len) }
    }

    /// The `len` cells beginning at `at`, to write in place.
    ///
    /// # Safety
    /// As for [`Storage::write`], for as long as the slice lives, and no other slice of these cells lives.
    #[cfg(not(loom))]
    #[allow(clippy::mut_from_ref)]
    #[inline]
    pub(super) unsafe fn slice_mut(&self, at: usize, len: usize) -> &mut [f32] {
        debug_assert!(at + len <= self.cells.len());
        // SAFETY: in bounds and owned exclusively, by this function's contract.
        unsafe { core::slice::from_raw_parts_mut(self.cells.as_ptr().add(at).cast::<f32>().cast_mut(), len) }
    }
}
