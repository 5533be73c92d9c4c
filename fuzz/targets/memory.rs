//! How much memory a reader takes: at most a small multiple of the bytes that it was given.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The memory that a reader may allocate: for its buffers, and for each byte of its files.
const BUFFERS: usize = 4 << 20;
const PER_BYTE: usize = 64;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// The system's allocator, counting the bytes that each thread holds.
struct Counting;

// SAFETY: every call goes to the system's allocator with its arguments unchanged, so its blocks are returned as they are.
// Counting sets thread-local cells that need no allocation and no destructor, so it cannot call the allocator again.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: `layout` is the caller's, which must have a size above zero, as `System.alloc` requires.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: `block` came from one of the methods above with this `layout`, so it came from the system's allocator.
        unsafe { System.dealloc(block, layout) }
    }
}

fn count(bytes: isize) {
    HELD.set(HELD.get() + bytes);
    PEAK.set(PEAK.get().max(HELD.get()));
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The result of `work` and its peak memory in bytes.
pub fn measured<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = HELD.get();
    PEAK.set(before);
    let result = work();
    (result, (PEAK.get() - before) as usize)
}

/// The result of `work`, which reads `size` bytes.
///
/// # Panics
///
/// If it takes much more memory than that.
#[track_caller]
pub fn bounded<T>(size: usize, work: impl FnOnce() -> T) -> T {
    let (result, most) = measured(work);
    assert!(most <= BUFFERS + PER_BYTE * size, "{most} bytes of memory to read {size}");
    result
}
