//! Products of matrices on a GPU: `out = onto + scale · a · b`, in 32 bits.
//!
//! The units of a cube make a tile of 256 × 128 numbers, each of them 8 × 8 in its registers; where a GPU has fewer than 512
//! units in a cube, or less than 24 KiB that they share, of 128 × 128. Of both matrices, 16 steps of the depth at a time lie in
//! what they share, while each unit already has its part of the next 16 on the way. `2 M N K` operations; the limit is the
//! arithmetic: 16 numbers are read near for 64 multiply-adds.
//!
//! burn's own products try out some twenty kernels for each size, on an H100 for a minute before the first update of GPT-2
//! small, and compute at 8 to 30 TFLOP/s then; this one made those of a layer at 33 by WGSL and 35 by SPIR-V.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::client::Client;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::matrix::{Matrix, Place};
use super::{Four, empty, grid_of_cubes, sum_parts};

/// Rows of the largest tile.
pub(crate) const TILE: usize = 256;
/// Columns of a tile, in fours.
const FOURS: usize = 32;
/// How many steps of the depth are near at a time.
const DEPTH: usize = 16;
/// How many tiles below each other are made one after another, so that what they read is found near by the next.
const GROUP: usize = 8;
/// How many tiles keep the largest GPU busy.
const BUSY: usize = 512;

/// What a product is added to.
#[derive(Clone, Copy)]
pub(crate) enum Onto<'a> {
    /// Nothing: it is written.
    Nothing,
    /// What is there.
    Itself,
    /// A row, the same for every row of the result.
    Row(&'a CubeTensor),
}

/// What of a product need not be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// Nothing.
    Whole,
    /// What is right of the diagonal of the result is not wanted, and may be written or not.
    LowerResult,
    /// What is right of the diagonal of `a` is zero; it need not lie there but in the [tile](TILE) of the diagonal.
    LowerLeft,
    /// What is left of the diagonal of `a` is zero; it need not lie there but in the tile of the diagonal.
    UpperLeft,
}

/// Writes `onto + scale · a · b` to `out`, for each of the `heads` of each row of a `batch`.
pub(crate) fn multiply(
    out: Matrix<'_>,
    onto: Onto<'_>,
    scale: f32,
    a: Matrix<'_>,
    b: Matrix<'_>,
    part: Part,
    [batch, heads]: [usize; 2],
) {
    let depth = a.sizes()[1];
    launch(out, onto, scale, a, b, part, Split { matrices: batch * heads, heads, depth, step: 0 });
}

/// `onto + a · b` as a new tensor of that `shape`, whose rows may be longer than those of the product. Where it has few tiles,
/// the depth is cut into pieces, whose products are made side by side and then added, always in the same order.
pub(crate) fn product(shape: [usize; 2], onto: Onto<'_>, a: Matrix<'_>, b: Matrix<'_>) -> CubeTensor {
    let ([rows, depth], [_, columns]) = (a.sizes(), b.sizes());
    let out = empty(a.numbers, shape);
    if rows == 0 || columns == 0 {
        return out;
    }
    let pieces = (BUSY / tiles(units(&out.client), rows, columns)).clamp(1, depth.div_ceil(32 * DEPTH));
    let step = depth.div_ceil(pieces).next_multiple_of(DEPTH);
    let matrices = depth.div_ceil(step);
    let parts = if matrices == 1 { out.clone() } else { empty(&out, [matrices, shape[0], shape[1]]) };
    let apart = [shape[0] * shape[1], 0];
    let to = Matrix { numbers: &parts, rows, columns, start: 0, stride: shape[1], apart, is_turned: false };
    launch(to, onto, 1.0, a, b, Part::Whole, Split { matrices, heads: 1, depth: step, step });
    if matrices > 1 {
        sum_parts(&parts, &out, matrices, shape[0] * shape[1]);
    }
    out
}

/// How many units make a tile: two for each of its rows.
fn units(client: &Client) -> usize {
    let hardware = &client.properties().hardware;
    let shared = DEPTH * (TILE / 4 + FOURS) * size_of::<[f32; 4]>();
    let is_large = hardware.max_units_per_cube as usize >= 2 * TILE && hardware.max_shared_memory_size >= shared;
    if is_large { 2 * TILE } else { TILE }
}

fn tiles(units: usize, rows: usize, columns: usize) -> usize {
    rows.div_ceil(units / 2) * columns.div_ceil(4 * FOURS)
}

/// The matrices that are made at once, and the depth of each.
struct Split {
    matrices: usize,
    heads: usize,
    depth: usize,
    /// How much deeper one begins than the one before.
    step: usize,
}

fn launch(out: Matrix<'_>, onto: Onto<'_>, scale: f32, a: Matrix<'_>, b: Matrix<'_>, part: Part, split: Split) {
    let ([m, k], [_, n]) = (a.sizes(), b.sizes());
    assert!([out, a, b].iter().all(Matrix::is_of_fours) && b.sizes()[0] == k, "matrices of fours that fit");
    let (Split { matrices, heads, depth, step }, units) = (split, units(&out.numbers.client));
    let (count, cube) = grid_of_cubes(&out.numbers.client, tiles(units, m, n) * matrices, units as u32);
    // Something must be bound in place of what is not there.
    let row = if let Onto::Row(row) = onto { row } else { a.numbers };
    let how = How {
        units,
        part,
        is_onto_itself: matches!(onto, Onto::Itself),
        is_onto_a_row: matches!(onto, Onto::Row(_)),
        a_is_turned: a.is_turned,
        b_is_turned: b.is_turned,
    };
    product_kernel::launch(
        &out.numbers.client,
        count,
        cube,
        a.numbers.clone().into_buffer_arg(),
        b.numbers.clone().into_buffer_arg(),
        row.clone().into_buffer_arg(),
        out.numbers.clone().into_buffer_arg(),
        a.place(),
        b.place(),
        out.place(),
        SizesLaunch::new(m, n, k, matrices, heads, depth, step),
        scale,
        how,
    );
}

#[derive(CubeType, CubeLaunch)]
struct Sizes {
    m: usize,
    n: usize,
    k: usize,
    matrices: usize,
    heads: usize,
    depth: usize,
    step: usize,
}

/// What a kernel is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct How {
    units: usize,
    part: Part,
    is_onto_itself: bool,
    is_onto_a_row: bool,
    a_is_turned: bool,
    b_is_turned: bool,
}

/// A cube for each tile of each matrix.
#[cube(launch)]
fn product_kernel(
    a: &[Four],
    b: &[Four],
    row: &[Four],
    out: &mut [Four],
    a_at: &Place,
    b_at: &Place,
    out_at: &Place,
    sizes: &Sizes,
    scale: f32,
    #[comptime] how: How,
) {
    let half = comptime!(how.units / 2);
    let a_fours = comptime!(half / 4);
    let (down, across) = (sizes.m.div_ceil(half), sizes.n.div_ceil(4 * FOURS));
    let matrix = CUBE_POS / (down * across);
    if matrix >= sizes.matrices {
        terminate!();
    }
    let tile = CUBE_POS % (down * across);
    let first = tile / (GROUP * across) * GROUP;
    let rows = min(down - first, GROUP);
    let within = tile % (GROUP * across);
    let (m0, n0) = ((first + within % rows) * half, within / rows * (4 * FOURS));
    if comptime!(how.part == Part::LowerResult) && n0 >= m0 + half {
        terminate!();
    }
    let mut k = matrix * sizes.step;
    let mut end = min(k + sizes.depth, sizes.k);
    if comptime!(how.part == Part::LowerLeft) {
        end = min(end, m0 + half);
    }
    if comptime!(how.part == Part::UpperLeft) {
        k += m0;
    }

    let (batch, head) = (matrix / sizes.heads, matrix % sizes.heads);
    let a_from = a_at.start + batch * a_at.batch + head * a_at.head;
    let b_from = b_at.start + batch * b_at.batch + head * b_at.head;
    let mut near = Shared::<[Four]>::new_slice(DEPTH * (a_fours + FOURS));
    let mut next = Array::<Four>::new(4usize);
    let mut sums = Array::<Four>::new(16usize);
    let unit = UNIT_POS as usize;
    // A warp of 32 units makes 32 × 64 numbers, so that it reads little that is not the same.
    let down = unit / 64 * 4 + unit % 32 / 8;
    let across = unit / 32 % 2 * 8 + unit % 8;

    // Half of the units bring what is near of `a`, others that of `b`.
    let (is_of_a, is_of_b, nth_of_b) = (unit < half, unit >= half && unit < half + 4 * FOURS, unit - min(unit, half));
    if is_of_a {
        fetch(a, a_from, a_at.stride, &mut next, m0, k, sizes.m, end, unit, a_fours, !how.a_is_turned);
    } else if is_of_b {
        fetch(b, b_from, b_at.stride, &mut next, n0, k, sizes.n, end, nth_of_b, FOURS, how.b_is_turned);
    }
    while k < end {
        if is_of_a {
            keep(&next, &mut near, 0usize, unit, a_fours, !how.a_is_turned);
        } else if is_of_b {
            keep(&next, &mut near, DEPTH * a_fours, nth_of_b, FOURS, how.b_is_turned);
        }
        sync_cube();
        k += DEPTH;
        if k < end {
            if is_of_a {
                fetch(a, a_from, a_at.stride, &mut next, m0, k, sizes.m, end, unit, a_fours, !how.a_is_turned);
            } else if is_of_b {
                fetch(b, b_from, b_at.stride, &mut next, n0, k, sizes.n, end, nth_of_b, FOURS, how.b_is_turned);
            }
        }
        #[unroll]
        for depth in 0..DEPTH {
            let swap = comptime!(depth / 4 % 2 * 4);
            let a_row = comptime!(depth * a_fours);
            let b_row = comptime!(DEPTH * a_fours + depth * FOURS);
            let left = near[b_row + (across ^ swap)];
            let right = near[b_row + ((across + 16) ^ swap)];
            #[unroll]
            for low in 0..2usize {
                let rows = near[a_row + ((down + comptime!(low * a_fours / 2)) ^ swap)];
                #[unroll]
                for nth in 0..4usize {
                    let row = Four::new(rows.extract(nth));
                    let at = comptime!(8 * low + 2 * nth);
                    sums[at] = fma(row, left, sums[at]);
                    sums[at + 1] = fma(row, right, sums[at + 1]);
                }
            }
        }
        sync_cube();
    }

    let to = out_at.start + batch * out_at.batch + head * out_at.head;
    #[unroll]
    for nth in 0..16usize {
        let line = m0 + 4 * down + comptime!(nth / 8 * half / 2 + nth / 2 % 4);
        let column = n0 / 4 + across + comptime!(nth % 2 * 16);
        if line < sizes.m && 4 * column < sizes.n {
            let at = to + line * out_at.stride + column;
            let mut sum = sums[nth] * Four::new(scale);
            if comptime!(how.is_onto_itself) {
                sum += out[at];
            }
            if comptime!(how.is_onto_a_row) {
                // Of the pieces of a depth, the first.
                if matrix * sizes.step == 0 {
                    sum += row[column];
                }
            }
            out[at] = sum;
        }
    }
}

/// A unit's share of the next steps of the depth, from `k`, of a tile's rows of `a` or columns of `b`, from `x`, of which there
/// are `count`: four fours, below each other.
#[cube]
fn fetch(
    numbers: &[Four],
    from: usize,
    stride: usize,
    next: &mut Array<Four>,
    x: usize,
    k: usize,
    count: usize,
    end: usize,
    unit: usize,
    #[comptime] fours: usize,
    #[comptime] is_along_the_depth: bool,
) {
    let (depth, four) = share(unit, fours, is_along_the_depth);
    #[unroll]
    for nth in 0..4usize {
        next[nth] = Four::new(0.0);
        if is_along_the_depth {
            let line = min(x + 4 * four + nth, count - 1);
            if k + 4 * depth < end {
                next[nth] = numbers[from + line * stride + k / 4 + depth];
            }
        } else {
            let line = k + 4 * nth + depth;
            if line < end {
                next[nth] = numbers[from + line * stride + min(x / 4 + four, (count - 1) / 4)];
            }
        }
    }
}

/// Puts a unit's share where all units read it: for every step of the depth the fours of rows of `a` or of columns of `b`. Those
/// of every other four steps trade places, so that units that write at once do not meet.
#[cube]
fn keep(
    next: &Array<Four>,
    near: &mut Shared<[Four]>,
    from: usize,
    unit: usize,
    #[comptime] fours: usize,
    #[comptime] is_along_the_depth: bool,
) {
    let (depth, four) = share(unit, fours, is_along_the_depth);
    #[unroll]
    for step in 0..4usize {
        if is_along_the_depth {
            let mut turned = Four::new(0.0);
            #[unroll]
            for nth in 0..4usize {
                turned.insert(nth, next[nth].extract(step));
            }
            near[from + (4 * depth + step) * fours + (four ^ (depth % 2 * 4))] = turned;
        } else {
            let swap = comptime!(step % 2 * 4);
            near[from + (4 * step + depth) * fours + (four ^ swap)] = next[step];
        }
    }
}

/// Which four of a tile's rows or columns a unit brings, and at which steps of the depth: where fours lie along it, at the `nth`
/// four of them, so that two units beside each other read what lies beside each other; else at the `nth` of every four.
#[cube]
fn share(unit: usize, #[comptime] fours: usize, #[comptime] is_along_the_depth: bool) -> (usize, usize) {
    if is_along_the_depth { (unit / 2 / fours * 2 + unit % 2, unit / 2 % fours) } else { (unit / fours, unit % fours) }
}
