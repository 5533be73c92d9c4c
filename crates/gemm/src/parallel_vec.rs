//! New vectors that all threads fill chunk by chunk, without the pass over memory that clearing them first would cost.

use std::mem::MaybeUninit;

use crate::pool::parallel_map;

/// `length` elements, written by all threads in chunks of `chunk` elements.
///
/// # Safety
///
/// `write` gets the index of a chunk and the chunk, and initialises every element of it.
pub unsafe fn vec_from_chunks(
    length: usize,
    chunk: usize,
    write: impl Fn(usize, &mut [MaybeUninit<f32>]) + Sync,
) -> Vec<f32> {
    let mut values = Vec::with_capacity(length);
    let spare: &mut [MaybeUninit<f32>] = &mut values.spare_capacity_mut()[..length];
    parallel_map(spare.chunks_mut(chunk), write);
    // SAFETY: the capacity is at least `length`; the chunks cover the first `length` elements, and by this function's
    // contract `write` has initialised each of them. Had it panicked, `parallel_map` would have too.
    unsafe { values.set_len(length) };
    values
}

/// `length` elements, filled by all threads in chunks of `chunk` elements; `fill` gets each chunk zeroed, in its
/// thread's cache.
pub fn vec_from_zeroed_chunks(length: usize, chunk: usize, fill: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let write = |nth, spare: &mut [MaybeUninit<f32>]| {
        // SAFETY: `spare` is writable for its length, and an f32 whose bits are all zero is 0.0: after the first line
        // every element is initialised.
        let values = unsafe {
            spare.as_mut_ptr().write_bytes(0, spare.len());
            spare.assume_init_mut()
        };
        fill(nth, values);
    };
    // SAFETY: `write` has zeroed the whole chunk.
    unsafe { vec_from_chunks(length, chunk, write) }
}
