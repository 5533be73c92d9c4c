//! Memory for results: it is not cleared before it is written, and kept when it is freed.

use std::mem::MaybeUninit;

use rayon::prelude::*;

/// `length` numbers, written in pieces of `piece` numbers by all threads. Nothing clears them first, which would take as long
/// as to write them.
///
/// # Safety
///
/// `write` is given the number of a piece and the piece, and writes all of it.
pub(crate) unsafe fn written(
    length: usize,
    piece: usize,
    write: impl Fn(usize, &mut [MaybeUninit<f32>]) + Sync,
) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(length);
    let room: &mut [MaybeUninit<f32>] = &mut numbers.spare_capacity_mut()[..length];
    room.par_chunks_mut(piece).enumerate().for_each(|(nth, piece)| write(nth, piece));
    // SAFETY: the room is as long, and every piece of it was written.
    unsafe { numbers.set_len(length) };
    numbers
}

/// Keeps what is freed, for the rest of the process: by default the C library gives large pieces back to the system at once,
/// and every page of the next update's is fetched and cleared anew, on all threads' time (a third of an update of a model
/// with a vocabulary of 50,257).
pub(crate) fn keep_what_is_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            // SAFETY: mallopt may be called at any time; it sets three numbers that malloc reads.
            unsafe {
                libc::mallopt(libc::M_MMAP_MAX, 0); // no piece of its own for what is large,
                libc::mallopt(libc::M_TRIM_THRESHOLD, -1); // nothing given back,
                libc::mallopt(libc::M_ARENA_MAX, 1); // and one store for all threads.
            }
        });
    }
}
