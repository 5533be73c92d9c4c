//! Memory for results: it is not cleared before it is written, and kept when it is freed.

use std::mem::MaybeUninit;
use std::sync::OnceLock;

use super::pool::parallel_map;

/// Numbers in a line of the cache.
pub const CACHE_LINE: usize = 16;

/// `length` numbers, written in pieces of `piece` numbers by all threads. Nothing clears them first, which would take as long
/// as to write them.
///
/// # Safety
///
/// `write` is given the number of a piece and the piece, and writes all of it.
pub unsafe fn vec_from_chunks(
    length: usize,
    piece: usize,
    write: impl Fn(usize, &mut [MaybeUninit<f32>]) + Sync,
) -> Vec<f32> {
    let mut numbers = Vec::with_capacity(length);
    let room: &mut [MaybeUninit<f32>] = &mut numbers.spare_capacity_mut()[..length];
    parallel_map(room.chunks_mut(piece), write);
    // SAFETY: the room is as long, and every piece of it was written.
    unsafe { numbers.set_len(length) };
    numbers
}

/// `length` numbers, zero until `fill` is given their pieces, of `piece` numbers, by all threads: a piece is cleared where it is
/// filled, and so near.
pub fn vec_from_zeroed_chunks(length: usize, piece: usize, fill: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let write = |nth, room: &mut [MaybeUninit<f32>]| {
        // SAFETY: a number whose bits are all zero is zero, so that the room holds numbers then.
        let numbers = unsafe {
            room.as_mut_ptr().write_bytes(0, room.len());
            room.assume_init_mut()
        };
        fill(nth, numbers);
    };
    // SAFETY: every number of a piece is written.
    unsafe { vec_from_chunks(length, piece, write) }
}

/// How many numbers the largest cache holds for us.
pub fn cache_elements() -> usize {
    /// AMD's servers have as much for every few of their cores, and it is there: what touched 25 MB took 1.4 times as long past a cache
    /// of 32.
    const BELIEVED: usize = 32 << 20;
    /// Who has a few of the cores of a large server is told of all of its cache, which the others fill too: where 260 MB were
    /// said, a lookup that touched 50 MB took half as long past the caches, and one that touched 25 MB six tenths.
    const OF_MORE: usize = 24 << 20;
    static HELD: OnceLock<usize> = OnceLock::new();
    *HELD.get_or_init(|| largest_cache().filter(|bytes| *bytes <= BELIEVED).unwrap_or(OF_MORE) / size_of::<f32>())
}

/// The bytes of the largest cache: what Intel's processors say of each of theirs, or AMD's in a place of their own.
fn largest_cache() -> Option<usize> {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{__cpuid, __cpuid_count, CpuidResult};
        let size = |CpuidResult { ebx, ecx, .. }: CpuidResult| {
            let factors = [ebx >> 22, ebx >> 12 & 0x3ff, ebx & 0xfff, ecx]; // ways, partitions, a line, sets
            factors.into_iter().map(|factor| factor as usize + 1).product::<usize>()
        };
        let said = |first, place| {
            let is_there = __cpuid(first).eax >= place;
            let caches = (0..if is_there { 8 } else { 0 }).map(move |nth| __cpuid_count(place, nth));
            caches.take_while(|cache| cache.eax & 0x1f != 0).map(size).max()
        };
        said(0, 4).or_else(|| said(0x8000_0000, 0x8000_001d))
    }
    #[cfg(not(target_arch = "x86_64"))]
    None
}

/// What a task writes past the caches, where it would not stay until it is read, so that no line is fetched from memory only to
/// be overwritten. When it is dropped, all is in its place before anything that this thread does later.
pub struct NonTemporal {
    is_used: bool,
}

impl NonTemporal {
    /// For a part of a work that reads and writes so many numbers: where the caches hold them all, what is written stays there.
    pub fn among(numbers: usize) -> Self {
        Self { is_used: cfg!(target_arch = "x86_64") && numbers > cache_elements() }
    }

    /// Writes the `line` of numbers that begins at each place of `room`. Says whether it did: it pays where there is
    /// more than is [`held`], and is for whole lines that begin with a register of four.
    #[inline(always)]
    pub fn write(&self, room: &mut [MaybeUninit<f32>], line: impl Fn(usize) -> [f32; CACHE_LINE]) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            if !self.is_used || !room.len().is_multiple_of(CACHE_LINE) {
                return false;
            }
            let begins_with = |bytes: usize| room.as_ptr().addr().is_multiple_of(bytes);
            // SAFETY: the room is whole lines, aligned to the registers, which the processor has: of four every one does.
            unsafe {
                if begins_with(64) && is_x86_feature_detected!("avx512f") {
                    past_the_caches::by_sixteen(room, line);
                } else if begins_with(32) && is_x86_feature_detected!("avx") {
                    past_the_caches::by_eight(room, line);
                } else if begins_with(16) {
                    past_the_caches::by_four(room, line);
                } else {
                    return false;
                }
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (room, line);
        self.is_used
    }
}

/// Writes of whole registers, by the widest that there are: 8,192 rows of 768 numbers took 1.7 ms by four, 1.55 by eight, and 1.3 by
/// sixteen, which are a line, on a Xeon of model 207.
#[cfg(target_arch = "x86_64")]
mod past_the_caches {
    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    use super::CACHE_LINE;

    macro_rules! by {
        ($name:ident, $feature:literal, $numbers:literal, $load:ident, $write:ident) => {
            /// # Safety
            ///
            /// `room` is whole lines, aligned to registers of so many numbers, which the processor has.
            #[target_feature(enable = $feature)]
            pub unsafe fn $name(room: &mut [MaybeUninit<f32>], line: impl Fn(usize) -> [f32; CACHE_LINE]) {
                for start in (0..room.len()).step_by(CACHE_LINE) {
                    let line = line(start);
                    for at in (0..CACHE_LINE).step_by($numbers) {
                        // SAFETY: there is a line of room, aligned as the first is.
                        unsafe { $write(room.as_mut_ptr().add(start + at).cast(), $load(line.as_ptr().add(at))) };
                    }
                }
            }
        };
    }

    by!(by_sixteen, "avx512f", 16, _mm512_loadu_ps, _mm512_stream_ps);
    by!(by_eight, "avx", 8, _mm256_loadu_ps, _mm256_stream_ps);
    by!(by_four, "sse", 4, _mm_loadu_ps, _mm_stream_ps);
}

impl Drop for NonTemporal {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if self.is_used {
            // SAFETY: every processor of this kind has it.
            unsafe { std::arch::x86_64::_mm_sfence() }
        }
    }
}

/// The line that begins at a place of `numbers`.
#[inline(always)]
pub fn cache_line(numbers: &[f32], at: usize) -> [f32; CACHE_LINE] {
    numbers[at..at + CACHE_LINE].try_into().expect("a slice of as many")
}

/// Has so many numbers from `start` on, which will be needed soon, fetched into the cache meanwhile: the processor foresees what
/// lies one after another, and not which row comes next.
#[inline(always)]
pub fn prefetch(start: *const f32, numbers: usize) {
    (0..numbers).step_by(CACHE_LINE).for_each(|number| prefetch_line(start.wrapping_add(number), Cache::Nearest));
}

/// Which cache something is fetched into.
#[derive(Clone, Copy)]
pub(super) enum Cache {
    Nearest,
    /// The one behind it, which has more room.
    Next,
}

/// Has the line at `place`, wherever that is, fetched meanwhile.
#[inline(always)]
pub(super) fn prefetch_line(place: *const f32, into: Cache) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _MM_HINT_T1, _mm_prefetch};
        // SAFETY: to fetch changes nothing that can be seen, whatever the address.
        unsafe {
            match into {
                Cache::Nearest => _mm_prefetch::<_MM_HINT_T0>(place.cast()),
                Cache::Next => _mm_prefetch::<_MM_HINT_T1>(place.cast()),
            }
        };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (place, into);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_past_the_caches_is_there_and_what_is_not_is_left() {
        let mut room = [MaybeUninit::new(-1.0); 20 * CACHE_LINE];
        let start = room.as_ptr().align_offset(size_of::<[f32; CACHE_LINE]>()) % CACHE_LINE;
        let numbers: Vec<f32> = (0..20 * CACHE_LINE).map(|i| i as f32).collect();
        let stream = NonTemporal { is_used: true };
        // From registers of sixteen on, of eight, of four, and of none; and what is no whole line.
        for (first, length, is_for_it) in [
            (start, 18 * CACHE_LINE, true),
            (start + 8, 3 * CACHE_LINE, true),
            (start + 4, 3 * CACHE_LINE, true),
            (start + 1, 2 * CACHE_LINE, false),
            (start, CACHE_LINE + 4, false),
        ] {
            let room = &mut room[first..first + length];
            room.fill(MaybeUninit::new(-1.0));
            let is_written = stream.write(room, |at| cache_line(&numbers, at));
            // SAFETY: all of it was written at the start.
            let found = unsafe { room.assume_init_ref() };
            match is_written {
                true => assert_eq!(found, &numbers[..length]),
                false => assert!(found.iter().all(|x| *x == -1.0)),
            }
            assert_eq!(is_written, is_for_it && cfg!(target_arch = "x86_64"), "{length} numbers from {first} on");
        }
    }

    #[test]
    fn caches_hold_more_than_a_page_and_less_than_a_gigabyte_of_numbers() {
        assert!((1 << 10..1 << 30).contains(&cache_elements()), "{} numbers", cache_elements());
    }
}
