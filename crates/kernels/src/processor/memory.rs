//! Memory for results: it is not cleared before it is written, and kept when it is freed.

use std::mem::MaybeUninit;

use super::team::each_of;

/// Numbers in a line of the cache.
pub(crate) const LINE: usize = 16;

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
    each_of(room.chunks_mut(piece), write);
    // SAFETY: the room is as long, and every piece of it was written.
    unsafe { numbers.set_len(length) };
    numbers
}

/// `length` numbers, zero until `fill` is given their pieces, of `piece` numbers, by all threads: a piece is cleared where it is
/// filled, and so near.
pub(crate) fn filled(length: usize, piece: usize, fill: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let write = |nth, room: &mut [MaybeUninit<f32>]| {
        // SAFETY: a number whose bits are all zero is zero, so that the room holds numbers then.
        let numbers = unsafe {
            room.as_mut_ptr().write_bytes(0, room.len());
            room.assume_init_mut()
        };
        fill(nth, numbers);
    };
    // SAFETY: every number of a piece is written.
    unsafe { written(length, piece, write) }
}

/// How many numbers are more than the caches hold.
pub(crate) const LARGE: usize = 8 << 20;

/// Clears memory; what `is_large` in whole past the caches, where it would not stay until it is read, so that no line is
/// fetched from memory only to be overwritten.
pub(crate) fn clear(room: &mut [MaybeUninit<f32>], is_large: bool) {
    #[cfg(target_arch = "x86_64")]
    if is_large {
        use std::arch::x86_64::{__m128, _mm_setzero_ps, _mm_sfence, _mm_stream_ps};
        // SAFETY: four numbers may be written as one register, which is aligned as it must be. The fence has what was written
        // past the caches in its place before anything that this thread does later.
        unsafe {
            let (before, registers, after) = room.align_to_mut::<MaybeUninit<__m128>>();
            for register in registers {
                _mm_stream_ps(register.as_mut_ptr().cast(), _mm_setzero_ps());
            }
            _mm_sfence();
            before.fill(MaybeUninit::new(0.0));
            after.fill(MaybeUninit::new(0.0));
        }
        return;
    }
    let _ = is_large;
    room.fill(MaybeUninit::new(0.0));
}

/// Has so many numbers from `start` on, which will be needed soon, fetched into the cache meanwhile: the processor foresees what
/// lies one after another, and not which row comes next.
#[inline(always)]
pub(crate) fn fetch(start: *const f32, numbers: usize) {
    (0..numbers).step_by(LINE).for_each(|number| fetch_line(start.wrapping_add(number)));
}

/// Has the line at `place`, wherever that is, fetched into the cache meanwhile.
#[inline(always)]
pub(super) fn fetch_line(place: *const f32) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: to fetch changes nothing that can be seen, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
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
