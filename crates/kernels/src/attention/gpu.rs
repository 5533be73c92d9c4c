//! Causal attention on a GPU: tiled matrix products, and between them the softmax of each row in place.
//!
//! Tiles that the mask hides are never computed, written or read. Heads are read and written where they are, beside each other in
//! queries, keys and values.

use burn::tensor::Tensor;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use crate::Dropout;
use crate::dropout::gpu::{DropoutArgs, factor};
use crate::gpu::{
    Accumulate, FEW_UNITS, Gpu, Matrix, Queued, Structure, TILE, Vec4, empty, grid_of_cubes, is_vec4_aligned,
    largest_buffer, matmul_into, max_of_cube, one, queue, sum_of_cube,
};
use crate::node::Node;

/// Bytes of scores that are in memory at a time, unless one sequence needs more.
const MAX_SCORES: usize = 256 << 20;

#[derive(Clone, Copy, Debug)]
pub struct Attention {
    pub t: usize,
    pub heads: usize,
    pub dropout: Dropout,
}

/// Whether the matrix products can read the heads, and a buffer can hold the scores of a sequence.
pub fn takes(qkv: &Tensor<2>, t: usize, heads: usize) -> bool {
    is_vec4_aligned(t)
        && is_vec4_aligned(qkv.dims()[1] / 3 / heads)
        && bytes_of_scores(t, heads) as u64 <= largest_buffer(&qkv.device())
}

/// Of a sequence.
fn bytes_of_scores(t: usize, heads: usize) -> usize {
    size_of::<f32>() * heads * t * t
}

impl Node<1> for Attention {
    type Backend = Gpu;
    type Saved = (Self, Queued);

    fn forward(&self, [qkv]: [Queued; 1], _: bool) -> (Queued, Self::Saved) {
        let (attention, saved) = (*self, qkv.clone());
        let (n, c) = (qkv.shape[0], qkv.shape[1] / 3);
        let out = one(queue("causal_attention", [qkv], [[n, c].into()], move |[qkv]| {
            let out = empty(&qkv, [n, c]);
            for chunk in attention.chunks(&qkv) {
                let weights = chunk.weights(attention.dropout);
                let [_, _, v] = chunk.queries_keys_values(&qkv);
                chunk.matmul(chunk.heads(&out, 0), 1.0, chunk.square(&weights), v, Structure::LowerTriangularA);
            }
            [out]
        }));
        (out, (*self, saved))
    }

    fn backward((attention, qkv): Self::Saved, d_out: Queued, _: [bool; 1]) -> [Option<Queued>; 1] {
        let shape = qkv.shape.clone();
        [Some(one(queue("causal_attention_gradient", [qkv, d_out], [shape.clone()], move |[qkv, d_out]| {
            let d_qkv = empty(&qkv, shape.clone());
            for chunk in attention.chunks(&qkv) {
                let [q, k, v] = chunk.queries_keys_values(&qkv);
                let [d_q, d_k, d_v] = chunk.queries_keys_values(&d_qkv);
                let (d_out, scale) = (chunk.heads(&d_out, 0), chunk.scale());
                let (weights, d_scores) = (chunk.weights(Dropout::NONE), chunk.scores());
                chunk.matmul(chunk.square(&d_scores), 1.0, d_out, v.transposed(), Structure::LowerTriangularResult);
                chunk.differentiate_softmax(&weights, &d_scores, attention.dropout);
                let (weights, d_scores) = (chunk.square(&weights), chunk.square(&d_scores));
                chunk.matmul(d_v, 1.0, weights.transposed(), d_out, Structure::UpperTriangularA);
                chunk.matmul(d_q, scale, d_scores, k, Structure::LowerTriangularA);
                chunk.matmul(d_k, scale, d_scores.transposed(), q, Structure::UpperTriangularA);
            }
            [d_qkv]
        })))]
    }
}

impl Attention {
    /// The sequences of the batch in chunks whose scores take no more than [`MAX_SCORES`].
    fn chunks<'a>(&self, qkv: &'a CubeTensor) -> impl Iterator<Item = Chunk<'a>> + use<'a> {
        let attention = *self;
        let sequences = qkv.meta.shape()[0] / attention.t;
        let at_once = (MAX_SCORES / bytes_of_scores(attention.t, attention.heads).max(1)).clamp(1, sequences.max(1));
        (0..sequences).step_by(at_once).map(move |first| Chunk {
            attention,
            qkv,
            first,
            count: at_once.min(sequences - first),
        })
    }
}

/// `count` sequences of the batch.
struct Chunk<'a> {
    attention: Attention,
    qkv: &'a CubeTensor,
    first: usize,
    count: usize,
}

impl Chunk<'_> {
    /// 1/√D.
    fn scale(&self) -> f32 {
        let d = self.qkv.meta.shape()[1] / 3 / self.attention.heads;
        1.0 / (d as f32).sqrt()
    }

    /// The heads, `[T, D]` each, in the `nth` C columns of `tensor`, `[N, C]` or `[N, 3C]`.
    fn heads<'a>(&self, tensor: &'a CubeTensor, nth: usize) -> Matrix<'a> {
        let Attention { t, heads, .. } = self.attention;
        let (c, width) = (self.qkv.meta.shape()[1] / 3, tensor.meta.shape()[1]);
        let (start, batch_strides) = (self.first * t * width + nth * c, [t * width, c / heads]);
        Matrix { rows: t, columns: c / heads, start, batch_strides, ..Matrix::new(tensor) }
    }

    fn queries_keys_values<'a>(&self, tensor: &'a CubeTensor) -> [Matrix<'a>; 3] {
        [0, 1, 2].map(|nth| self.heads(tensor, nth))
    }

    /// Memory for the scores of the chunk, `[sequences · H · T, T]`.
    fn scores(&self) -> CubeTensor {
        let Attention { t, heads, .. } = self.attention;
        empty(self.qkv, [self.count * heads * t, t])
    }

    /// The heads of [`Self::scores`], `[T, T]` each.
    fn square<'a>(&self, scores: &'a CubeTensor) -> Matrix<'a> {
        let Attention { t, heads, .. } = self.attention;
        Matrix { rows: t, batch_strides: [heads * t * t, t * t], ..Matrix::new(scores) }
    }

    fn matmul(&self, out: Matrix<'_>, scale: f32, a: Matrix<'_>, b: Matrix<'_>, structure: Structure) {
        matmul_into(out, Accumulate::Overwrite, scale, a, b, structure, [self.count, self.attention.heads]);
    }

    /// The attention weights after dropout.
    fn weights(&self, dropout: Dropout) -> CubeTensor {
        let scores = self.scores();
        let [q, k, _] = self.queries_keys_values(self.qkv);
        self.matmul(self.square(&scores), self.scale(), q, k.transposed(), Structure::LowerTriangularResult);
        let (t, rows) = (self.attention.t, scores.meta.shape()[0]);
        let (cubes, cube) = grid_of_cubes(&scores.client, rows, FEW_UNITS);
        let (client, arg) = (&scores.client, scores.clone().into_buffer_arg());
        softmax::launch(client, cubes, cube, arg, rows, t, self.first_index(), dropout.args(), !dropout.is_none());
        scores
    }

    /// Turns `d`, the gradient of the weights after dropout, into that of the scores, and `weights` from those before dropout
    /// into those after.
    fn differentiate_softmax(&self, weights: &CubeTensor, d: &CubeTensor, dropout: Dropout) {
        let (t, rows) = (self.attention.t, weights.meta.shape()[0]);
        let (cubes, cube) = grid_of_cubes(&weights.client, rows, FEW_UNITS);
        let [weights_arg, d_arg] = [weights, d].map(|tensor| tensor.clone().into_buffer_arg());
        softmax_gradient::launch(
            &weights.client,
            cubes,
            cube,
            weights_arg,
            d_arg,
            rows,
            t,
            self.first_index(),
            dropout.args(),
            !dropout.is_none(),
        );
    }

    /// The index of the chunk's first score among those of the batch, by which dropout chooses.
    fn first_index(&self) -> u32 {
        let Attention { t, heads, .. } = self.attention;
        (self.first * heads * t * t) as u32
    }
}

/// A workgroup for each row of scores turns it into its softmax; later positions get zero up to the end of the tile.
#[cube(launch)]
fn softmax(
    scores: &mut [Vec4],
    rows: usize,
    t: usize,
    first_index: u32,
    dropout: &DropoutArgs,
    #[comptime] has_dropout: bool,
) {
    if CUBE_POS >= rows {
        terminate!();
    }
    let (position, row) = (CUBE_POS % t, CUBE_POS * (t / 4));
    let end = min((position / TILE + 1) * TILE, t) / 4;
    // Each thread sums exponentials below the largest score that it has seen so far: the scores are read once for both.
    let mut largest = f32::min_value();
    let mut sum = 0.0f32;
    for at in range_stepped(UNIT_POS as usize, position / 4 + 1, CUBE_DIM as usize) {
        let vector = scores[row + at];
        #[unroll]
        for nth in 0..4usize {
            let score = vector.extract(nth);
            if 4 * at + nth <= position {
                if score > largest {
                    sum = sum * (largest - score).exp() + 1.0;
                    largest = score;
                } else {
                    sum += (score - largest).exp();
                }
            }
        }
    }
    let row_largest = max_of_cube(largest);
    let scale = 1.0 / sum_of_cube(sum * (largest - row_largest).exp());
    for at in range_stepped(UNIT_POS as usize, end, CUBE_DIM as usize) {
        let vector = scores[row + at];
        let mut weights = Vec4::new(0.0);
        #[unroll]
        for nth in 0..4usize {
            if 4 * at + nth <= position {
                let mut weight = (vector.extract(nth) - row_largest).exp() * scale;
                if has_dropout {
                    weight *= factor(first_index + u32::cast_from(4 * (row + at) + nth), dropout);
                }
                weights.insert(nth, weight);
            }
        }
        scores[row + at] = weights;
    }
}

/// A workgroup for each row.
#[cube(launch)]
fn softmax_gradient(
    weights: &mut [Vec4],
    d: &mut [Vec4],
    rows: usize,
    t: usize,
    first_index: u32,
    dropout: &DropoutArgs,
    #[comptime] has_dropout: bool,
) {
    if CUBE_POS >= rows {
        terminate!();
    }
    let (position, row) = (CUBE_POS % t, CUBE_POS * (t / 4));
    let end = min((position / TILE + 1) * TILE, t) / 4;
    let mut sum = 0.0f32;
    for at in range_stepped(UNIT_POS as usize, position / 4 + 1, CUBE_DIM as usize) {
        let (weight, d) = (weights[row + at], d[row + at]);
        #[unroll]
        for nth in 0..4usize {
            if 4 * at + nth <= position {
                let mut product = weight.extract(nth) * d.extract(nth);
                if has_dropout {
                    product *= factor(first_index + u32::cast_from(4 * (row + at) + nth), dropout);
                }
                sum += product;
            }
        }
    }
    let mean = sum_of_cube(sum);
    for at in range_stepped(UNIT_POS as usize, end, CUBE_DIM as usize) {
        let (weight, gradient) = (weights[row + at], d[row + at]);
        let mut weights_after = Vec4::new(0.0);
        let mut d_scores = Vec4::new(0.0);
        #[unroll]
        for nth in 0..4usize {
            if 4 * at + nth <= position {
                let mut kept = 1.0f32;
                if has_dropout {
                    kept = factor(first_index + u32::cast_from(4 * (row + at) + nth), dropout);
                }
                let weight = weight.extract(nth);
                weights_after.insert(nth, weight * kept);
                d_scores.insert(nth, weight * (kept * gradient.extract(nth) - mean));
            }
        }
        if has_dropout {
            weights[row + at] = weights_after;
        }
        d[row + at] = d_scores;
    }
}
