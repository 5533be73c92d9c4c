//! Products of matrices on a GPU: `out = onto + scale · a · b`, in 32 bits.
//!
//! The units of a cube make a tile of 256 × 128 numbers, or of 256 × 64 for narrow results, each of them 8 × 8 in its registers;
//! where a GPU has fewer units in a cube, or less memory that they share, tiles are half as high. Of both matrices, 16 steps of
//! the depth at a time lie in what they share, while each unit already has its part of the next 16 on the way; where there is
//! room, it goes beside what is still read. `2 M N K` operations; the limit is the arithmetic: 16 numbers are read near for 64
//! multiply-adds.
//!
//! burn's own products try out some twenty kernels for each size, on an H100 for a minute before the first update of GPT-2
//! small, and compute at 8 to 30 TFLOP/s then; on an H200 this one makes those of a layer at 35 by WGSL and by SPIR-V, where
//! cuBLAS does 47. Without what brings the next steps it would be 42 (`benches/record/2026-11-26-gpu-trials.md`).

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::matrix::{Matrix, Place};
use super::tile::{DEPTH, Tile};
use super::{Four, empty, grid_of_cubes, sum_parts};

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
    /// What is right of the diagonal of `a` is zero; it need not lie there but in the [tile](super::TILE) of the diagonal.
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
    let pieces = (BUSY / Tile::of(&out.client, columns).count(rows, columns)).clamp(1, depth.div_ceil(32 * DEPTH));
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
    let (Split { matrices, heads, depth, step }, tile) = (split, Tile::of(&out.numbers.client, n));
    let (count, cube) = grid_of_cubes(&out.numbers.client, tile.count(m, n) * matrices, tile.units() as u32);
    // Something must be bound in place of what is not there.
    let row = if let Onto::Row(row) = onto { row } else { a.numbers };
    let how = How {
        tile,
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
    tile: Tile,
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
    let (height, fours, units) = comptime!((how.tile.rows, how.tile.fours, how.tile.units()));
    let (a_fours, width) = comptime!((height / 4, 4 * fours));
    let (down, across) = (sizes.m.div_ceil(height), sizes.n.div_ceil(width));
    let matrix = CUBE_POS / (down * across);
    if matrix >= sizes.matrices {
        terminate!();
    }
    let tile = CUBE_POS % (down * across);
    let first = tile / (GROUP * across) * GROUP;
    let rows = min(down - first, GROUP);
    let within = tile % (GROUP * across);
    let (m0, n0) = ((first + within % rows) * height, within / rows * width);
    if comptime!(how.part == Part::LowerResult) && n0 >= m0 + height {
        terminate!();
    }
    let mut k = matrix * sizes.step;
    let mut end = min(k + sizes.depth, sizes.k);
    if comptime!(how.part == Part::LowerLeft) {
        end = min(end, m0 + height);
    }
    if comptime!(how.part == Part::UpperLeft) {
        k += m0;
    }

    let (batch, head) = (matrix / sizes.heads, matrix % sizes.heads);
    let a_from = a_at.start + batch * a_at.batch + head * a_at.head;
    let b_from = b_at.start + batch * b_at.batch + head * b_at.head;
    let mut near = Shared::<[Four]>::new_slice(comptime!(how.tile.shared()));
    // Where some units bring of both, those of `b` come second.
    let b_next = comptime!(if height + width > units { 4usize } else { 0usize });
    let mut next = Array::<Four>::new(comptime!(4 + b_next));
    let mut sums = Array::<Four>::new(16usize);
    let unit = UNIT_POS as usize;
    // A warp of 32 units makes 32 × 64 numbers, so that it reads little that is not the same.
    let warp = unit / 32;
    let down = warp / (fours / 16) * 4 + unit % 32 / 8;
    let across = warp % (fours / 16) * 8 + unit % 8;

    // The first units bring what is near of `a`, the last that of `b`.
    let first_of_b = comptime!(units - width);
    let (is_of_a, is_of_b, nth_of_b) = (unit < height, unit >= first_of_b, unit - min(unit, first_of_b));
    if k < end {
        if is_of_a {
            fetch(a, a_from, a_at.stride, &mut next, 0usize, m0, k, sizes.m, end, unit, a_fours, !how.a_is_turned);
        }
        if is_of_b {
            fetch(b, b_from, b_at.stride, &mut next, b_next, n0, k, sizes.n, end, nth_of_b, fours, how.b_is_turned);
        }
    }
    let mut at = 0usize;
    while k < end {
        if is_of_a {
            keep(&mut next, 0usize, &mut near, at, k, end, unit, a_fours, !how.a_is_turned);
        }
        if is_of_b {
            keep(&mut next, b_next, &mut near, at + DEPTH * a_fours, k, end, nth_of_b, fours, how.b_is_turned);
        }
        sync_cube();
        k += DEPTH;
        if k < end {
            if is_of_a {
                fetch(a, a_from, a_at.stride, &mut next, 0usize, m0, k, sizes.m, end, unit, a_fours, !how.a_is_turned);
            }
            if is_of_b {
                fetch(b, b_from, b_at.stride, &mut next, b_next, n0, k, sizes.n, end, nth_of_b, fours, how.b_is_turned);
            }
        }
        #[unroll]
        for depth in 0..DEPTH {
            let swap = comptime!(depth / 4 * 2);
            let a_row = comptime!(depth * a_fours);
            let b_row = comptime!(DEPTH * a_fours + depth * fours);
            let left = near[at + b_row + (across ^ swap)];
            let right = near[at + b_row + ((across + fours / 2) ^ swap)];
            #[unroll]
            for low in 0..2usize {
                let rows = near[at + a_row + ((down + comptime!(low * a_fours / 2)) ^ swap)];
                #[unroll]
                for nth in 0..4usize {
                    let row = Four::new(rows.extract(nth));
                    let at = comptime!(8 * low + 2 * nth);
                    sums[at] = fma(row, left, sums[at]);
                    sums[at + 1] = fma(row, right, sums[at + 1]);
                }
            }
        }
        if how.tile.is_apart {
            at = comptime!(how.tile.near()) - at;
        } else {
            sync_cube();
        }
    }

    let to = out_at.start + batch * out_at.batch + head * out_at.head;
    #[unroll]
    for nth in 0..16usize {
        let line = m0 + 4 * down + comptime!(nth / 8 * height / 2 + nth / 2 % 4);
        let column = n0 / 4 + across + comptime!(nth % 2 * fours / 2);
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
/// are `count`: four fours. What lies beyond the matrix is read from its end, so that nothing is asked before it is read.
#[cube]
fn fetch(
    numbers: &[Four],
    from: usize,
    stride: usize,
    next: &mut Array<Four>,
    #[comptime] first: usize,
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
        if is_along_the_depth {
            let line = min(x + 4 * four + nth, count - 1);
            next[first + nth] = numbers[from + line * stride + min(k / 4 + depth, (end - 1) / 4)];
        } else {
            let line = min(k + 4 * nth + depth, end - 1);
            next[first + nth] = numbers[from + line * stride + min(x / 4 + four, (count - 1) / 4)];
        }
    }
}

/// Puts a unit's share where all units read it: for every step of the depth the fours of rows of `a` or of columns of `b`; zeros
/// for steps from the `end` on. In every four steps the fours trade places in another way, so that units that write at once do
/// not meet.
#[cube]
fn keep(
    next: &mut Array<Four>,
    #[comptime] first: usize,
    near: &mut Shared<[Four]>,
    from: usize,
    k: usize,
    end: usize,
    unit: usize,
    #[comptime] fours: usize,
    #[comptime] is_along_the_depth: bool,
) {
    let (depth, four) = share(unit, fours, is_along_the_depth);
    if k + DEPTH > end {
        #[unroll]
        for nth in 0..4usize {
            let step = if is_along_the_depth { 4 * depth } else { 4 * nth + depth };
            if k + step >= end {
                next[first + nth] = Four::new(0.0);
            }
        }
    }
    #[unroll]
    for step in 0..4usize {
        if is_along_the_depth {
            let mut turned = Four::new(0.0);
            #[unroll]
            for nth in 0..4usize {
                turned.insert(nth, next[first + nth].extract(step));
            }
            near[from + (4 * depth + step) * fours + (four ^ (depth * 2))] = turned;
        } else {
            let swap = comptime!(step * 2);
            near[from + (4 * step + depth) * fours + (four ^ swap)] = next[first + step];
        }
    }
}

/// Which four of a tile's rows or columns a unit brings, and at which steps of the depth: where fours lie along it, at the `nth`
/// four of them, so that four units beside each other read what lies beside each other; else at the `nth` of every four.
#[cube]
fn share(unit: usize, #[comptime] fours: usize, #[comptime] is_along_the_depth: bool) -> (usize, usize) {
    if is_along_the_depth { (unit % 4, unit / 4) } else { (unit / fours, unit % fours) }
}
