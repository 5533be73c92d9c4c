//! Products of matrices on a GPU: `out = onto + scale · a · b`, in 32 bits.
//!
//! The units of a cube make a tile of 128 × 128 numbers, each of them 8 × 8 in its registers. Of both matrices, 16 steps of the
//! depth at a time lie in the memory that the cube shares, whose 16 KiB every GPU has, while each unit already has its part of
//! the next 16 on the way. `2 M N K` operations; the limit is the arithmetic: 16 numbers are read near for 64 multiply-adds.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::{empty, grid_of_cubes, sum_parts};

/// Rows and columns of a tile.
pub(crate) const TILE: usize = 128;
/// How many steps of the depth are near at a time.
const DEPTH: usize = 16;
/// How many tiles below each other are made one after another, so that what they read is found near by the next.
const GROUP: usize = 8;
/// How many fours a tile is wide.
const FOURS: usize = TILE / 4;
/// How many tiles keep the largest GPU busy.
const BUSY: usize = 512;

/// Four numbers beside each other, the least that is read at once.
type Four = Vector<f32, Const<4>>;

/// A matrix in the memory of a tensor; or one of every head of every row of a batch, of the same size.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub numbers: &'a CubeTensor,
    pub rows: usize,
    pub columns: usize,
    /// Where the first number lies.
    pub start: usize,
    /// How far rows are apart.
    pub stride: usize,
    /// How far the matrices of one row of the batch and of the next are apart, and those of one head and of the next.
    pub apart: [usize; 2],
    /// Whether rows and columns trade places; the sizes are those before.
    pub is_turned: bool,
}

impl<'a> Matrix<'a> {
    /// All numbers of a tensor of two dimensions.
    pub fn new(numbers: &'a CubeTensor) -> Self {
        let [rows, columns] = numbers.meta.shape().dims();
        Self { numbers, rows, columns, start: 0, stride: columns, apart: [0; 2], is_turned: false }
    }

    /// The first so many columns.
    pub fn of_columns(self, columns: usize) -> Self {
        Self { columns, ..self }
    }

    /// With rows and columns traded.
    pub fn turned(self) -> Self {
        Self { is_turned: !self.is_turned, ..self }
    }

    /// Rows and columns as they are multiplied.
    fn sizes(&self) -> [usize; 2] {
        if self.is_turned { [self.columns, self.rows] } else { [self.rows, self.columns] }
    }

    /// Whether every row is made of whole [`Four`]s, the last of which may be wider than the row.
    fn is_of_fours(&self) -> bool {
        [self.start, self.stride, self.apart[0], self.apart[1]].iter().all(|step| step.is_multiple_of(4))
    }

    fn place(&self) -> PlaceLaunch {
        let [batch, head] = self.apart;
        PlaceLaunch::new(self.start / 4, self.stride / 4, batch / 4, head / 4)
    }
}

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

/// Whether [`multiply`] can read and write these rows.
pub(crate) fn is_of_fours(columns: usize) -> bool {
    columns.is_multiple_of(4)
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
    let pieces = (BUSY / (rows.div_ceil(TILE) * columns.div_ceil(TILE))).clamp(1, depth.div_ceil(4 * TILE));
    let step = depth.div_ceil(pieces).next_multiple_of(DEPTH);
    let matrices = depth.div_ceil(step);
    let out = empty(a.numbers, shape);
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
    let Split { matrices, heads, depth, step } = split;
    let (count, cube) = grid_of_cubes(&out.numbers.client, m.div_ceil(TILE) * n.div_ceil(TILE) * matrices);
    // Something must be bound in place of what is not there.
    let row = if let Onto::Row(row) = onto { row } else { a.numbers };
    let how = How {
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

/// Where a matrix lies, counted in [`Four`]s.
#[derive(CubeType, CubeLaunch)]
struct Place {
    start: usize,
    stride: usize,
    batch: usize,
    head: usize,
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
    let (down, across) = (sizes.m.div_ceil(TILE), sizes.n.div_ceil(TILE));
    let matrix = CUBE_POS / (down * across);
    if matrix >= sizes.matrices {
        terminate!();
    }
    let tile = CUBE_POS % (down * across);
    let first = tile / (GROUP * across) * GROUP;
    let rows = min(down - first, GROUP);
    let within = tile % (GROUP * across);
    let (m0, n0) = ((first + within % rows) * TILE, within / rows * TILE);
    if comptime!(how.part == Part::LowerResult) {
        if n0 > m0 {
            terminate!();
        }
    }
    let mut k = matrix * sizes.step;
    let mut end = min(k + sizes.depth, sizes.k);
    if comptime!(how.part == Part::LowerLeft) {
        end = min(end, m0 + TILE);
    }
    if comptime!(how.part == Part::UpperLeft) {
        k += m0;
    }

    let (batch, head) = (matrix / sizes.heads, matrix % sizes.heads);
    let a_from = a_at.start + batch * a_at.batch + head * a_at.head;
    let b_from = b_at.start + batch * b_at.batch + head * b_at.head;
    let unit = UNIT_POS as usize;
    let half = unit % 128;
    let mut near = Shared::<[Four]>::new_slice(2 * DEPTH * FOURS);
    let mut next = Array::<Four>::new(4usize);
    let mut sums = Array::<Four>::new(16usize);
    // A warp of 32 units makes 32 × 64 numbers, so that it reads little that is not the same.
    let down = unit / 64 * 4 + unit % 32 / 8;
    let across = unit / 32 % 2 * 8 + unit % 8;

    // Half of the units bring what is near of `a`, half of `b`.
    if unit < 128 {
        fetch(a, a_from, a_at.stride, &mut next, m0, k, sizes.m, end, half, !how.a_is_turned);
    } else {
        fetch(b, b_from, b_at.stride, &mut next, n0, k, sizes.n, end, half, how.b_is_turned);
    }
    while k < end {
        if unit < 128 {
            keep(&next, &mut near, 0usize, half, !how.a_is_turned);
        } else {
            keep(&next, &mut near, DEPTH * FOURS, half, how.b_is_turned);
        }
        sync_cube();
        k += DEPTH;
        if k < end {
            if unit < 128 {
                fetch(a, a_from, a_at.stride, &mut next, m0, k, sizes.m, end, half, !how.a_is_turned);
            } else {
                fetch(b, b_from, b_at.stride, &mut next, n0, k, sizes.n, end, half, how.b_is_turned);
            }
        }
        #[unroll]
        for depth in 0..DEPTH {
            let swap = comptime!(depth / 4 % 2 * 4);
            let at = comptime!(depth * FOURS);
            let beyond = comptime!((DEPTH + depth) * FOURS);
            let high = near[at + (down ^ swap)];
            let low = near[at + ((down + 16) ^ swap)];
            let left = near[beyond + (across ^ swap)];
            let right = near[beyond + ((across + 16) ^ swap)];
            #[unroll]
            for nth in 0..4usize {
                let high = Four::new(high.extract(nth));
                let low = Four::new(low.extract(nth));
                sums[2 * nth] = fma(high, left, sums[2 * nth]);
                sums[2 * nth + 1] = fma(high, right, sums[2 * nth + 1]);
                sums[2 * nth + 8] = fma(low, left, sums[2 * nth + 8]);
                sums[2 * nth + 9] = fma(low, right, sums[2 * nth + 9]);
            }
        }
        sync_cube();
    }

    let to = out_at.start + batch * out_at.batch + head * out_at.head;
    #[unroll]
    for nth in 0..16usize {
        let line = m0 + 4 * down + comptime!(nth / 8 * 64 + nth / 2 % 4);
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

/// A unit's share of 16 steps of the depth, from `k`, of 128 rows of `a` or columns of `b`, from `x`, of which there are `count`:
/// four fours, beside each other in the depth or across it.
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
    #[comptime] is_along_the_depth: bool,
) {
    if is_along_the_depth {
        let (depth, four) = (k / 4 + unit / 64 * 2 + unit % 2, unit / 2 % 32);
        #[unroll]
        for nth in 0..4usize {
            let line = min(x + 4 * four + nth, count - 1);
            next[nth] = Four::new(0.0);
            if 4 * depth < end {
                next[nth] = numbers[from + line * stride + depth];
            }
        }
    } else {
        let four = min(x / 4 + unit % 32, (count - 1) / 4);
        #[unroll]
        for nth in 0..4usize {
            let depth = k + 4 * nth + unit / 32;
            next[nth] = Four::new(0.0);
            if depth < end {
                next[nth] = numbers[from + depth * stride + four];
            }
        }
    }
}

/// Puts a unit's share where all units read it: for every step of the depth 32 fours of rows of `a` or of columns of `b`. Those of
/// every other four steps trade places, so that units that write at once do not meet.
#[cube]
fn keep(next: &Array<Four>, near: &mut Shared<[Four]>, from: usize, unit: usize, #[comptime] is_along_the_depth: bool) {
    if is_along_the_depth {
        let (depth, four) = (unit / 64 * 2 + unit % 2, (unit / 2 % 32) ^ (unit % 2 * 4));
        #[unroll]
        for step in 0..4usize {
            let mut turned = Four::new(0.0);
            #[unroll]
            for nth in 0..4usize {
                turned.insert(nth, next[nth].extract(step));
            }
            near[from + (4 * depth + step) * FOURS + four] = turned;
        }
    } else {
        #[unroll]
        for nth in 0..4usize {
            let swap = comptime!(nth % 2 * 4);
            near[from + (4 * nth + unit / 32) * FOURS + ((unit % 32) ^ swap)] = next[nth];
        }
    }
}
