//! Cosines of rows with queries, at the speed at which memory delivers the rows.
//!
//! A row is read where it lies, aligned or not, in SIMD registers as wide as the CPU has (pulp chooses at run time). One
//! query is multiplied along the row. Many queries share the rows: a block of six rows is multiplied with up to four registers
//! of queries, so that every element read from memory is used for all of them. The norms of the rows are computed on the
//! way, which costs nothing beside the memory.
//!
//! The innermost loops are written with indices: iterators that are not inlined are not compiled for the wide registers.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::candidates::Candidates;
use crate::query::{Query, exact_cosine};
use crate::rows::{NotFinite, Rows};

/// Queries that share a pass.
pub const MOST_QUERIES: usize = 64;
/// Rows of a block; with four registers of queries, as many sums as there are registers for.
const ROWS: usize = 6;
/// Bytes of rows that are copied before they are multiplied: they stay in the L2 cache.
const BLOCK_BYTES: usize = 128 << 10;
/// Elements of each query that are used for all copied rows before the next: they stay in the L1 cache.
const DEPTH: usize = 64;
/// Elements of the widest register.
const WIDEST: usize = 16;
/// Where sums of squares are accurate in `f32`; rows that are shorter or longer are computed in `f64`.
const SAFE: Range<f32> = 1e-30..1e30;

/// Queries in the layout that the kernels read.
pub struct Panel<'a> {
    queries: &'a [&'a Query],
    /// Subtracted from every row, `[C]`, padded with zeros.
    centre: Vec<f32>,
    /// One query: `[C]`, padded with zeros. Many: `[C, width]`, an element of each query after another.
    packed: Vec<f32>,
    width: usize,
}

impl<'a> Panel<'a> {
    /// Packs up to [`MOST_QUERIES`] queries of C elements.
    pub fn new(queries: &'a [&'a Query], centre: &[f32]) -> Self {
        let padded = |elements: &mut dyn Iterator<Item = f32>| {
            let mut all: Vec<f32> = elements.collect();
            all.resize(all.len().next_multiple_of(WIDEST), 0.0);
            all
        };
        let width = if queries.len() == 1 { 1 } else { queries.len().next_power_of_two().max(WIDEST) };
        let packed = match queries {
            [only] => padded(&mut only.direction.iter().map(|&x| x as f32)),
            many => {
                let mut all = vec![0.0; centre.len() * width];
                for (nth, query) in many.iter().enumerate() {
                    let column = all[nth..].iter_mut().step_by(width);
                    column.zip(&query.direction).for_each(|(to, &x)| *to = x as f32);
                }
                all
            }
        };
        Self { queries, centre: padded(&mut centre.iter().copied()), packed, width }
    }

    /// Offers the rows of `range` to the candidates of each query, except those that are not finite.
    pub fn scan<R: Rows>(
        &self,
        rows: &R,
        range: Range<u32>,
        candidates: &mut [Candidates],
        not_finite: &mut NotFinite,
    ) {
        match candidates {
            [only] => Arch::new().dispatch(One { panel: self, rows, range, candidates: only, not_finite }),
            many => Arch::new().dispatch(Many { panel: self, rows, range, candidates: many, not_finite }),
        }
    }

    /// Sets `cosines` to those of as many rows from `first` on with the only query.
    pub fn cosines<R: Rows>(&self, rows: &R, first: u32, cosines: &mut [f32]) {
        Arch::new().dispatch(All { panel: self, rows, first, cosines });
    }

    /// For the few rows whose squares overflow or vanish in `f32`, or that are not finite.
    #[cold]
    fn scan_exactly<R: Rows>(&self, rows: &R, row: u32, candidates: &mut [Candidates], not_finite: &mut NotFinite) {
        if not_finite.note(rows, row) {
            return;
        }
        for (query, candidates) in self.queries.iter().zip(candidates) {
            candidates.offer(row, exact_cosine(rows, row, &query.direction, &self.centre) as f32);
        }
    }
}

/// A scan for one query.
struct One<'a, R> {
    panel: &'a Panel<'a>,
    rows: &'a R,
    range: Range<u32>,
    candidates: &'a mut Candidates,
    not_finite: &'a mut NotFinite,
}

impl<R: Rows> WithSimd for One<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { panel, rows, range, candidates, not_finite } = self;
        let (query, centre) = (S::as_simd_f32s(&panel.packed).0, S::as_simd_f32s(&panel.centre).0);
        for row in range {
            let (dot, squares) = dot_and_squares(simd, rows.row_bytes(row), query, centre);
            match SAFE.contains(&squares) {
                true => candidates.offer(row, dot / squares.sqrt()),
                false => panel.scan_exactly(rows, row, std::slice::from_mut(candidates), not_finite),
            }
        }
    }
}

/// The cosines of consecutive rows with one query.
struct All<'a, R> {
    panel: &'a Panel<'a>,
    rows: &'a R,
    first: u32,
    cosines: &'a mut [f32],
}

impl<R: Rows> WithSimd for All<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { panel, rows, first, cosines } = self;
        let (query, centre) = (S::as_simd_f32s(&panel.packed).0, S::as_simd_f32s(&panel.centre).0);
        for (row, cosine) in (first..).zip(cosines) {
            let (dot, squares) = dot_and_squares(simd, rows.row_bytes(row), query, centre);
            *cosine = match SAFE.contains(&squares) {
                true => dot / squares.sqrt(),
                false => exact_cosine(rows, row, &panel.queries[0].direction, &panel.centre) as f32,
            };
        }
    }
}

/// The dot products of `row` less `centre` with `query`, and with itself.
#[inline(always)]
fn dot_and_squares<S: Simd>(simd: S, row: &[u8], query: &[S::f32s], centre: &[S::f32s]) -> (f32, f32) {
    let zero = simd.splat_f32s(0.0);
    // Two sums of each kind: an addition need not wait for the one before it.
    let (mut dot, mut more_dot, mut squares, mut more_squares) = (zero, zero, zero, zero);
    let whole = row.len() / size_of::<S::f32s>();
    let mut at = 0;
    while at + 2 <= whole {
        let x = simd.sub_f32s(register::<S>(row, at), centre[at]);
        let y = simd.sub_f32s(register::<S>(row, at + 1), centre[at + 1]);
        dot = simd.mul_add_e_f32s(x, query[at], dot);
        more_dot = simd.mul_add_e_f32s(y, query[at + 1], more_dot);
        squares = simd.mul_add_e_f32s(x, x, squares);
        more_squares = simd.mul_add_e_f32s(y, y, more_squares);
        at += 2;
    }
    while at < centre.len() && at * size_of::<S::f32s>() < row.len() {
        let x = if at < whole { register::<S>(row, at) } else { last_register(simd, row) };
        let x = simd.sub_f32s(x, centre[at]);
        dot = simd.mul_add_e_f32s(x, query[at], dot);
        squares = simd.mul_add_e_f32s(x, x, squares);
        at += 1;
    }
    let (dot, squares) = (simd.add_f32s(dot, more_dot), simd.add_f32s(squares, more_squares));
    (simd.reduce_sum_f32s(dot), simd.reduce_sum_f32s(squares))
}

/// A scan for many queries.
struct Many<'a, R> {
    panel: &'a Panel<'a>,
    rows: &'a R,
    range: Range<u32>,
    candidates: &'a mut [Candidates],
    not_finite: &'a mut NotFinite,
}

impl<R: Rows> WithSimd for Many<'_, R> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.panel.width / S::F32_LANES {
            1 => self.run::<S, 1>(simd),
            2 | 3 => self.run::<S, 2>(simd),
            // Sixteen registers hold six rows of two sums, thirty-two hold six of four.
            _ if S::REGISTER_COUNT < 32 => self.run::<S, 2>(simd),
            _ => self.run::<S, 4>(simd),
        }
    }
}

impl<R: Rows> Many<'_, R> {
    /// Scans the rows with N registers of queries at a time. One function, because its parts share five buffers.
    #[inline(always)]
    fn run<S: Simd, const N: usize>(self, simd: S) {
        let Self { panel, rows, range, candidates, not_finite } = self;
        let centre = S::as_simd_f32s(&panel.centre).0;
        let (stride, dimension) = (panel.centre.len(), rows.dimension());
        let blocks = (BLOCK_BYTES / (ROWS * stride * 4)).max(1);
        let mut copies = vec![0.0; blocks * ROWS * stride];
        let mut scales = vec![f32::NAN; blocks * ROWS];
        let mut sums = vec![[[simd.splat_f32s(0.0); N]; ROWS]; blocks];
        // A column without a query asks for more than any cosine.
        let mut thresholds = vec![f32::INFINITY; panel.width];
        for (threshold, candidates) in thresholds.iter_mut().zip(&*candidates) {
            *threshold = candidates.threshold();
        }
        let mut first = range.start;
        while first < range.end {
            let count = ((range.end - first) as usize).min(blocks * ROWS);
            scales.fill(f32::NAN);
            for nth in 0..count {
                let row = first + nth as u32;
                let squares = copy_row(simd, rows.row_bytes(row), centre, &mut copies[nth * stride..][..stride]);
                match SAFE.contains(&squares) {
                    true => scales[nth] = 1.0 / squares.sqrt(),
                    false => panel.scan_exactly(rows, row, candidates, not_finite),
                }
            }
            let sums = &mut sums[..count.div_ceil(ROWS)];
            for column in (0..panel.width).step_by(N * S::F32_LANES) {
                sums.fill([[simd.splat_f32s(0.0); N]; ROWS]);
                for from in (0..dimension).step_by(DEPTH) {
                    let packed = &panel.packed[from * panel.width..(from + DEPTH).min(dimension) * panel.width];
                    for (block, sums) in sums.iter_mut().enumerate() {
                        let copies = &copies[block * ROWS * stride + from..];
                        *sums = multiply::<S, N>(simd, *sums, copies, stride, &packed[column..], panel.width);
                    }
                }
                for nth in 0..count {
                    let bounds = &mut thresholds[column..][..N * S::F32_LANES];
                    if let Some(cosines) = reaches::<S, N>(simd, &sums[nth / ROWS][nth % ROWS], scales[nth], bounds) {
                        let cosines: &[f32] = bytemuck::cast_slice(&cosines);
                        let behind = column.min(candidates.len());
                        offer(first + nth as u32, cosines, &mut candidates[behind..], bounds);
                    }
                }
            }
            first += count as u32;
        }
    }
}

/// Copies `row` less `centre` to `to` and returns the sum of its squares.
#[inline(always)]
fn copy_row<S: Simd>(simd: S, row: &[u8], centre: &[S::f32s], to: &mut [f32]) -> f32 {
    let to = S::as_mut_simd_f32s(to).0;
    let mut squares = simd.splat_f32s(0.0);
    let whole = row.len() / size_of::<S::f32s>();
    let mut at = 0;
    while at < centre.len() && at * size_of::<S::f32s>() < row.len() {
        let x = if at < whole { register::<S>(row, at) } else { last_register(simd, row) };
        let x = simd.sub_f32s(x, centre[at]);
        to[at] = x;
        squares = simd.mul_add_e_f32s(x, x, squares);
        at += 1;
    }
    simd.reduce_sum_f32s(squares)
}

/// `sums` plus the products of a block of rows, `[ROWS, stride]`, with N registers of queries: over as many elements as
/// `packed` has lines of `width`.
#[inline(always)]
fn multiply<S: Simd, const N: usize>(
    simd: S,
    mut sums: [[S::f32s; N]; ROWS],
    block: &[f32],
    stride: usize,
    packed: &[f32],
    width: usize,
) -> [[S::f32s; N]; ROWS] {
    let depth = packed.len().div_ceil(width);
    let mut rows = [block; ROWS];
    for nth in 0..ROWS {
        rows[nth] = &block[nth * stride..][..depth];
    }
    for at in 0..depth {
        let queries = S::as_simd_f32s(&packed[at * width..][..N * S::F32_LANES]).0;
        for nth in 0..ROWS {
            let x = simd.splat_f32s(rows[nth][at]);
            for register in 0..N {
                sums[nth][register] = simd.mul_add_e_f32s(x, queries[register], sums[nth][register]);
            }
        }
    }
    sums
}

/// The cosines of a row, if one of them reaches its bound.
#[inline(always)]
fn reaches<S: Simd, const N: usize>(simd: S, sums: &[S::f32s; N], scale: f32, bounds: &[f32]) -> Option<[S::f32s; N]> {
    let (scale, bounds) = (simd.splat_f32s(scale), S::as_simd_f32s(bounds).0);
    let mut cosines = *sums;
    let mut most = simd.splat_f32s(f32::NEG_INFINITY);
    for register in 0..N {
        cosines[register] = simd.mul_f32s(sums[register], scale);
        // A NaN leaves `most` as it is.
        most = simd.max_f32s(simd.sub_f32s(cosines[register], bounds[register]), most);
    }
    (simd.reduce_max_f32s(most) >= 0.0).then_some(cosines)
}

fn offer(row: u32, cosines: &[f32], candidates: &mut [Candidates], bounds: &mut [f32]) {
    for ((&cosine, candidates), bound) in cosines.iter().zip(candidates).zip(bounds) {
        if cosine >= *bound {
            candidates.offer(row, cosine);
            *bound = candidates.threshold();
        }
    }
}

/// Register `nth` of a row's bytes.
#[inline(always)]
fn register<S: Simd>(bytes: &[u8], nth: usize) -> S::f32s {
    bytemuck::pod_read_unaligned(&bytes[nth * size_of::<S::f32s>()..][..size_of::<S::f32s>()])
}

/// The last elements of `row`, which do not fill a register, padded with zeros.
#[inline(always)]
fn last_register<S: Simd>(simd: S, row: &[u8]) -> S::f32s {
    let count = row.len() % size_of::<S::f32s>() / size_of::<f32>();
    let Some(from) = row.len().checked_sub(size_of::<S::f32s>()) else { return short_row::<S>(row) };
    // Read together with the elements before them, which are then rotated behind them and set to zero: copying element by
    // element would stall the load of the register.
    let rotated = simd.rotate_left_f32s(bytemuck::pod_read_unaligned(&row[from..]), S::F32_LANES - count);
    simd.select_f32s(simd.mask_between_m32s(0, count as u32).mask(), rotated, simd.splat_f32s(0.0))
}

/// A row that does not fill one register, padded with zeros.
#[inline(always)]
fn short_row<S: Simd>(row: &[u8]) -> S::f32s {
    let mut all = [0.0_f32; WIDEST];
    let mut at = 0;
    while at < WIDEST && 4 * at < row.len() {
        all[at] = f32::from_ne_bytes([row[4 * at], row[4 * at + 1], row[4 * at + 2], row[4 * at + 3]]);
        at += 1;
    }
    register::<S>(bytemuck::bytes_of(&all), 0)
}
