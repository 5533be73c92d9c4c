//! The allocator of the program and the benches, and its one setting.

/// The allocator of the program `wordspace` and of its benches; other programs that use this library choose their own. Threads do
/// not wait for each other in it, and large blocks start on a cache line.
pub use mimalloc::MiMalloc as Allocator;

/// Tells mimalloc to keep freed memory for the rest of the process. By default it returns pages to the system after a second,
/// and the next update would have to fault them in and zero them again. Without effect where another allocator is in use.
pub fn keep_freed_memory() {
    /// `mi_option_purge_delay` of mimalloc.h, in milliseconds, -1 for never; libmimalloc-sys does not name it.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    // SAFETY: mimalloc allows options to be set at any time and from any thread; option 15 exists in the pinned version.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) };
}
