//! Counters that one thread writes and others read in consistent snapshots, at the price of a plain store each.
#![allow(unsafe_code)]

#[cfg(target_family = "wasm")]
use core::cell::UnsafeCell;

use super::sync::{AtomicU32, Ordering, fence};

/// A counter with one writer. Readers on other threads see it through a snapshot guarded by a [`Sequence`], never by itself.
///
/// In Wasm an atomic store is a full barrier (some 20 cycles); a quantum touches half a dozen counters. So there it is a plain store, read by the page through a copy
/// of the memory's bytes that the sequence validates. Natively it is a relaxed atomic, which costs the same as a plain store.
#[derive(Default)]
#[repr(transparent)]
pub struct Count(
    #[cfg(target_family = "wasm")] UnsafeCell<u64>,
    #[cfg(not(target_family = "wasm"))] core::sync::atomic::AtomicU64,
);

// SAFETY: written by one thread only (the methods that write say so); in Wasm no other thread reads it from Rust: the page copies bytes, and keeps them only if the sequence did not move.
unsafe impl Sync for Count {}

impl core::fmt::Debug for Count {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.get().fmt(f)
    }
}

impl Count {
    /// The value; on the writer's thread, or natively on any.
    #[inline]
    pub fn get(&self) -> u64 {
        #[cfg(target_family = "wasm")]
        // SAFETY: aligned and live; volatile so that the compiler keeps accesses where they are.
        return unsafe { self.0.get().read_volatile() };
        #[cfg(not(target_family = "wasm"))]
        return self.0.load(Ordering::Relaxed);
    }

    /// Replaces the value; the writer's thread alone.
    #[inline]
    pub fn set(&self, value: u64) {
        #[cfg(target_family = "wasm")]
        // SAFETY: aligned, live, and no other thread writes it.
        unsafe {
            self.0.get().write_volatile(value);
        }
        #[cfg(not(target_family = "wasm"))]
        self.0.store(value, Ordering::Relaxed);
    }

    /// Adds to the value; the writer's thread alone.
    #[inline]
    pub fn add(&self, amount: u64) {
        self.set(self.get() + amount);
    }
}

/// A sequence lock with one writer: odd while its counters change, even and larger afterwards. A reader that finds the same even number before and after its copy
/// has a consistent one. The writer never waits.
///
/// Method: H.-J. Boehm, "Can seqlocks get along with programming language memory models?", MSPC 2012.
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct Sequence(AtomicU32);

impl Sequence {
    /// Before the first change; the writer's thread alone.
    #[inline]
    pub fn begin(&self) {
        let odd = self.0.load(Ordering::Relaxed).wrapping_add(1);
        self.0.store(odd, Ordering::Relaxed);
        // Keeps the changes behind the odd number.
        fence(Ordering::Release);
        // For Wasm that fence is nothing but an order to the compiler. A store and a load that are both sequentially consistent stay in order, and what follows the load stays behind it.
        #[cfg(target_family = "wasm")]
        self.0.load(Ordering::SeqCst);
    }

    /// After the last change; the writer's thread alone.
    #[inline]
    pub fn end(&self) {
        let even = self.0.load(Ordering::Relaxed).wrapping_add(1);
        self.0.store(even, Ordering::Release);
    }

    /// The number, or `None` while the counters change. For a reader: before its copy.
    #[inline]
    pub fn read_begin(&self) -> Option<u32> {
        let number = self.0.load(Ordering::Acquire);
        number.is_multiple_of(2).then_some(number)
    }

    /// Whether a copy begun at `number` is consistent. For a reader: after its copy.
    #[inline]
    pub fn read_end(&self, number: u32) -> bool {
        fence(Ordering::Acquire);
        self.0.load(Ordering::Relaxed) == number
    }
}
