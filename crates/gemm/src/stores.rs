//! Non-temporal stores: results too large for the caches are written straight to memory, so that no line is read only
//! to be overwritten.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use crate::cache::{CACHE_LINE, cache_elements};

/// The non-temporal stores of one task. Dropping it fences them: they are visible before anything that this thread
/// stores later, the end of its task included. So it stays on its thread, and must not be leaked.
pub struct NonTemporal {
    is_used: bool,
    /// Neither `Send` nor `Sync`: a fence orders the stores of the thread that makes it.
    of_this_thread: PhantomData<*const ()>,
}

impl NonTemporal {
    /// For a task of a work that reads and writes `elements` in total. If the caches hold them all, ordinary stores are
    /// better, and [`NonTemporal::write`] declines.
    pub fn among(elements: usize) -> Self {
        let is_used = cfg!(target_arch = "x86_64") && elements > cache_elements();
        Self { is_used, of_this_thread: PhantomData }
    }

    /// Writes `line(offset)` to every line of `out`, and returns true; or returns false without a write where ordinary
    /// stores are better, or where `out` is not a whole number of lines or not aligned to 16 bytes.
    #[inline(always)]
    pub fn write(&self, out: &mut [MaybeUninit<f32>], line: impl Fn(usize) -> [f32; CACHE_LINE]) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            if !self.is_used || !out.len().is_multiple_of(CACHE_LINE) {
                return false;
            }
            let is_aligned = |bytes: usize| out.as_ptr().addr().is_multiple_of(bytes);
            // SAFETY: `out` is whole lines, and each branch has just checked the alignment and the instructions (every
            // x86-64 CPU has SSE) that the function asks for.
            unsafe {
                if is_aligned(64) && is_x86_feature_detected!("avx512f") {
                    by_width::stream_512(out, line);
                } else if is_aligned(32) && is_x86_feature_detected!("avx") {
                    by_width::stream_256(out, line);
                } else if is_aligned(16) {
                    by_width::stream_128(out, line);
                } else {
                    return false;
                }
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = (out, line);
        self.is_used
    }
}

/// Streaming stores of each register width. The widest that fits is the fastest: 512 bits are a whole line.
#[cfg(target_arch = "x86_64")]
mod by_width {
    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    use super::CACHE_LINE;

    macro_rules! stream {
        ($name:ident, $feature:literal, $lanes:literal, $load:ident, $store:ident) => {
            /// # Safety
            ///
            /// `out` is whole lines, aligned to a register of so many lanes, and the CPU has the feature.
            #[target_feature(enable = $feature)]
            pub unsafe fn $name(out: &mut [MaybeUninit<f32>], line: impl Fn(usize) -> [f32; CACHE_LINE]) {
                for start in (0..out.len()).step_by(CACHE_LINE) {
                    let line = line(start);
                    for at in (0..CACHE_LINE).step_by($lanes) {
                        // SAFETY: `start + at + lanes <= out.len()`, as `out` is whole lines; the address is aligned,
                        // being a multiple of the register's width behind an aligned start; `line` has as many
                        // elements.
                        unsafe { $store(out.as_mut_ptr().add(start + at).cast(), $load(line.as_ptr().add(at))) };
                    }
                }
            }
        };
    }

    stream!(stream_512, "avx512f", 16, _mm512_loadu_ps, _mm512_stream_ps);
    stream!(stream_256, "avx", 8, _mm256_loadu_ps, _mm256_stream_ps);
    stream!(stream_128, "sse", 4, _mm_loadu_ps, _mm_stream_ps);
}

impl Drop for NonTemporal {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if self.is_used {
            // SAFETY: `sfence` is part of SSE, which every x86-64 CPU has.
            unsafe { std::arch::x86_64::_mm_sfence() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::cache_line;

    #[test]
    fn lines_are_streamed_whole_or_left_alone() {
        let mut buffer = [MaybeUninit::new(-1.0); 20 * CACHE_LINE];
        let start = buffer.as_ptr().align_offset(size_of::<[f32; CACHE_LINE]>()) % CACHE_LINE;
        let values: Vec<f32> = (0..20 * CACHE_LINE).map(|i| i as f32).collect();
        let stores = NonTemporal { is_used: true, of_this_thread: PhantomData };
        // Aligned to 64, 32, 16 and 4 bytes; then a length that is not whole lines.
        for (first, length, is_accepted) in [
            (start, 18 * CACHE_LINE, true),
            (start + 8, 3 * CACHE_LINE, true),
            (start + 4, 3 * CACHE_LINE, true),
            (start + 1, 2 * CACHE_LINE, false),
            (start, CACHE_LINE + 4, false),
        ] {
            let out = &mut buffer[first..first + length];
            out.fill(MaybeUninit::new(-1.0));
            let is_written = stores.write(out, |at| cache_line(&values, at));
            // SAFETY: `fill` initialised every element.
            let found = unsafe { out.assume_init_ref() };
            match is_written {
                true => assert_eq!(found, &values[..length]),
                false => assert!(found.iter().all(|x| *x == -1.0)),
            }
            assert_eq!(is_written, is_accepted && cfg!(target_arch = "x86_64"), "{length} elements from {first}");
        }
    }
}
