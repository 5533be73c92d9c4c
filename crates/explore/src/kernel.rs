//! Cosines of rows with directions, as fast as memory gives the rows.
//!
//! A row is read where it lies, aligned or not, by registers as wide as the processor has (pulp chooses when the program
//! runs). One direction is multiplied along the row. Many share what is read: six rows at a time are held against up to
//! four registers of directions, so that every number from memory is used for all of them. A row's length is found on the
//! way, which costs nothing beside the memory.
//!
//! The innermost loops count by hand: what is not inlined, as iterators here often are not, is not compiled for the wider
//! registers.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};
use wordspace_data::WordVectors;

use crate::candidates::Candidates;
use crate::direction::{Direction, exact_cosine};
use crate::pass::NotFinite;

/// How many directions share a pass.
pub const MOST_DIRECTIONS: usize = 64;
/// How many rows are held against the directions at once; with four registers of directions, as many sums as fit.
const ROWS: usize = 6;
/// How many bytes of rows are held at once: they are read as fast as memory gives them, then stay near.
const HELD_BYTES: usize = 128 << 10;
/// How many numbers of each direction are used for all held rows before the next: as many as stay nearest to the processor.
const DEPTH: usize = 64;
/// Numbers in the widest register.
const WIDEST: usize = 16;
/// Where sums of squares are right as 32-bit numbers; rows shorter or longer than that are multiplied exactly.
const SAFE: Range<f32> = 1e-30..1e30;

/// Directions as the kernels want them.
pub struct Panel<'a> {
    directions: &'a [Direction],
    /// What is subtracted from every row, with zeros behind it.
    centre: Vec<f32>,
    /// One direction: its numbers with zeros behind. Many: `[C, width]`, a number of each direction after another.
    numbers: Vec<f32>,
    width: usize,
}

impl<'a> Panel<'a> {
    /// Makes up to [`MOST_DIRECTIONS`] directions of C numbers ready, to be seen from `centre`.
    pub fn new(directions: &'a [Direction], centre: &[f32]) -> Self {
        let padded = |numbers: &mut dyn Iterator<Item = f32>| {
            let mut all: Vec<f32> = numbers.collect();
            all.resize(all.len().next_multiple_of(WIDEST), 0.0);
            all
        };
        let width = if directions.len() == 1 { 1 } else { directions.len().next_power_of_two().max(WIDEST) };
        let numbers = match directions {
            [only] => padded(&mut only.numbers().iter().map(|&x| x as f32)),
            many => {
                let mut all = vec![0.0; centre.len() * width];
                for (nth, direction) in many.iter().enumerate() {
                    let column = all[nth..].iter_mut().step_by(width);
                    column.zip(direction.numbers()).for_each(|(to, &x)| *to = x as f32);
                }
                all
            }
        };
        Self { directions, centre: padded(&mut centre.iter().copied()), numbers, width }
    }

    /// Offers `rows` to the candidates of each direction, but for those that are not finite.
    pub fn look(
        &self,
        vectors: &WordVectors,
        rows: Range<u32>,
        candidates: &mut [Candidates],
        not_finite: &mut NotFinite,
    ) {
        match candidates {
            [only] => Arch::new().dispatch(One { panel: self, vectors, rows, candidates: only, not_finite }),
            many => Arch::new().dispatch(Many { panel: self, vectors, rows, candidates: many, not_finite }),
        }
    }

    /// For the few rows whose squares are too small or too large to be summed as 32-bit numbers, or no numbers.
    #[cold]
    fn look_exactly(&self, vectors: &WordVectors, row: u32, candidates: &mut [Candidates], not_finite: &mut NotFinite) {
        if not_finite.is(vectors, row) {
            return;
        }
        for (direction, candidates) in self.directions.iter().zip(candidates) {
            candidates.offer(row, exact_cosine(vectors, row, direction, &self.centre) as f32);
        }
    }
}

/// Rows against one direction.
struct One<'a> {
    panel: &'a Panel<'a>,
    vectors: &'a WordVectors,
    rows: Range<u32>,
    candidates: &'a mut Candidates,
    not_finite: &'a mut NotFinite,
}

impl WithSimd for One<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { panel, vectors, rows, candidates, not_finite } = self;
        let (direction, centre) = (S::as_simd_f32s(&panel.numbers).0, S::as_simd_f32s(&panel.centre).0);
        for row in rows {
            let (dot, squares) = dot_and_squares(simd, vectors.row_bytes(row), direction, centre);
            match SAFE.contains(&squares) {
                true => candidates.offer(row, dot / squares.sqrt()),
                false => panel.look_exactly(vectors, row, std::slice::from_mut(candidates), not_finite),
            }
        }
    }
}

/// The product of `row` less `centre` with `direction`, and with itself.
#[inline(always)]
fn dot_and_squares<S: Simd>(simd: S, row: &[u8], direction: &[S::f32s], centre: &[S::f32s]) -> (f32, f32) {
    let zero = simd.splat_f32s(0.0);
    // Two sums of each kind: an addition need not wait for the one before it.
    let (mut dot, mut more_dot, mut squares, mut more_squares) = (zero, zero, zero, zero);
    let whole = row.len() / size_of::<S::f32s>();
    let mut at = 0;
    while at + 2 <= whole {
        let x = simd.sub_f32s(register::<S>(row, at), centre[at]);
        let y = simd.sub_f32s(register::<S>(row, at + 1), centre[at + 1]);
        dot = simd.mul_add_e_f32s(x, direction[at], dot);
        more_dot = simd.mul_add_e_f32s(y, direction[at + 1], more_dot);
        squares = simd.mul_add_e_f32s(x, x, squares);
        more_squares = simd.mul_add_e_f32s(y, y, more_squares);
        at += 2;
    }
    while at < centre.len() && at * size_of::<S::f32s>() < row.len() {
        let x = if at < whole { register::<S>(row, at) } else { last_register(simd, row) };
        let x = simd.sub_f32s(x, centre[at]);
        dot = simd.mul_add_e_f32s(x, direction[at], dot);
        squares = simd.mul_add_e_f32s(x, x, squares);
        at += 1;
    }
    let (dot, squares) = (simd.add_f32s(dot, more_dot), simd.add_f32s(squares, more_squares));
    (simd.reduce_sum_f32s(dot), simd.reduce_sum_f32s(squares))
}

/// Rows against many directions.
struct Many<'a> {
    panel: &'a Panel<'a>,
    vectors: &'a WordVectors,
    rows: Range<u32>,
    candidates: &'a mut [Candidates],
    not_finite: &'a mut NotFinite,
}

impl WithSimd for Many<'_> {
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

impl Many<'_> {
    /// Goes through the rows with N registers of directions at a time.
    #[inline(always)]
    fn run<S: Simd, const N: usize>(self, simd: S) {
        let Self { panel, vectors, rows, candidates, not_finite } = self;
        let centre = S::as_simd_f32s(&panel.centre).0;
        let (stride, dimension) = (panel.centre.len(), vectors.dimension());
        let groups = (HELD_BYTES / (ROWS * stride * 4)).max(1);
        let mut held = vec![0.0; groups * ROWS * stride];
        let mut scales = vec![f32::NAN; groups * ROWS];
        let mut sums = vec![[[simd.splat_f32s(0.0); N]; ROWS]; groups];
        // A column without a direction asks for more than any cosine.
        let mut thresholds = vec![f32::INFINITY; panel.width];
        for (threshold, candidates) in thresholds.iter_mut().zip(&*candidates) {
            *threshold = candidates.threshold();
        }
        let mut first = rows.start;
        while first < rows.end {
            let count = ((rows.end - first) as usize).min(groups * ROWS);
            scales.fill(f32::NAN);
            for nth in 0..count {
                let row = first + nth as u32;
                let squares = hold(simd, vectors.row_bytes(row), centre, &mut held[nth * stride..][..stride]);
                match SAFE.contains(&squares) {
                    true => scales[nth] = 1.0 / squares.sqrt(),
                    false => panel.look_exactly(vectors, row, candidates, not_finite),
                }
            }
            let sums = &mut sums[..count.div_ceil(ROWS)];
            for column in (0..panel.width).step_by(N * S::F32_LANES) {
                sums.fill([[simd.splat_f32s(0.0); N]; ROWS]);
                for from in (0..dimension).step_by(DEPTH) {
                    let numbers = &panel.numbers[from * panel.width..(from + DEPTH).min(dimension) * panel.width];
                    for (group, sums) in sums.iter_mut().enumerate() {
                        let held = &held[group * ROWS * stride + from..];
                        *sums = tile::<S, N>(simd, *sums, held, stride, &numbers[column..], panel.width);
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

/// Copies `row` less `centre` to `to`, and says what its squares sum to.
#[inline(always)]
fn hold<S: Simd>(simd: S, row: &[u8], centre: &[S::f32s], to: &mut [f32]) -> f32 {
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

/// `sums`, and the products of six held rows with N registers of directions: of as many numbers as `numbers` has lines of
/// `width`.
#[inline(always)]
fn tile<S: Simd, const N: usize>(
    simd: S,
    mut sums: [[S::f32s; N]; ROWS],
    held: &[f32],
    stride: usize,
    numbers: &[f32],
    width: usize,
) -> [[S::f32s; N]; ROWS] {
    let depth = numbers.len().div_ceil(width);
    let mut rows = [held; ROWS];
    for nth in 0..ROWS {
        rows[nth] = &held[nth * stride..][..depth];
    }
    for at in 0..depth {
        let directions = S::as_simd_f32s(&numbers[at * width..][..N * S::F32_LANES]).0;
        for nth in 0..ROWS {
            let x = simd.splat_f32s(rows[nth][at]);
            for register in 0..N {
                sums[nth][register] = simd.mul_add_e_f32s(x, directions[register], sums[nth][register]);
            }
        }
    }
    sums
}

/// The cosines, if one of them reaches its bound.
#[inline(always)]
fn reaches<S: Simd, const N: usize>(simd: S, sums: &[S::f32s; N], scale: f32, bounds: &[f32]) -> Option<[S::f32s; N]> {
    let (scale, bounds) = (simd.splat_f32s(scale), S::as_simd_f32s(bounds).0);
    let mut cosines = *sums;
    let mut most = simd.splat_f32s(f32::NEG_INFINITY);
    for register in 0..N {
        cosines[register] = simd.mul_f32s(sums[register], scale);
        // A cosine that is no number leaves `most` as it is.
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

/// The register of numbers that begins with the `nth` register's width of `bytes`.
#[inline(always)]
fn register<S: Simd>(bytes: &[u8], nth: usize) -> S::f32s {
    bytemuck::pod_read_unaligned(&bytes[nth * size_of::<S::f32s>()..][..size_of::<S::f32s>()])
}

/// The same of the last numbers of `row`, which do not fill a register, with zeros behind them.
#[inline(always)]
fn last_register<S: Simd>(simd: S, row: &[u8]) -> S::f32s {
    let numbers = row.len() % size_of::<S::f32s>() / size_of::<f32>();
    let Some(from) = row.len().checked_sub(size_of::<S::f32s>()) else { return short_row::<S>(row) };
    // Read with those before them, which are then turned behind them and made zero: to copy number by number and to wait
    // for the copies would take a tenth of the time of a row of 300.
    let turned = simd.rotate_left_f32s(bytemuck::pod_read_unaligned(&row[from..]), S::F32_LANES - numbers);
    simd.select_f32s(simd.mask_between_m32s(0, numbers as u32).mask(), turned, simd.splat_f32s(0.0))
}

/// A row that does not fill one register, with zeros behind it.
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
