//! The innermost part of a product: a tile of the result stays in registers while the depth goes by.
//!
//! Of `b`, two registers of columns lie behind each other for every step of the depth, packed so before; of `a`, one number of
//! each row is spread over a register from where it lies. A step of a tile of R rows is `2 R` fused multiply-adds to `R + 2`
//! loads, so that the arithmetic is the limit. Where the result ends with no more columns than one register has, the second is left
//! out. Every number of the result is summed in the order of the depth, whatever the tile.

use std::ops::Range;

use pulp::{MemMask, NullaryFnOnce, Simd};

use super::stores::{CACHE_LINE, Cache, prefetch_line};

/// How many registers wide a tile is.
pub(super) const NR_VECTORS: usize = 2;

/// How many rows the highest tile has that any processor has registers for.
pub const MR: usize = 12;

/// How many columns a tile has.
pub(super) const fn nr<S: Simd>() -> usize {
    NR_VECTORS * S::F32_LANES
}

/// What a product is added to.
#[derive(Clone, Copy)]
pub enum Accumulate<'a> {
    /// Nothing: it is written.
    Overwrite,
    /// What is there.
    Add,
    /// A row, the same for every row of the result.
    Row(&'a [f32]),
}

impl Accumulate<'_> {
    /// For some columns of the result.
    pub fn columns(self, columns: Range<usize>) -> Self {
        match self {
            Self::Row(row) => Self::Row(&row[columns]),
            other => other,
        }
    }
}

/// Some rows of the result, as wide as a tile or, at the right end, less, for a piece of the depth.
#[derive(Clone, Copy)]
pub(super) struct Strip<'a> {
    pub out: *mut f32,
    pub out_row_stride: usize,
    pub rows: usize,
    pub columns: usize,
    pub onto: Accumulate<'a>,
    pub factor: f32,
    pub a: *const f32,
    pub a_row_stride: usize,
    pub a_column_stride: usize,
    /// As many columns as a tile has, for each step of the depth.
    pub b: &'a [f32],
    /// What is multiplied next, and lies in rows as `a` does: how many lines of each row are fetched meanwhile, and the first of those
    /// of the first row.
    pub next: *const f32,
    pub next_lines: usize,
}

impl Strip<'_> {
    /// Adds up the strip, tile by tile, the largest first that there are registers for.
    ///
    /// # Safety
    ///
    /// `out` and `a` point to the first of so many rows, and nobody else touches those of `out` meanwhile.
    #[inline(always)]
    pub unsafe fn run<S: Simd>(mut self, simd: S) {
        while self.rows > 0 {
            match self.rows {
                MR.. if S::REGISTER_COUNT >= 32 => self.take::<S, MR>(simd),
                8.. if S::REGISTER_COUNT >= 32 => self.take::<S, 8>(simd),
                // Not 6 and 2 of 8: two rows have too few sums side by side to hide the time that an addition takes.
                6..8 | 9.. => self.take::<S, 6>(simd),
                4.. => self.take::<S, 4>(simd),
                2.. => self.take::<S, 2>(simd),
                _ => self.take::<S, 1>(simd),
            }
        }
    }

    /// Adds up its first R rows and goes on to the next; to be called in [`Self::run`].
    #[inline(always)]
    fn take<S: Simd, const R: usize>(&mut self, simd: S) {
        // A function of its own for each R and W, whose registers the compiler then finds.
        match self.columns <= S::F32_LANES {
            true => simd.vectorize(Tile::<S, R, 1> { simd, strip: *self }),
            false => simd.vectorize(Tile::<S, R, NR_VECTORS> { simd, strip: *self }),
        }
        self.rows -= R;
        self.out = self.out.wrapping_add(R * self.out_row_stride);
        self.a = self.a.wrapping_add(R * self.a_row_stride);
        self.next = self.next.wrapping_add(R * self.a_row_stride);
    }
}

/// The first R rows of a strip, in W registers each.
struct Tile<'a, S, const R: usize, const W: usize> {
    simd: S,
    strip: Strip<'a>,
}

impl<S: Simd, const R: usize, const W: usize> NullaryFnOnce for Tile<'_, S, R, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        // What lies one after another has distances that the compiler knows.
        let sums = match (self.strip.a_row_stride, self.strip.a_column_stride) {
            (1, columns) => self.sums::<R>([1, columns]),
            (rows, _) => self.sums::<REACH>([rows, 1]),
        };
        let (simd, factor) = (self.simd, self.simd.splat_f32s(self.strip.factor));
        if self.strip.columns < W * S::F32_LANES {
            return self.write_edge(sums);
        }
        match self.strip.onto {
            Accumulate::Overwrite => self.write(
                sums,
                #[inline(always)]
                |sum, _, _| simd.mul_f32s(sum, factor),
            ),
            Accumulate::Add => self.write(
                sums,
                #[inline(always)]
                |sum, out, _| {
                    // SAFETY: it is where the sum will be written.
                    simd.mul_add_e_f32s(sum, factor, unsafe { *out })
                },
            ),
            Accumulate::Row(row) => {
                let (row, _) = S::as_simd_f32s(row);
                self.write(
                    sums,
                    #[inline(always)]
                    |sum, _, nth| simd.mul_add_e_f32s(sum, factor, row[nth]),
                );
            }
        }
    }
}

/// How many steps of the depth a loop makes before it counts on: to count takes from what the processor begins in a cycle, which
/// is the limit where somebody else's thread has half of them.
const STEPS: usize = 4;
/// How many rows of `a` are read from one address: once and twice a distance are added to it at no cost.
const REACH: usize = 3;
/// How many addresses that makes of the highest tile.
const ADDRESSES: usize = MR.div_ceil(REACH);

/// `for $nth in 0..$count`, written out, for as many as the highest tile has rows. Whether to do so the compiler decides by a loop's
/// size, and where it does not, all sums lie in memory, and a product takes twice as long.
macro_rules! unrolled {
    ($nth:ident in 0..$count:expr, $body:block) => {
        unrolled!(@ $nth, $count, $body, 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    (@ $nth:ident, $count:expr, $body:block, $($number:literal)*) => {
        const { assert!($count <= [$($number),*].len()) };
        $(if $number < $count {
            let $nth: usize = $number;
            $body
        })*
    };
}

// Loops count by hand: what iterators do is not always inlined, and then not compiled for these registers.
impl<S: Simd, const R: usize, const W: usize> Tile<'_, S, R, W> {
    #[inline(always)]
    fn sums<const REACH: usize>(&self, strides: [usize; 2]) -> [[S::f32s; W]; R] {
        let simd = self.simd;
        let mut sums = [[simd.splat_f32s(0.0); W]; R];
        let (b, rest) = S::as_simd_f32s(self.strip.b);
        debug_assert!(rest.is_empty() && b.len() % NR_VECTORS == 0, "whole registers");
        let (depth, mut b) = (b.len() / NR_VECTORS, b.as_ptr());
        let mut a = [self.strip.a; ADDRESSES];
        for nth in 0..R.div_ceil(REACH) {
            a[nth] = a[nth].wrapping_add(nth * REACH * strides[0]);
        }
        let (mut out, mut next) = (self.strip.out, self.strip.next);
        let mut rounds = depth / STEPS;
        let for_each_row = (rounds / R).max(1);
        for row in 0..=R {
            let mut now = rounds;
            if row < R {
                self.prefetch(out, next);
                out = out.wrapping_add(self.strip.out_row_stride);
                next = next.wrapping_add(self.strip.a_row_stride);
                now = now.min(for_each_row);
            }
            rounds -= now;
            // Step by step: of several steps the compiler would read all of `a` first, and has no registers for that.
            for _ in 0..now {
                unrolled!(step in 0..STEPS, {
                    // SAFETY: the strip is as deep.
                    unsafe { add::<S, R, W, REACH>(simd, &mut sums, &mut a, strides, b.wrapping_add(step * NR_VECTORS)) }
                });
                keep(&mut a[..R.div_ceil(REACH)]);
                b = b.wrapping_add(STEPS * NR_VECTORS);
            }
        }
        for _ in 0..depth % STEPS {
            // SAFETY: so many steps are left.
            unsafe { add::<S, R, W, REACH>(simd, &mut sums, &mut a, strides, b) }
            b = b.wrapping_add(NR_VECTORS);
        }
        sums
    }

    /// Has the place that a row of sums goes to come near until they are done, and what is multiplied after this into the next cache.
    /// Row by row: of all at once the processor waits for the first before it takes more.
    #[inline(always)]
    fn prefetch(&self, out: *const f32, mut next: *const f32) {
        prefetch_line(out, Cache::Nearest);
        prefetch_line(out.wrapping_add(W * S::F32_LANES - 1), Cache::Nearest);
        for _ in 0..self.strip.next_lines {
            prefetch_line(next, Cache::Next);
            next = next.wrapping_add(CACHE_LINE);
            // There is seldom more than one: the compiler would count them eight at a time.
            in_order();
        }
    }

    /// Writes what `number` makes of each sum, of the place it goes to, and of which register of the row it is.
    #[inline(always)]
    fn write(&self, sums: [[S::f32s; W]; R], number: impl Fn(S::f32s, *const S::f32s, usize) -> S::f32s) {
        unrolled!(row in 0..R, {
            let out = self.strip.out.wrapping_add(row * self.strip.out_row_stride).cast::<S::f32s>();
            for nth in 0..W {
                let out = out.wrapping_add(nth);
                // SAFETY: these columns of the row are there, and nobody else's.
                unsafe { *out = number(sums[row][nth], out, nth) };
            }
        });
    }

    /// Writes the columns that are there, under a mask. Inlined even so rarely used: a call would be given the sums in memory, and
    /// every tile would write them there in case.
    #[inline(always)]
    fn write_edge(&self, sums: [[S::f32s; W]; R]) {
        let Self { simd, ref strip } = *self;
        let factor = simd.splat_f32s(strip.factor);
        for nth in 0..W {
            let start = nth * S::F32_LANES;
            let columns = strip.columns.saturating_sub(start).min(S::F32_LANES);
            let mask = MemMask::new(simd.mask_between_m32s(0, columns as u32).mask());
            unrolled!(row in 0..R, {
                let (sum, out) = (sums[row][nth], strip.out.wrapping_add(row * strip.out_row_stride + start));
                // SAFETY: these columns of the row are there, and nobody else's; they are read where they were written.
                unsafe {
                    let number = match strip.onto {
                        Accumulate::Overwrite => simd.mul_f32s(sum, factor),
                        Accumulate::Add => simd.mul_add_e_f32s(sum, factor, simd.mask_load_ptr_f32s(mask, out)),
                        Accumulate::Row(row) => {
                            let row = row.as_ptr().wrapping_add(start);
                            simd.mul_add_e_f32s(sum, factor, simd.mask_load_ptr_f32s(mask, row))
                        }
                    };
                    simd.mask_store_ptr_f32s(mask, out, number);
                }
            });
        }
    }
}

/// Adds the products of one step of the depth, and goes on to the next of `a`, whose rows and columns are `strides` apart.
///
/// # Safety
///
/// `a` points to every REACHth of R numbers, so far apart, and `b` to the columns of a tile.
#[inline(always)]
unsafe fn add<S: Simd, const R: usize, const W: usize, const REACH: usize>(
    simd: S,
    sums: &mut [[S::f32s; W]; R],
    a: &mut [*const f32; ADDRESSES],
    [row_stride, column_stride]: [usize; 2],
    b: *const S::f32s,
) {
    unrolled!(row in 0..R, {
        // SAFETY: the caller sees to it.
        unsafe {
            let a = simd.splat_f32s(*a[row / REACH].wrapping_add(row % REACH * row_stride));
            for nth in 0..W {
                sums[row][nth] = simd.mul_add_e_f32s(a, *b.wrapping_add(nth), sums[row][nth]);
            }
        }
    });
    in_order();
    for nth in 0..R.div_ceil(REACH) {
        a[nth] = a[nth].wrapping_add(column_stride);
    }
}

/// Nothing that comes after is read before.
#[inline(always)]
pub(super) fn in_order() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: it has no instruction.
    unsafe {
        std::arch::asm!("", options(nostack, preserves_flags))
    };
}

/// Addresses that the compiler does not make anew from others.
#[inline(always)]
fn keep(addresses: &mut [*const f32]) {
    for nth in 0..addresses.len() {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: it has no instruction.
        unsafe {
            std::arch::asm!("/* {0} */", inout(reg) addresses[nth], options(nostack, preserves_flags))
        };
    }
}
