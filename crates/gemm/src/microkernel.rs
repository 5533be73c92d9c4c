//! Loop 1 and the microkernel: an R × NR tile of C stays in registers for the KC steps of a K-slice.
//!
//! Each step is a rank-1 update: NR elements of a row of B, two registers of the packed micropanel, times R elements of
//! a column of A, each broadcast from where A lies. That is 2 R fused multiply-adds for R + 2 loads, so the FMA rate is
//! the limit. At the right edge of C, where one register holds all columns that are left, the second one is skipped.
//! Every element of C is summed over K in order, whatever the tile.

use std::ops::Range;

use pulp::{Arch, MemMask, NullaryFnOnce, Simd, WithSimd};

use crate::cache::{CACHE_LINE, Level, prefetch_line};
use crate::vectorize::compiler_barrier;

/// Registers in a row of the tile.
pub(crate) const NR_VECTORS: usize = 2;

/// Rows of the largest tile: MR with 32 registers. Smaller tiles serve CPUs with 16 registers, and the rows left at the
/// bottom.
pub const MR: usize = 12;

/// NR: columns of the tile.
pub(crate) const fn nr<S: Simd>() -> usize {
    NR_VECTORS * S::F32_LANES
}

/// How many registers there are. WebAssembly has as many as a function asks for, but most browsers run on CPUs with 16.
const fn registers<S: Simd>() -> usize {
    if cfg!(target_arch = "wasm32") { 16 } else { S::REGISTER_COUNT }
}

/// [`nr`] on this CPU.
pub(crate) fn native_nr() -> usize {
    struct Nr;

    impl WithSimd for Nr {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            nr::<S>()
        }
    }

    Arch::new().dispatch(Nr)
}

/// What a product is added to: β C in BLAS, where β is 0 or 1, or a bias.
#[derive(Clone, Copy)]
pub enum Accumulate<'a> {
    /// β = 0: C is written and never read.
    Overwrite,
    /// β = 1: the product is added to C.
    Add,
    /// Every row of C is this row plus the product: a bias.
    Row(&'a [f32]),
}

impl Accumulate<'_> {
    /// The same for a range of columns of C.
    pub fn columns(self, columns: Range<usize>) -> Self {
        match self {
            Self::Row(row) => Self::Row(&row[columns]),
            other => other,
        }
    }
}

/// Loop 1: rows of A times one micropanel of B, for one K-slice.
#[derive(Clone, Copy)]
pub(crate) struct MicropanelProduct<'a> {
    pub c: *mut f32,
    pub c_row_stride: usize,
    pub rows: usize,
    /// At most NR; less at the right edge of C.
    pub columns: usize,
    pub accumulate: Accumulate<'a>,
    pub alpha: f32,
    pub a: *const f32,
    pub a_row_stride: usize,
    pub a_column_stride: usize,
    /// The micropanel: `[depth, NR]`.
    pub b: &'a [f32],
    /// The rows of A that are needed next, laid out as `a`: where to prefetch from, and how many lines of each row.
    pub next_a: *const f32,
    pub next_a_lines: usize,
}

impl MicropanelProduct<'_> {
    /// Computes all rows, in the largest tiles that the registers hold.
    ///
    /// # Safety
    ///
    /// - `c` points to `rows` × `columns` elements, rows `c_row_stride` apart, which nobody else accesses meanwhile,
    ///   and which are initialised if `accumulate` is [`Accumulate::Add`].
    /// - `a` points to `rows` × `b.len() / NR` elements at its strides, of which one is 1, which nobody writes
    ///   meanwhile.
    /// - `columns` is not more than NR; the row of [`Accumulate::Row`] has `columns` elements.
    #[inline(always)]
    pub unsafe fn run<S: Simd>(mut self, simd: S) {
        while self.rows > 0 {
            match self.rows {
                MR.. if registers::<S>() >= 32 => self.run_tile::<S, MR>(simd),
                8.. if registers::<S>() >= 32 => self.run_tile::<S, 8>(simd),
                // 8 rows are 4 + 4, not 6 + 2: two rows have too few accumulators to hide the latency of an FMA.
                6..8 | 9.. => self.run_tile::<S, 6>(simd),
                4.. => self.run_tile::<S, 4>(simd),
                2.. => self.run_tile::<S, 2>(simd),
                _ => self.run_tile::<S, 1>(simd),
            }
        }
    }

    /// Computes the first R rows and advances to the rest. Only [`Self::run`], whose contract it relies on, calls it.
    #[inline(always)]
    fn run_tile<S: Simd, const R: usize>(&mut self, simd: S) {
        // `vectorize` makes a function of each R and W, which the compiler allocates registers for on its own.
        match self.columns <= S::F32_LANES {
            true => simd.vectorize(Microkernel::<S, R, 1> { simd, panel: *self }),
            false => simd.vectorize(Microkernel::<S, R, NR_VECTORS> { simd, panel: *self }),
        }
        self.rows -= R;
        self.c = self.c.wrapping_add(R * self.c_row_stride);
        self.a = self.a.wrapping_add(R * self.a_row_stride);
        self.next_a = self.next_a.wrapping_add(R * self.a_row_stride);
    }
}

/// The first R rows of a product, W registers wide.
struct Microkernel<'a, S, const R: usize, const W: usize> {
    simd: S,
    panel: MicropanelProduct<'a>,
}

impl<S: Simd, const R: usize, const W: usize> NullaryFnOnce for Microkernel<'_, S, R, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        // Where a stride is 1 the compiler should know it.
        let tile = match (self.panel.a_row_stride, self.panel.a_column_stride) {
            (1, column_stride) => self.multiply::<R>([1, column_stride]),
            (row_stride, _) => self.multiply::<ROWS_PER_POINTER>([row_stride, 1]),
        };
        let (simd, alpha) = (self.simd, self.simd.splat_f32s(self.panel.alpha));
        if self.panel.columns < W * S::F32_LANES {
            return self.store_edge(tile);
        }
        match self.panel.accumulate {
            Accumulate::Overwrite => self.store(
                tile,
                #[inline(always)]
                |sum, _, _| simd.mul_f32s(sum, alpha),
            ),
            Accumulate::Add => self.store(
                tile,
                #[inline(always)]
                |sum, c, _| {
                    // SAFETY: `store` passes the address it will write, which is within C; `run` demands that C is
                    // initialised where it is added to.
                    simd.mul_add_e_f32s(sum, alpha, unsafe { *c })
                },
            ),
            Accumulate::Row(row) => {
                let (row, _) = S::as_simd_f32s(row);
                self.store(
                    tile,
                    #[inline(always)]
                    |sum, _, nth| simd.mul_add_e_f32s(sum, alpha, row[nth]),
                );
            }
        }
    }
}

/// Steps over K in one iteration of the loop: its counter takes issue slots, the limit where another hyperthread shares
/// the core.
const UNROLL: usize = 4;
/// Rows of A addressed from one pointer: x86 addresses base + {0, 1, 2} × stride at no cost, WebAssembly base + constant.
const ROWS_PER_POINTER: usize = if cfg!(target_arch = "wasm32") { 1 } else { 3 };
/// Pointers into A for the largest tile.
const POINTERS: usize = MR.div_ceil(ROWS_PER_POINTER);

/// `for $nth in 0..$count`, unrolled, for up to MR iterations. The compiler unrolls by a loop's size alone; where it
/// does not, the tile lies in memory instead of registers, which halves the speed.
macro_rules! unrolled {
    ($nth:ident in 0..$count:expr, $body:block) => {
        unrolled!(@ $nth, $count, $body, 0 1 2 3 4 5 6 7 8 9 10 11)
    };
    (@ $nth:ident, $count:expr, $body:block, $($index:literal)*) => {
        const { assert!($count <= [$($index),*].len()) };
        $(if $index < $count {
            let $nth: usize = $index;
            $body
        })*
    };
}

impl<S: Simd, const R: usize, const W: usize> Microkernel<'_, S, R, W> {
    /// The tile of A B: R × W registers, summed over the K-slice.
    #[inline(always)]
    fn multiply<const ROWS_PER_POINTER: usize>(&self, strides: [usize; 2]) -> [[S::f32s; W]; R] {
        let simd = self.simd;
        let mut tile = [[simd.splat_f32s(0.0); W]; R];
        let (b, rest) = S::as_simd_f32s(self.panel.b);
        debug_assert!(rest.is_empty() && b.len() % NR_VECTORS == 0, "a micropanel has whole rows of NR elements");
        let (depth, mut b) = (b.len() / NR_VECTORS, b.as_ptr());
        let mut a = [self.panel.a; POINTERS];
        for nth in 0..R.div_ceil(ROWS_PER_POINTER) {
            a[nth] = a[nth].wrapping_add(nth * ROWS_PER_POINTER * strides[0]);
        }
        let (mut c, mut next_a) = (self.panel.c, self.panel.next_a);
        let mut rounds = depth / UNROLL;
        let rounds_per_row = (rounds / R).max(1);
        // Prefetches are spread over the steps, one row's at a time: issued at once they would stall on the first.
        for row in 0..=R {
            let mut now = rounds;
            if row < R {
                self.prefetch(c, next_a);
                c = c.wrapping_add(self.panel.c_row_stride);
                next_a = next_a.wrapping_add(self.panel.a_row_stride);
                now = now.min(rounds_per_row);
            }
            rounds -= now;
            // Step by step: the compiler would load A for several steps first, and run out of registers.
            for _ in 0..now {
                unrolled!(step in 0..UNROLL, {
                    let b = b.wrapping_add(step * NR_VECTORS);
                    // SAFETY: the rounds and the remainder below make `depth` steps in total, the depth of `panel.a`
                    // (the contract of `MicropanelProduct::run`) and of `panel.b`; this is one of them, and both
                    // pointers are at its start.
                    unsafe { rank_1_update::<S, R, W, ROWS_PER_POINTER>(simd, &mut tile, &mut a, strides, b) }
                });
                keep_in_registers(&mut a[..R.div_ceil(ROWS_PER_POINTER)]);
                b = b.wrapping_add(UNROLL * NR_VECTORS);
            }
        }
        for _ in 0..depth % UNROLL {
            // SAFETY: `depth / UNROLL` rounds are done, so `depth % UNROLL` steps are left of `panel.a` and `panel.b`.
            unsafe { rank_1_update::<S, R, W, ROWS_PER_POINTER>(simd, &mut tile, &mut a, strides, b) }
            b = b.wrapping_add(NR_VECTORS);
        }
        tile
    }

    /// Prefetches a row of the tile of C into L1, and a share of the next rows of A into L2.
    #[inline(always)]
    fn prefetch(&self, c: *const f32, mut next_a: *const f32) {
        prefetch_line(c, Level::L1);
        prefetch_line(c.wrapping_add(W * S::F32_LANES - 1), Level::L1);
        for _ in 0..self.panel.next_a_lines {
            prefetch_line(next_a, Level::L2);
            next_a = next_a.wrapping_add(CACHE_LINE);
            // There is seldom more than one line; without it the compiler would unroll the loop by eight.
            compiler_barrier();
        }
    }

    /// Stores `value(sum, address in C, register's index in the row)` for each register of the tile.
    #[inline(always)]
    fn store(&self, tile: [[S::f32s; W]; R], value: impl Fn(S::f32s, *const S::f32s, usize) -> S::f32s) {
        unrolled!(row in 0..R, {
            let c = self.panel.c.wrapping_add(row * self.panel.c_row_stride).cast::<S::f32s>();
            for nth in 0..W {
                let c = c.wrapping_add(nth);
                // SAFETY: `call` checked that the tile is W registers wide; C has these R rows and columns, and nobody
                // else accesses them (the contract of `MicropanelProduct::run`). pulp's registers have the alignment of
                // their elements.
                unsafe { *c = value(tile[row][nth], c, nth) };
            }
        });
    }

    /// Stores a tile that is narrower than its registers, under a mask. Inlined although rare: a call would take the
    /// tile in memory, and every tile would be spilled for it.
    #[inline(always)]
    fn store_edge(&self, tile: [[S::f32s; W]; R]) {
        let Self { simd, ref panel } = *self;
        let alpha = simd.splat_f32s(panel.alpha);
        for nth in 0..W {
            let start = nth * S::F32_LANES;
            let columns = panel.columns.saturating_sub(start).min(S::F32_LANES);
            let mask = MemMask::new(simd.mask_between_m32s(0, columns as u32).mask());
            unrolled!(row in 0..R, {
                let (sum, c) = (tile[row][nth], panel.c.wrapping_add(row * panel.c_row_stride + start));
                // SAFETY: masked lanes are not accessed; the others are columns `start..panel.columns` of a row of C,
                // which exist and are ours, and are initialised where they are added to (the contract of
                // `MicropanelProduct::run`), or elements of the bias row, which has `panel.columns` of them.
                unsafe {
                    let value = match panel.accumulate {
                        Accumulate::Overwrite => simd.mul_f32s(sum, alpha),
                        Accumulate::Add => simd.mul_add_e_f32s(sum, alpha, simd.mask_load_ptr_f32s(mask, c)),
                        Accumulate::Row(row) => {
                            let row = row.as_ptr().wrapping_add(start);
                            simd.mul_add_e_f32s(sum, alpha, simd.mask_load_ptr_f32s(mask, row))
                        }
                    };
                    simd.mask_store_ptr_f32s(mask, c, value);
                }
            });
        }
    }
}

/// `tile += a b` for one step of K, and advances the pointers into A.
///
/// # Safety
///
/// - `a[i]` points to row `i * ROWS_PER_POINTER` of a column of A with R rows, `row_stride` apart.
/// - `b` points to W registers.
#[inline(always)]
unsafe fn rank_1_update<S: Simd, const R: usize, const W: usize, const ROWS_PER_POINTER: usize>(
    simd: S,
    tile: &mut [[S::f32s; W]; R],
    a: &mut [*const f32; POINTERS],
    [row_stride, column_stride]: [usize; 2],
    b: *const S::f32s,
) {
    unrolled!(row in 0..R, {
        // SAFETY: row `row` is `row % ROWS_PER_POINTER` strides behind its pointer and below R, so the contract above
        // has it within A; `nth < W` is within B.
        unsafe {
            let a = simd.splat_f32s(*a[row / ROWS_PER_POINTER].wrapping_add(row % ROWS_PER_POINTER * row_stride));
            for nth in 0..W {
                tile[row][nth] = simd.mul_add_e_f32s(a, *b.wrapping_add(nth), tile[row][nth]);
            }
        }
    });
    compiler_barrier();
    for nth in 0..R.div_ceil(ROWS_PER_POINTER) {
        a[nth] = a[nth].wrapping_add(column_stride);
    }
}

/// Hides from the compiler how the pointers relate, so that it keeps each in a register instead of recomputing it.
#[inline(always)]
fn keep_in_registers(pointers: &mut [*const f32]) {
    #[cfg(target_arch = "x86_64")]
    for nth in 0..pointers.len() {
        // SAFETY: the assembly is a comment: it returns the register as it was.
        unsafe { std::arch::asm!("/* {0} */", inout(reg) pointers[nth], options(nostack, preserves_flags)) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = pointers;
}
