//! Sums: of a whole tensor, of its rows, and of the threads of a workgroup; always in the same order.
//!
//! 4 bytes an element; the limit is the memory.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::queue::{Queued, one, queue};
use super::{empty, grid, width};

/// Threads of a workgroup that cooperate.
pub(crate) const UNITS: u32 = 256;
/// The same where a workgroup has little work.
pub(crate) const FEW_UNITS: u32 = 64;

/// Workgroups that keep the largest GPU busy.
const ENOUGH_CUBES: usize = 1024;
/// Elements that a thread sums at least, if there are so many.
const MIN_ELEMENTS: usize = 16;

/// The sum, `[1]`, of the elements of `x`, or of their squares. Each workgroup sums a share, and one sums the shares.
pub(crate) fn sum(x: Queued, squared: bool) -> Queued {
    one(queue("sum", [x], [[1].into()], move |[x]| {
        let count = x.meta.num_elements();
        let shares = empty(&x, [count.div_ceil(MIN_ELEMENTS * UNITS as usize).clamp(1, ENOUGH_CUBES)]);
        launch(&x, &shares, squared);
        if shares.meta.num_elements() == 1 {
            return [shares];
        }
        let out = empty(&x, [1]);
        launch(&shares, &out, false);
        [out]
    }))
}

/// Writes a sum for each workgroup, one for each element of `sums`.
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

/// The sum of the rows of `x`, `[N, C]`: `[C]`. First chunks of rows are summed, then their sums.
pub(crate) fn sum_of_rows(x: &CubeTensor) -> CubeTensor {
    /// Rows of a chunk, if there are so many.
    const ROWS: usize = 64;
    let [rows, columns] = x.meta.shape().dims();
    let (chunks, out) = (rows.div_ceil(ROWS), empty(x, [columns]));
    if chunks < 2 {
        sum_parts(x, &out, rows, columns);
    } else {
        let sums = empty(x, [chunks, columns]);
        sum_parts(x, &sums, ROWS, columns);
        sum_parts(&sums, &out, chunks, columns);
    }
    out
}

/// Sums parts of `length` elements: the first `length` elements of `out` become the sum of the first `parts` parts of `x`, the next
/// that of the next, and so on; zero where `x` has ended.
pub(crate) fn sum_parts(x: &CubeTensor, out: &CubeTensor, parts: usize, length: usize) {
    let count = out.meta.num_elements();
    let width = width(length).min(width(count));
    let (cubes, cube) = grid(&out.client, count / width);
    let (x, to) = (x.clone().into_buffer_arg(), out.clone().into_buffer_arg());
    sum_parts_kernel::launch(&out.client, cubes, cube, width, x, to, parts, length / width);
}

/// A thread for each vector of `out`.
#[cube(launch)]
fn sum_parts_kernel<W: Size>(x: &[Vector<f32, W>], out: &mut [Vector<f32, W>], parts: usize, length: usize) {
    if ABSOLUTE_POS >= out.len() {
        terminate!();
    }
    let first = ABSOLUTE_POS / length * parts * length + ABSOLUTE_POS % length;
    let end = min(first + parts * length, x.len());
    let mut sum = Vector::<f32, W>::new(0.0);
    let mut at = first;
    // Four loads at a time hide each other's latency.
    while at + 3 * length < end {
        sum += (x[at] + x[at + length]) + (x[at + 2 * length] + x[at + 3 * length]);
        at += 4 * length;
    }
    while at < end {
        sum += x[at];
        at += length;
    }
    out[ABSOLUTE_POS] = sum;
}

/// The sum over the threads of a workgroup, all of which must call it.
#[cube]
pub(crate) fn sum_of_cube(element: f32) -> f32 {
    reduce_cube(element, false)
}

/// The maximum over the threads of a workgroup, all of which must call it.
#[cube]
pub(crate) fn max_of_cube(element: f32) -> f32 {
    reduce_cube(element, true)
}

/// A tree: half of the threads combine their element with one of the other half's, then half of these, until one has all.
#[cube]
fn reduce_cube(element: f32, #[comptime] is_max: bool) -> f32 {
    let mut elements = Shared::<[f32]>::new_slice(UNITS as usize);
    let unit = UNIT_POS as usize;
    elements[unit] = element;
    sync_cube();
    let mut half = CUBE_DIM;
    while half > 1 {
        half /= 2;
        if UNIT_POS < half {
            let (mine, other) = (elements[unit], elements[unit + half as usize]);
            if is_max {
                elements[unit] = max(mine, other);
            } else {
                elements[unit] = mine + other;
            }
        }
        sync_cube();
    }
    elements[0]
}
