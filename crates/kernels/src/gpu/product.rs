//! Products of matrices on a GPU: `out = onto + scale · a · b`, in 32 bits.
//!
//! The units of a cube make a tile of 128 × 128 numbers, each of them 8 × 8 in its registers. Of both matrices, 16 steps of the
//! depth at a time lie in the memory that the cube shares, whose 16 KiB every GPU has, while each unit already has its part of
//! the next 16 on the way. `2 M N K` operations; the limit is the arithmetic: 16 numbers are read near for 64 multiply-adds.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::{empty, grid_of, sum_parts};

/// Rows of the largest tile.
pub(crate) const TILE: usize = 256;
/// Fours of columns of a tile.
const FOURS: usize = 32;
/// How many steps of the depth are written out one after another.
const DEPTH: usize = 16;
/// How many tiles below each other are made one after another, so that what they read is found near by the next.
const GROUP: usize = 8;
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
    let pieces = (BUSY / tiles(rows, columns)).clamp(1, depth.div_ceil(512));
    let step = depth.div_ceil(pieces).next_multiple_of(32);
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

/// For trying out: units, depth, high, ahead.
fn tried() -> (usize, usize, usize, bool) {
    static TRIED: std::sync::LazyLock<usize> =
        std::sync::LazyLock::new(|| std::env::var("WORDSPACE_TILE").map_or(2561611, |x| x.parse().unwrap()));
    let x = *TRIED;
    (x / 10000, x / 100 % 100, x / 10 % 10, x % 10 == 1)
}

fn tile_rows() -> usize {
    tried().0 / 2 * tried().2
}

fn tiles(rows: usize, columns: usize) -> usize {
    rows.div_ceil(tile_rows()) * columns.div_ceil(4 * FOURS)
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
    let (units, depth_near, high, is_ahead) = tried();
    let (count, cube) = grid_of(&out.numbers.client, tiles(m, n) * matrices, units as u32);
    // Something must be bound in place of what is not there.
    let row = if let Onto::Row(row) = onto { row } else { a.numbers };
    let how = How {
        part,
        units,
        depth: depth_near,
        high,
        is_ahead,
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
    units: usize,
    depth: usize,
    high: usize,
    is_ahead: bool,
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
    let tile_rows = comptime!(how.units / 2 * how.high);
    let of_a = comptime!(tile_rows / 4);
    let (down, across) = (sizes.m.div_ceil(tile_rows), sizes.n.div_ceil(4 * FOURS));
    let matrix = CUBE_POS / (down * across);
    if matrix >= sizes.matrices {
        terminate!();
    }
    let tile = CUBE_POS % (down * across);
    let first = tile / (GROUP * across) * GROUP;
    let rows = min(down - first, GROUP);
    let within = tile % (GROUP * across);
    let (m0, n0) = ((first + within % rows) * tile_rows, within / rows * (4 * FOURS));
    if comptime!(how.part == Part::LowerResult) {
        if n0 >= m0 + tile_rows {
            terminate!();
        }
    }
    let mut k = matrix * sizes.step;
    let mut end = min(k + sizes.depth, sizes.k);
    if comptime!(how.part == Part::LowerLeft) {
        end = min(end, m0 + tile_rows);
    }
    if comptime!(how.part == Part::UpperLeft) {
        k += m0;
    }

    let (batch, head) = (matrix / sizes.heads, matrix % sizes.heads);
    let a_from = a_at.start + batch * a_at.batch + head * a_at.head;
    let b_from = b_at.start + batch * b_at.batch + head * b_at.head;
    let unit = UNIT_POS as usize;
    let half = comptime!(how.units / 2);
    let of_b = unit - min(unit, half);
    let mut near = Shared::<[Four]>::new_slice(how.depth * (of_a + FOURS));
    let rounds_a = comptime!(of_a * how.depth / 4 / half);
    let rounds_b = comptime!(FOURS * how.depth / 4 / 128);
    let mut next = Array::<Four>::new(comptime!(4 * Ord::max(rounds_a, rounds_b)));
    let mut sums = Array::<Four>::new(16 * how.high);
    // A warp of 32 units makes 32 × 64 numbers, so that it reads little that is not the same.
    let down = unit / 64 * 4 + unit % 32 / 8;
    let across = unit / 32 % 2 * 8 + unit % 8;

    // Half of the units bring what is near of `a`, half of `b`.
    if comptime!(how.is_ahead) {
        if unit < half {
            fetch(a, a_from, a_at.stride, &mut next, m0, k, sizes.m, end, unit, of_a, half, rounds_a, !how.a_is_turned);
        } else if of_b < 128 {
            fetch(
                b,
                b_from,
                b_at.stride,
                &mut next,
                n0,
                k,
                sizes.n,
                end,
                of_b,
                FOURS,
                128usize,
                rounds_b,
                how.b_is_turned,
            );
        }
    }
    while k < end {
        if comptime!(!how.is_ahead) {
            if unit < half {
                fetch(
                    a,
                    a_from,
                    a_at.stride,
                    &mut next,
                    m0,
                    k,
                    sizes.m,
                    end,
                    unit,
                    of_a,
                    half,
                    rounds_a,
                    !how.a_is_turned,
                );
            } else if of_b < 128 {
                fetch(
                    b,
                    b_from,
                    b_at.stride,
                    &mut next,
                    n0,
                    k,
                    sizes.n,
                    end,
                    of_b,
                    FOURS,
                    128usize,
                    rounds_b,
                    how.b_is_turned,
                );
            }
        }
        if unit < half {
            keep(&next, &mut near, 0usize, unit, of_a, half, rounds_a, !how.a_is_turned);
        } else if of_b < 128 {
            keep(&next, &mut near, how.depth * of_a, of_b, FOURS, 128usize, rounds_b, how.b_is_turned);
        }
        sync_cube();
        k += how.depth;
        if comptime!(how.is_ahead) {
            if k < end {
                if unit < half {
                    fetch(
                        a,
                        a_from,
                        a_at.stride,
                        &mut next,
                        m0,
                        k,
                        sizes.m,
                        end,
                        unit,
                        of_a,
                        half,
                        rounds_a,
                        !how.a_is_turned,
                    );
                } else if of_b < 128 {
                    fetch(
                        b,
                        b_from,
                        b_at.stride,
                        &mut next,
                        n0,
                        k,
                        sizes.n,
                        end,
                        of_b,
                        FOURS,
                        128usize,
                        rounds_b,
                        how.b_is_turned,
                    );
                }
            }
        }
        for steps in 0..how.depth / DEPTH {
            let a_first = steps * DEPTH * of_a;
            let b_first = how.depth * of_a + steps * DEPTH * FOURS;
            #[unroll]
            for depth in 0..DEPTH {
                let swap = comptime!(depth / 4 % 2 * 4);
                let a_row = a_first + comptime!(depth * of_a);
                let b_row = b_first + comptime!(depth * FOURS);
                let left = near[b_row + (across ^ swap)];
                let right = near[b_row + ((across + 16) ^ swap)];
                #[unroll]
                for part in 0..2 * how.high {
                    let of_rows = near[a_row + ((down + comptime!(part * of_a / (2 * how.high))) ^ swap)];
                    #[unroll]
                    for nth in 0..4usize {
                        let row = Four::new(of_rows.extract(nth));
                        let at = comptime!(8 * part + 2 * nth);
                        sums[at] = fma(row, left, sums[at]);
                        sums[at + 1] = fma(row, right, sums[at + 1]);
                    }
                }
            }
        }
        sync_cube();
    }

    let to = out_at.start + batch * out_at.batch + head * out_at.head;
    #[unroll]
    for nth in 0..16 * how.high {
        let line = m0 + 4 * down + comptime!(nth / 8 * (4 * of_a / (2 * how.high)) + nth / 2 % 4);
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
/// are `count`: fours beside each other in the depth or across it.
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
    #[comptime] units: usize,
    #[comptime] rounds: usize,
    #[comptime] is_along_the_depth: bool,
) {
    #[unroll]
    for round in 0..rounds {
        let job = unit + comptime!(round * units);
        if is_along_the_depth {
            let (at, four) = (k / 4 + job / 2 / fours * 2 + job % 2, job / 2 % fours);
            #[unroll]
            for nth in 0..4usize {
                let line = min(x + 4 * four + nth, count - 1);
                let to = comptime!(4 * round + nth);
                next[to] = Four::new(0.0);
                if 4 * at < end {
                    next[to] = numbers[from + line * stride + at];
                }
            }
        } else {
            let four = min(x / 4 + job % fours, (count - 1) / 4);
            #[unroll]
            for nth in 0..4usize {
                let at = k + comptime!(nth * (units * rounds / fours)) + job / fours;
                let to = comptime!(4 * round + nth);
                next[to] = Four::new(0.0);
                if at < end {
                    next[to] = numbers[from + at * stride + four];
                }
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
    #[comptime] units: usize,
    #[comptime] rounds: usize,
    #[comptime] is_along_the_depth: bool,
) {
    #[unroll]
    for round in 0..rounds {
        let job = unit + comptime!(round * units);
        if is_along_the_depth {
            let (at, four) = (job / 2 / fours * 2 + job % 2, (job / 2 % fours) ^ (job % 2 * 4));
            #[unroll]
            for step in 0..4usize {
                let mut turned = Four::new(0.0);
                #[unroll]
                for nth in 0..4usize {
                    turned.insert(nth, next[comptime!(4 * round) + nth].extract(step));
                }
                near[from + (4 * at + step) * fours + four] = turned;
            }
        } else {
            #[unroll]
            for nth in 0..4usize {
                let at = comptime!(nth * (units * rounds / fours)) + job / fours;
                near[from + at * fours + ((job % fours) ^ (at / 4 % 2 * 4))] = next[comptime!(4 * round + nth)];
            }
        }
    }
}
