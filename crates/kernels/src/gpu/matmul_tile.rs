//! The kernel of a matrix product on a GPU: one tile of the result for each workgroup.
//!
//! A workgroup computes a tile of 256 × 128 elements, or 256 × 64 of a narrow result; each thread has 8 × 8 of them in registers.
//! GPUs with fewer threads in a workgroup, or less shared memory, get tiles of half the height. Slices of the depth, of
//! [`TILE_DEPTH`] steps of `a` and `b`, go through shared memory, while each thread loads its part of the next slice into registers;
//! where shared memory has room for two slices, the next one is stored beside the one that is read. `2 M N K` operations; the limit
//! is the arithmetic: a thread reads 16 elements of shared memory for 64 multiply-adds.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::Vec4;
use super::matrix::Layout;
use super::tile::{TILE_DEPTH, Tile};

/// Tiles below each other that are computed one after another, so that the next finds what they read in the cache.
const GROUP: usize = 8;

/// What need not be computed of a square product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Structure {
    /// All is needed.
    Dense,
    /// Above its diagonal the result is not needed, and written or not.
    LowerTriangularResult,
    /// Above its diagonal `a` is zero; only in the [tiles](super::TILE) on the diagonal need the zeros be in memory.
    LowerTriangularA,
    /// Below its diagonal `a` is zero, likewise.
    UpperTriangularA,
}

/// The sizes of a product, and of its batch.
#[derive(CubeType, CubeLaunch)]
pub(super) struct Sizes {
    m: usize,
    n: usize,
    k: usize,
    matrices: usize,
    heads: usize,
    depth: usize,
    step: usize,
}

/// What a kernel is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Config {
    pub tile: Tile,
    pub structure: Structure,
    pub has_sum: bool,
    pub has_bias: bool,
    pub a_is_transposed: bool,
    pub b_is_transposed: bool,
}

impl Config {
    fn a(self) -> Side {
        let Self { tile, a_is_transposed, .. } = self;
        Side { vectors: tile.rows / 4, is_along_the_depth: !a_is_transposed, registers: 0, offset: 0 }
    }

    /// Where some threads load of both matrices, they have registers for each.
    fn b(self) -> Side {
        let Self { tile, b_is_transposed, .. } = self;
        let registers = if tile.rows + 4 * tile.vectors > tile.units() { 4 } else { 0 };
        let offset = TILE_DEPTH * tile.rows / 4;
        Side { vectors: tile.vectors, is_along_the_depth: b_is_transposed, registers, offset }
    }
}

/// How a tile of `a` or of `b` goes through shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Side {
    /// Rows of the tile of `a`, or columns of that of `b`, in [`Vec4`]s.
    vectors: usize,
    /// Whether a vector in GPU memory is four steps of the depth, rather than four rows or columns.
    is_along_the_depth: bool,
    /// The first of the four registers into which a thread loads.
    registers: usize,
    /// The offset of the slice within a buffer of shared memory.
    offset: usize,
}

/// One of the two matrices as a workgroup reads it.
#[derive(CubeType, Clone, Copy)]
struct Operand {
    /// The offset of its first vector, and the distance of rows in vectors.
    start: usize,
    row_stride: usize,
    /// The first row of the tile of `a`, or column of that of `b`, and how many the whole matrix has.
    first: usize,
    count: usize,
    /// Whether this thread loads of it, and its index among those that do.
    is_loaded: bool,
    loader: usize,
}

/// The elements of the output that a thread computes.
#[derive(CubeType, Clone, Copy)]
struct Target {
    /// The offset of the matrix's first vector, and the distance of rows in vectors.
    start: usize,
    row_stride: usize,
    /// The row of the first element, and its column in vectors.
    row: usize,
    column: usize,
}

/// A workgroup for each tile of each matrix.
#[cube(launch)]
pub(super) fn matmul_kernel(
    a: &[Vec4],
    b: &[Vec4],
    bias: &[Vec4],
    out: &mut [Vec4],
    a_layout: &Layout,
    b_layout: &Layout,
    out_layout: &Layout,
    sizes: &Sizes,
    scale: f32,
    #[comptime] config: Config,
) {
    let (height, width, units) = comptime!((config.tile.rows, 4 * config.tile.vectors, config.tile.units()));
    let tiles = sizes.m.div_ceil(height) * sizes.n.div_ceil(width);
    let matrix = CUBE_POS / tiles;
    if matrix >= sizes.matrices {
        terminate!();
    }
    let (m0, n0) = first_of_tile(CUBE_POS % tiles, sizes, config.tile);
    if comptime!(config.structure == Structure::LowerTriangularResult) && n0 >= m0 + height {
        terminate!();
    }
    let mut k = matrix * sizes.step;
    let mut end = min(k + sizes.depth, sizes.k);
    if comptime!(config.structure == Structure::LowerTriangularA) {
        end = min(end, m0 + height);
    }
    if comptime!(config.structure == Structure::UpperTriangularA) {
        k += m0;
    }

    let (sequence, head) = (matrix / sizes.heads, matrix % sizes.heads);
    let unit = UNIT_POS as usize;
    // The first threads load `a`, the last `b`.
    let first_of_b = comptime!(units - width);
    let a_tile = Operand {
        start: a_layout.start + sequence * a_layout.sequence_stride + head * a_layout.head_stride,
        row_stride: a_layout.row_stride,
        first: m0,
        count: sizes.m,
        is_loaded: unit < height,
        loader: unit,
    };
    let b_tile = Operand {
        start: b_layout.start + sequence * b_layout.sequence_stride + head * b_layout.head_stride,
        row_stride: b_layout.row_stride,
        first: n0,
        count: sizes.n,
        is_loaded: unit >= first_of_b,
        loader: unit - min(unit, first_of_b),
    };
    let (row, column) = position_in_tile(unit, config.tile);

    let mut shared = Shared::<[Vec4]>::new_slice(comptime!(config.tile.shared_vectors()));
    let mut registers = Array::<Vec4>::new(comptime!(4 + config.b().registers));
    let mut sums = Array::<Vec4>::new(16usize);
    if k < end {
        load(a, &a_tile, &mut registers, k, end, comptime!(config.a()));
        load(b, &b_tile, &mut registers, k, end, comptime!(config.b()));
    }
    let mut buffer = 0usize;
    while k < end {
        store(&mut registers, &a_tile, &mut shared, buffer, k, end, comptime!(config.a()));
        store(&mut registers, &b_tile, &mut shared, buffer, k, end, comptime!(config.b()));
        sync_cube();
        k += TILE_DEPTH;
        if k < end {
            load(a, &a_tile, &mut registers, k, end, comptime!(config.a()));
            load(b, &b_tile, &mut registers, k, end, comptime!(config.b()));
        }
        multiply(&mut shared, buffer, row, column, &mut sums, config.tile);
        if config.tile.is_double_buffered {
            buffer = comptime!(config.tile.vectors_of_a_slice()) - buffer;
        } else {
            sync_cube();
        }
    }

    let target = Target {
        start: out_layout.start + sequence * out_layout.sequence_stride + head * out_layout.head_stride,
        row_stride: out_layout.row_stride,
        row: m0 + 4 * row,
        column: n0 / 4 + column,
    };
    // Of the slices of a depth, the first gets the bias.
    let is_first = matrix * sizes.step == 0;
    write(&mut sums, scale, bias, is_first, out, &target, sizes, config);
}

/// The first row and column of a tile. Tiles follow each other down [`GROUP`] rows of tiles, then to the right.
#[cube]
fn first_of_tile(nth: usize, sizes: &Sizes, #[comptime] tile: Tile) -> (usize, usize) {
    let (height, width) = comptime!((tile.rows, 4 * tile.vectors));
    let (down, across) = (sizes.m.div_ceil(height), sizes.n.div_ceil(width));
    let first = nth / (GROUP * across) * GROUP;
    let rows = min(down - first, GROUP);
    let within = nth % (GROUP * across);
    ((first + within % rows) * height, within / rows * width)
}

/// The row and the column, in vectors of each, of a thread's elements in a tile. 32 threads, a warp on most GPUs, compute 32 × 64
/// elements together, so that they read few different vectors.
#[cube]
fn position_in_tile(unit: usize, #[comptime] tile: Tile) -> (usize, usize) {
    let warp = unit / 32;
    let warps_across = comptime!(tile.vectors / 16);
    (warp / warps_across * 4 + unit % 32 / 8, warp % warps_across * 8 + unit % 8)
}

/// Loads a thread's share, four vectors, of the slice of the depth from `k` into its registers. Loads beyond the matrix are clamped
/// to its end, so that none depends on a branch.
#[cube]
fn load(matrix: &[Vec4], tile: &Operand, registers: &mut Array<Vec4>, k: usize, end: usize, #[comptime] side: Side) {
    if tile.is_loaded {
        let (depth, vector) = share(tile.loader, side);
        #[unroll]
        for nth in 0..4usize {
            if side.is_along_the_depth {
                let line = min(tile.first + 4 * vector + nth, tile.count - 1);
                registers[side.registers + nth] =
                    matrix[tile.start + line * tile.row_stride + min(k / 4 + depth, (end - 1) / 4)];
            } else {
                let line = min(k + 4 * nth + depth, end - 1);
                registers[side.registers + nth] =
                    matrix[tile.start + line * tile.row_stride + min(tile.first / 4 + vector, (tile.count - 1) / 4)];
            }
        }
    }
}

/// Stores a thread's share in shared memory: for each step of the depth a row of vectors of the tile, and zeros from `end` on. The
/// vectors of a row are permuted in another way every four steps, to avoid bank conflicts.
#[cube]
fn store(
    registers: &mut Array<Vec4>,
    tile: &Operand,
    shared: &mut Shared<[Vec4]>,
    buffer: usize,
    k: usize,
    end: usize,
    #[comptime] side: Side,
) {
    if tile.is_loaded {
        let (depth, vector) = share(tile.loader, side);
        if k + TILE_DEPTH > end {
            #[unroll]
            for nth in 0..4usize {
                let step = if side.is_along_the_depth { 4 * depth } else { 4 * nth + depth };
                if k + step >= end {
                    registers[side.registers + nth] = Vec4::new(0.0);
                }
            }
        }
        let from = buffer + side.offset;
        #[unroll]
        for step in 0..4usize {
            if side.is_along_the_depth {
                let mut transposed = Vec4::new(0.0);
                #[unroll]
                for nth in 0..4usize {
                    transposed.insert(nth, registers[side.registers + nth].extract(step));
                }
                shared[from + (4 * depth + step) * side.vectors + (vector ^ (depth * 2))] = transposed;
            } else {
                let permutation = comptime!(step * 2);
                shared[from + (4 * step + depth) * side.vectors + (vector ^ permutation)] =
                    registers[side.registers + step];
            }
        }
    }
}

/// A thread's share of a slice: the index of its steps of the depth, and that of its vector of rows or columns. Along the depth it is
/// the `nth` four steps, so that four threads read adjacent vectors; otherwise it is the `nth` of every four steps.
#[cube]
fn share(loader: usize, #[comptime] side: Side) -> (usize, usize) {
    if side.is_along_the_depth { (loader % 4, loader / 4) } else { (loader / side.vectors, loader % side.vectors) }
}

/// Adds to a thread's 8 × 8 sums the products of a slice: in each step, 2 vectors of `a` times 2 of `b`.
#[cube]
fn multiply(
    shared: &mut Shared<[Vec4]>,
    buffer: usize,
    row: usize,
    column: usize,
    sums: &mut Array<Vec4>,
    #[comptime] tile: Tile,
) {
    let (a_vectors, b_vectors) = comptime!((tile.rows / 4, tile.vectors));
    #[unroll]
    for depth in 0..TILE_DEPTH {
        let permutation = comptime!(depth / 4 * 2);
        let a_row = comptime!(depth * a_vectors);
        let b_row = comptime!(TILE_DEPTH * a_vectors + depth * b_vectors);
        let left = shared[buffer + b_row + (column ^ permutation)];
        let right = shared[buffer + b_row + ((column + b_vectors / 2) ^ permutation)];
        #[unroll]
        for low in 0..2usize {
            let rows = shared[buffer + a_row + ((row + comptime!(low * a_vectors / 2)) ^ permutation)];
            #[unroll]
            for nth in 0..4usize {
                let element = Vec4::new(rows.extract(nth));
                let at = comptime!(8 * low + 2 * nth);
                sums[at] = fma(element, left, sums[at]);
                sums[at + 1] = fma(element, right, sums[at + 1]);
            }
        }
    }
}

/// Scales a thread's sums, adds what the product is added to, and writes those that are within the output.
#[cube]
fn write(
    sums: &mut Array<Vec4>,
    scale: f32,
    bias: &[Vec4],
    is_first: bool,
    out: &mut [Vec4],
    target: &Target,
    sizes: &Sizes,
    #[comptime] config: Config,
) {
    let (height, vectors) = comptime!((config.tile.rows, config.tile.vectors));
    #[unroll]
    for nth in 0..16usize {
        let line = target.row + comptime!(nth / 8 * height / 2 + nth / 2 % 4);
        let column = target.column + comptime!(nth % 2 * vectors / 2);
        if line < sizes.m && 4 * column < sizes.n {
            let at = target.start + line * target.row_stride + column;
            let mut sum = sums[nth] * Vec4::new(scale);
            if comptime!(config.has_sum) {
                sum += out[at];
            }
            if comptime!(config.has_bias) {
                // Nested: only the inner condition is one of the compiled kernel's.
                if is_first {
                    sum += bias[column];
                }
            }
            out[at] = sum;
        }
    }
}
