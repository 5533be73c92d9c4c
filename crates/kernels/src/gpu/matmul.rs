//! Matrix products on a GPU, `out = accumulate + scale · a b`, in 32-bit floats.
//!
//! `matmul_tile.rs` has the kernel; this file chooses tiles, and cuts the depth where the result is small.
//!
//! burn's own products time some twenty kernels for each shape before the first update, and the fastest of them is slower.

use burn_cubecl::tensor::CubeTensor;

use super::matmul_tile::{Config, SizesLaunch, Structure, matmul_kernel};
use super::matrix::Matrix;
use super::tile::{TILE_DEPTH, Tile};
use super::{empty, grid_of_cubes, sum_parts};

/// Tiles that keep the largest GPU busy.
const ENOUGH_TILES: usize = 512;

/// What a product is added to.
#[derive(Clone, Copy)]
pub(crate) enum Accumulate<'a> {
    /// Nothing: the output is written.
    Overwrite,
    /// The output as it is.
    Add,
    /// A row, the same for each row of the output: a bias.
    Row(&'a CubeTensor),
}

/// Writes `accumulate + scale · a b` to `out`, for each of the `heads` of each of the `sequences`.
pub(crate) fn matmul_into(
    out: Matrix<'_>,
    accumulate: Accumulate<'_>,
    scale: f32,
    a: Matrix<'_>,
    b: Matrix<'_>,
    structure: Structure,
    [sequences, heads]: [usize; 2],
) {
    let depth = a.dims()[1];
    let batch = Batch { matrices: sequences * heads, heads, depth, step: 0 };
    launch(out, accumulate, scale, a, b, structure, batch);
}

/// `accumulate + a b` as a new tensor of `shape`, whose rows may be longer than those of the product.
///
/// Split-K: where the result has few tiles, the depth is cut into slices, which are multiplied at the same time and then summed,
/// always in the same order.
pub(crate) fn matmul(shape: [usize; 2], accumulate: Accumulate<'_>, a: Matrix<'_>, b: Matrix<'_>) -> CubeTensor {
    let ([rows, depth], [_, columns]) = (a.dims(), b.dims());
    let out = empty(a.tensor, shape);
    if rows == 0 || columns == 0 {
        return out;
    }
    let tiles = Tile::of(&out.client, columns).count(rows, columns);
    let slices = (ENOUGH_TILES / tiles).clamp(1, depth.div_ceil(32 * TILE_DEPTH));
    let step = depth.div_ceil(slices).next_multiple_of(TILE_DEPTH);
    let matrices = depth.div_ceil(step);
    let sums = if matrices == 1 { out.clone() } else { empty(&out, [matrices, shape[0], shape[1]]) };
    let batch_strides = [shape[0] * shape[1], 0];
    let to =
        Matrix { tensor: &sums, rows, columns, start: 0, row_stride: shape[1], batch_strides, is_transposed: false };
    launch(to, accumulate, 1.0, a, b, Structure::Dense, Batch { matrices, heads: 1, depth: step, step });
    if matrices > 1 {
        sum_parts(&sums, &out, matrices, shape[0] * shape[1]);
    }
    out
}

/// The products that are computed at the same time: of heads, or of slices of the depth.
struct Batch {
    matrices: usize,
    heads: usize,
    /// Of each.
    depth: usize,
    /// How much deeper each begins than the one before.
    step: usize,
}

fn launch(
    out: Matrix<'_>,
    accumulate: Accumulate<'_>,
    scale: f32,
    a: Matrix<'_>,
    b: Matrix<'_>,
    structure: Structure,
    batch: Batch,
) {
    let ([m, k], [_, n]) = (a.dims(), b.dims());
    assert!([out, a, b].iter().all(Matrix::is_vec4_aligned), "rows that start at a multiple of four elements");
    assert_eq!(b.dims()[0], k, "the inner dimensions agree");
    let (Batch { matrices, heads, depth, step }, tile) = (batch, Tile::of(&out.tensor.client, n));
    let (count, cube) = grid_of_cubes(&out.tensor.client, tile.count(m, n) * matrices, tile.units() as u32);
    // A kernel's arguments cannot be optional: without a bias, any buffer is bound.
    let bias = if let Accumulate::Row(bias) = accumulate { bias } else { a.tensor };
    let config = Config {
        tile,
        structure,
        has_sum: matches!(accumulate, Accumulate::Add),
        has_bias: matches!(accumulate, Accumulate::Row(_)),
        a_is_transposed: a.is_transposed,
        b_is_transposed: b.is_transposed,
    };
    matmul_kernel::launch(
        &out.tensor.client,
        count,
        cube,
        a.tensor.clone().into_buffer_arg(),
        b.tensor.clone().into_buffer_arg(),
        bias.clone().into_buffer_arg(),
        out.tensor.clone().into_buffer_arg(),
        a.layout(),
        b.layout(),
        out.layout(),
        SizesLaunch::new(m, n, k, matrices, heads, depth, step),
        scale,
        config,
    );
}
