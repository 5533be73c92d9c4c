//! Causal attention on a GPU: products by tiles, and between them the softmax of every row, where its scores lie.
//!
//! Tiles of scores that look ahead are never made, written or read. Heads are read where they lie beside each other in queries,
//! keys and values, and written so.

use burn::tensor::Tensor;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use crate::Dropout;
use crate::dropout::{Drops, factor};
use crate::gpu::{
    FEW_UNITS, Four, Gpu, Matrix, Onto, Part, Queued, TILE, empty, grid_of_cubes, is_of_fours, largest_buffer,
    largest_of_cube, multiply, one, queue, sum_of_cube,
};
use crate::node::Node;

/// The bytes of scores that are made at a time, if a row of the batch needs no more.
const AT_ONCE: usize = 256 << 20;

#[derive(Clone, Copy, Debug)]
pub struct Attention {
    pub t: usize,
    pub heads: usize,
    pub dropped: Dropout,
}

impl Attention {
    /// Whether the products of our own can be used.
    pub fn fits(&self, qkv: &Tensor<2>) -> bool {
        crate::gpu::is_ours(qkv)
            && is_of_fours(self.t)
            && is_of_fours(qkv.dims()[1] / 3 / self.heads)
            && self.bytes_of_a_row() as u64 <= largest_buffer(&qkv.device())
    }

    /// Of the scores of a row of the batch.
    fn bytes_of_a_row(&self) -> usize {
        4 * self.heads * self.t * self.t
    }
}

impl Node<Gpu, 1> for Attention {
    type Saved = (Self, Queued);

    fn forward(&self, [qkv]: [Queued; 1], _: bool) -> (Queued, Self::Saved) {
        let (attention, saved) = (*self, qkv.clone());
        let (n, c) = (qkv.shape[0], qkv.shape[1] / 3);
        let out = one(queue("causal_attention", [qkv], [[n, c].into()], move |[qkv]| {
            let out = empty(&qkv, [n, c]);
            for rows in attention.pieces(&qkv) {
                let weights = rows.weights(attention.dropped);
                let [_, _, v] = rows.queries_keys_values(&qkv);
                rows.multiply(rows.heads(&out, 0), 1.0, rows.square(&weights), v, Part::LowerLeft);
            }
            [out]
        }));
        (out, (*self, saved))
    }

    fn backward((attention, qkv): Self::Saved, d_out: Queued, _: [bool; 1]) -> [Option<Queued>; 1] {
        let shape = qkv.shape.clone();
        [Some(one(queue("causal_attention_gradient", [qkv, d_out], [shape.clone()], move |[qkv, d_out]| {
            let d_qkv = empty(&qkv, shape.clone());
            for rows in attention.pieces(&qkv) {
                let [q, k, v] = rows.queries_keys_values(&qkv);
                let [d_q, d_k, d_v] = rows.queries_keys_values(&d_qkv);
                let (d_out, scale) = (rows.heads(&d_out, 0), rows.scale());
                let (weights, d_scores) = (rows.weights(Dropout::NONE), rows.scores());
                rows.multiply(rows.square(&d_scores), 1.0, d_out, v.turned(), Part::LowerResult);
                rows.differentiate(&weights, &d_scores, attention.dropped);
                let (weights, d_scores) = (rows.square(&weights), rows.square(&d_scores));
                rows.multiply(d_v, 1.0, weights.turned(), d_out, Part::UpperLeft);
                rows.multiply(d_q, scale, d_scores, k, Part::LowerLeft);
                rows.multiply(d_k, scale, d_scores.turned(), q, Part::UpperLeft);
            }
            [d_qkv]
        })))]
    }
}

impl Attention {
    /// The rows of the batch, as many at a time as may be.
    fn pieces<'a>(&self, qkv: &'a CubeTensor) -> impl Iterator<Item = Rows<'a>> + use<'a> {
        let attention = *self;
        let rows = qkv.meta.shape()[0] / attention.t;
        let at_once = (AT_ONCE / attention.bytes_of_a_row().max(1)).clamp(1, rows.max(1));
        (0..rows).step_by(at_once).map(move |first| Rows { attention, qkv, first, count: at_once.min(rows - first) })
    }
}

/// Some rows of the batch.
struct Rows<'a> {
    attention: Attention,
    qkv: &'a CubeTensor,
    first: usize,
    count: usize,
}

impl Rows<'_> {
    /// 1/√D.
    fn scale(&self) -> f32 {
        let d = self.qkv.meta.shape()[1] / 3 / self.attention.heads;
        1.0 / (d as f32).sqrt()
    }

    /// A head's part of the columns of `tensor`, `[N, n·C]`, the `nth` part of whose columns is meant: `[T, D]`.
    fn heads<'a>(&self, tensor: &'a CubeTensor, nth: usize) -> Matrix<'a> {
        let Attention { t, heads, .. } = self.attention;
        let (c, width) = (self.qkv.meta.shape()[1] / 3, tensor.meta.shape()[1]);
        let (start, apart) = (self.first * t * width + nth * c, [t * width, c / heads]);
        Matrix { rows: t, columns: c / heads, start, apart, ..Matrix::new(tensor) }
    }

    fn queries_keys_values<'a>(&self, tensor: &'a CubeTensor) -> [Matrix<'a>; 3] {
        [0, 1, 2].map(|nth| self.heads(tensor, nth))
    }

    /// Memory for a number for every two places of each head: `[B, H, T, T]`.
    fn scores(&self) -> CubeTensor {
        let Attention { t, heads, .. } = self.attention;
        empty(self.qkv, [self.count * heads * t, t])
    }

    /// A head's part of [`Self::scores`].
    fn square<'a>(&self, scores: &'a CubeTensor) -> Matrix<'a> {
        let Attention { t, heads, .. } = self.attention;
        Matrix { rows: t, apart: [heads * t * t, t * t], ..Matrix::new(scores) }
    }

    fn multiply(&self, out: Matrix<'_>, scale: f32, a: Matrix<'_>, b: Matrix<'_>, part: Part) {
        multiply(out, Onto::Nothing, scale, a, b, part, [self.count, self.attention.heads]);
    }

    /// How much each place takes of those before it, some of which are `dropped`.
    fn weights(&self, dropped: Dropout) -> CubeTensor {
        let scores = self.scores();
        let [q, k, _] = self.queries_keys_values(self.qkv);
        self.multiply(self.square(&scores), self.scale(), q, k.turned(), Part::LowerResult);
        let (t, rows) = (self.attention.t, scores.meta.shape()[0]);
        let (cubes, cube) = grid_of_cubes(&scores.client, rows, FEW_UNITS);
        let (client, scores_arg) = (&scores.client, scores.clone().into_buffer_arg());
        softmax::launch(client, cubes, cube, scores_arg, rows, t, self.place(), dropped.drops(), !dropped.is_none());
        scores
    }

    /// Turns the gradient in what the places take into that in the scores; and `weights` into what is left when some are
    /// `dropped`.
    fn differentiate(&self, weights: &CubeTensor, d: &CubeTensor, dropped: Dropout) {
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
            self.place(),
            dropped.drops(),
            !dropped.is_none(),
        );
    }

    /// Where the first of the scores lies among those of the whole batch, by which it is chosen what is dropped.
    fn place(&self) -> u32 {
        (self.first * self.attention.bytes_of_a_row() / 4) as u32
    }
}

/// A cube for each row of scores, which it turns into their softmax; zero is written ahead, up to the end of the tile.
#[cube(launch)]
fn softmax(scores: &mut [Four], rows: usize, t: usize, first: u32, drops: &Drops, #[comptime] is_any_dropped: bool) {
    if CUBE_POS >= rows {
        terminate!();
    }
    let (place, from) = (CUBE_POS % t, CUBE_POS * (t / 4));
    let end = min((place / TILE + 1) * TILE, t) / 4;
    // A unit's sum of exponentials is always below its own largest score, so that the scores are read once for both.
    let mut largest = f32::min_value();
    let mut sum = 0.0f32;
    for at in range_stepped(UNIT_POS as usize, place / 4 + 1, CUBE_DIM as usize) {
        let four = scores[from + at];
        #[unroll]
        for nth in 0..4usize {
            let score = four.extract(nth);
            if 4 * at + nth <= place {
                if score > largest {
                    sum = sum * (largest - score).exp() + 1.0;
                    largest = score;
                } else {
                    sum += (score - largest).exp();
                }
            }
        }
    }
    let most = largest_of_cube(largest);
    let share = 1.0 / sum_of_cube(sum * (largest - most).exp());
    for at in range_stepped(UNIT_POS as usize, end, CUBE_DIM as usize) {
        let four = scores[from + at];
        let mut weights = Four::new(0.0);
        #[unroll]
        for nth in 0..4usize {
            if 4 * at + nth <= place {
                let mut weight = (four.extract(nth) - most).exp() * share;
                if is_any_dropped {
                    weight *= factor(first + u32::cast_from(4 * (from + at) + nth), drops);
                }
                weights.insert(nth, weight);
            }
        }
        scores[from + at] = weights;
    }
}

/// A cube for each row.
#[cube(launch)]
fn softmax_gradient(
    weights: &mut [Four],
    d: &mut [Four],
    rows: usize,
    t: usize,
    first: u32,
    drops: &Drops,
    #[comptime] is_any_dropped: bool,
) {
    if CUBE_POS >= rows {
        terminate!();
    }
    let (place, from) = (CUBE_POS % t, CUBE_POS * (t / 4));
    let end = min((place / TILE + 1) * TILE, t) / 4;
    let mut sum = 0.0f32;
    for at in range_stepped(UNIT_POS as usize, place / 4 + 1, CUBE_DIM as usize) {
        let (weight, d) = (weights[from + at], d[from + at]);
        #[unroll]
        for nth in 0..4usize {
            if 4 * at + nth <= place {
                let mut product = weight.extract(nth) * d.extract(nth);
                if is_any_dropped {
                    product *= factor(first + u32::cast_from(4 * (from + at) + nth), drops);
                }
                sum += product;
            }
        }
    }
    let mean = sum_of_cube(sum);
    for at in range_stepped(UNIT_POS as usize, end, CUBE_DIM as usize) {
        let (weight, gradient) = (weights[from + at], d[from + at]);
        let mut left = Four::new(0.0);
        let mut turned = Four::new(0.0);
        #[unroll]
        for nth in 0..4usize {
            if 4 * at + nth <= place {
                let mut kept = 1.0f32;
                if is_any_dropped {
                    kept = factor(first + u32::cast_from(4 * (from + at) + nth), drops);
                }
                let weight = weight.extract(nth);
                left.insert(nth, weight * kept);
                turned.insert(nth, weight * (kept * gradient.extract(nth) - mean));
            }
        }
        if is_any_dropped {
            weights[from + at] = left;
        }
        d[from + at] = turned;
    }
}
