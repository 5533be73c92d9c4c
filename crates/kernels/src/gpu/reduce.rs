//! One number of many: the sum of a tensor, or of its squares, and what the units of a cube find together.
//!
//! To sum a tensor, each cube sums a share of it, and one cube sums the sums, always in the same order. 4 bytes a number; the
//! limit is the memory.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::queue::{Queued, one, queue};
use super::{empty, grid, width};

/// How many units a cube has whose units work together.
pub(crate) const UNITS: u32 = 256;
/// How many where there is little work in each cube.
pub(crate) const FEW_UNITS: u32 = 64;

/// How many cubes have a share: enough to keep the largest GPU busy.
const CUBES: usize = 1024;
/// How many numbers a unit has at least, if there are so many.
const NUMBERS: usize = 16;

/// The sum of the numbers of `x`, each times itself if `squared`: `[1]`.
pub(crate) fn sum(x: Queued, squared: bool) -> Queued {
    one(queue("sum", [x], [[1].into()], move |[x]| {
        let count = x.meta.num_elements();
        let shares = empty(&x, [count.div_ceil(NUMBERS * UNITS as usize).clamp(1, CUBES)]);
        launch(&x, &shares, squared);
        if shares.meta.num_elements() == 1 {
            return [shares];
        }
        let out = empty(&x, [1]);
        launch(&shares, &out, false);
        [out]
    }))
}

/// Writes one sum a cube.
fn launch(x: &CubeTensor, sums: &CubeTensor, squared: bool) {
    let cubes = CubeCount::new_1d(sums.meta.num_elements() as u32);
    let width = width(x.meta.num_elements());
    let (x, client) = (x.clone().into_buffer_arg(), &sums.client);
    sum_shares::launch(client, cubes, CubeDim::new_1d(UNITS), width, x, sums.clone().into_buffer_arg(), squared);
}

#[cube(launch)]
fn sum_shares<W: Size>(x: &[Vector<f32, W>], sums: &mut [f32], #[comptime] squared: bool) {
    let mut sum = Vector::<f32, W>::new(0.0);
    for at in range_stepped(ABSOLUTE_POS, x.len(), CUBE_COUNT * CUBE_DIM as usize) {
        let x = x[at];
        if squared {
            sum += x * x;
        } else {
            sum += x;
        }
    }
    let mut all = 0.0f32;
    #[unroll]
    for nth in 0..W::value() {
        all += sum.extract(nth);
    }
    let all = sum_of_cube(all);
    if UNIT_POS == 0 {
        sums[CUBE_POS] = all;
    }
}

/// The sums, `[C]`, of the columns of `x`, `[N, C]`: of some rows side by side, then of these.
pub(crate) fn sum_of_rows(x: &CubeTensor) -> CubeTensor {
    /// How many rows a unit sums, if there are so many.
    const ROWS: usize = 64;
    let [rows, columns] = x.meta.shape().dims();
    let (pieces, out) = (rows.div_ceil(ROWS), empty(x, [columns]));
    if pieces < 2 {
        sum_parts(x, &out, rows, columns);
    } else {
        let sums = empty(x, [pieces, columns]);
        sum_parts(x, &sums, ROWS, columns);
        sum_parts(&sums, &out, pieces, columns);
    }
    out
}

/// Writes to `used` numbers of `out` after the other the sum of the next so many `parts` of `x`, each of `used` numbers; where
/// `x` has no more, zero.
pub(crate) fn sum_parts(x: &CubeTensor, out: &CubeTensor, parts: usize, used: usize) {
    let count = out.meta.num_elements();
    let width = width(used).min(width(count));
    let (cubes, cube) = grid(&out.client, count / width);
    let (x, to) = (x.clone().into_buffer_arg(), out.clone().into_buffer_arg());
    sum_parts_kernel::launch(&out.client, cubes, cube, width, x, to, parts, used / width);
}

/// A unit for each vector of `out`.
#[cube(launch)]
fn sum_parts_kernel<W: Size>(x: &[Vector<f32, W>], out: &mut [Vector<f32, W>], parts: usize, used: usize) {
    if ABSOLUTE_POS >= out.len() {
        terminate!();
    }
    let first = ABSOLUTE_POS / used * parts * used + ABSOLUTE_POS % used;
    let end = min(first + parts * used, x.len());
    let mut sum = Vector::<f32, W>::new(0.0);
    let mut at = first;
    // Four are read at a time, so that they are waited for once.
    while at + 3 * used < end {
        sum += (x[at] + x[at + used]) + (x[at + 2 * used] + x[at + 3 * used]);
        at += 4 * used;
    }
    while at < end {
        sum += x[at];
        at += used;
    }
    out[ABSOLUTE_POS] = sum;
}

/// The sum of the numbers that the units of a cube have; all of them must ask for it.
#[cube]
pub(crate) fn sum_of_cube(number: f32) -> f32 {
    one_of_cube(number, false)
}

/// The largest of the numbers that the units of a cube have; all of them must ask for it.
#[cube]
pub(crate) fn largest_of_cube(number: f32) -> f32 {
    one_of_cube(number, true)
}

/// Half of the units join what the other half has to their own, then half of these, until one has all.
#[cube]
fn one_of_cube(number: f32, #[comptime] is_largest: bool) -> f32 {
    let mut numbers = Shared::<[f32]>::new_slice(UNITS as usize);
    let unit = UNIT_POS as usize;
    numbers[unit] = number;
    sync_cube();
    let mut half = CUBE_DIM;
    while half > 1 {
        half /= 2;
        if UNIT_POS < half {
            let (mine, other) = (numbers[unit], numbers[unit + half as usize]);
            if is_largest {
                numbers[unit] = max(mine, other);
            } else {
                numbers[unit] = mine + other;
            }
        }
        sync_cube();
    }
    numbers[0]
}
