//! Layer normalisation on a GPU: a workgroup for each row. The gradients of weight and bias are summed over chunks of rows, then
//! over the chunks.

use burn::tensor::Tensor;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use crate::gpu::{
    FEW_UNITS, Gpu, Queued, Vec4, empty, grid, grid_of_cubes, is_vec4_aligned, one, queue, sum_of_cube, sum_parts,
};
use crate::node::Node;

/// Rows of a chunk, which a thread sums.
const ROWS: usize = 64;

#[derive(Clone, Copy, Debug)]
pub struct LayerNorm {
    epsilon: f32,
}

impl LayerNorm {
    pub fn new(epsilon: f64) -> Self {
        Self { epsilon: epsilon as f32 }
    }
}

/// Whether rows are whole vectors.
pub fn takes(x: &Tensor<2>) -> bool {
    is_vec4_aligned(x.dims()[1])
}

impl Node<3> for LayerNorm {
    type Backend = Gpu;
    /// x and weight.
    type Saved = (f32, [Queued; 2]);

    fn forward(&self, [x, weight, bias]: [Queued; 3], _: bool) -> (Queued, Self::Saved) {
        let (epsilon, shape, saved) = (self.epsilon, x.shape.clone(), [x.clone(), weight.clone()]);
        let out = one(queue("layer_norm", [x, weight, bias], [shape.clone()], move |[x, weight, bias]| {
            let out = empty(&x, shape.clone());
            let (count, cube) = grid_of_cubes(&out.client, x.meta.shape()[0], FEW_UNITS);
            let vectors = x.meta.shape()[1] / 4;
            let [x, weight, bias] = [x, weight, bias].map(CubeTensor::into_buffer_arg);
            let (client, to) = (&out.client, out.clone().into_buffer_arg());
            layer_norm::launch(client, count, cube, x, weight, bias, to, vectors, epsilon);
            [out]
        }));
        (out, (epsilon, saved))
    }

    fn backward((epsilon, [x, weight]): Self::Saved, d_out: Queued, _: [bool; 3]) -> [Option<Queued>; 3] {
        let [n, c] = [x.shape[0], x.shape[1]];
        let shapes = [[n, c].into(), [c].into(), [c].into()];
        let gradients = queue("layer_norm_gradient", [x, weight, d_out], shapes, move |[x, weight, d_out]| {
            let (d_x, stats) = (empty(&x, [n, c]), empty(&x, [n, 2]));
            let (count, cube) = grid_of_cubes(&x.client, n, FEW_UNITS);
            let args = [&x, &weight, &d_out, &d_x, &stats].map(|tensor| tensor.clone().into_buffer_arg());
            let [x_arg, weight, d, d_x_arg, stats_arg] = args;
            layer_norm_gradient::launch(&x.client, count, cube, x_arg, weight, d, d_x_arg, stats_arg, c / 4, epsilon);

            let chunks = n.div_ceil(ROWS);
            let [weights, biases] = [(); 2].map(|()| empty(&x, [chunks, c]));
            let (count, cube) = grid(&x.client, chunks * c / 4);
            let args = [&x, &d_out, &stats, &weights, &biases].map(|tensor| tensor.clone().into_buffer_arg());
            let [x_arg, d, stats_arg, weights_arg, biases_arg] = args;
            sum_over_rows::launch(&x.client, count, cube, x_arg, d, stats_arg, weights_arg, biases_arg, n, c / 4);
            let [d_weight, d_bias] = [weights, biases].map(|sums| {
                let sum = empty(&sums, [c]);
                sum_parts(&sums, &sum, chunks, c);
                sum
            });
            [d_x, d_weight, d_bias]
        });
        gradients.map(Some)
    }
}

/// A workgroup for each row of so many `vectors`.
#[cube(launch)]
fn layer_norm(x: &[Vec4], weight: &[Vec4], bias: &[Vec4], out: &mut [Vec4], vectors: usize, epsilon: f32) {
    if CUBE_POS >= out.len() / vectors {
        terminate!();
    }
    let row = CUBE_POS * vectors;
    let (mean, scale) = mean_and_scale(x, row, vectors, epsilon);
    for at in range_stepped(UNIT_POS as usize, vectors, CUBE_DIM as usize) {
        out[row + at] = (x[row + at] - Vec4::new(mean)) * Vec4::new(scale) * weight[at] + bias[at];
    }
}

/// A workgroup for each row, which also writes the row's mean and scale to `stats`, `[N, 2]`.
#[cube(launch)]
fn layer_norm_gradient(
    x: &[Vec4],
    weight: &[Vec4],
    d: &[Vec4],
    d_x: &mut [Vec4],
    stats: &mut [f32],
    vectors: usize,
    epsilon: f32,
) {
    if CUBE_POS >= d_x.len() / vectors {
        terminate!();
    }
    let row = CUBE_POS * vectors;
    let (mean, scale) = mean_and_scale(x, row, vectors, epsilon);
    if UNIT_POS == 0 {
        stats[2 * CUBE_POS] = mean;
        stats[2 * CUBE_POS + 1] = scale;
    }
    let mut sum = Vec4::new(0.0);
    let mut product = Vec4::new(0.0);
    for at in range_stepped(UNIT_POS as usize, vectors, CUBE_DIM as usize) {
        let scaled = d[row + at] * weight[at];
        sum += scaled;
        product += scaled * (x[row + at] - Vec4::new(mean)) * Vec4::new(scale);
    }
    let count = f32::cast_from(4 * vectors);
    let sum = sum_of_cube(sum_of_vector(sum)) / count;
    let product = sum_of_cube(sum_of_vector(product)) / count;
    for at in range_stepped(UNIT_POS as usize, vectors, CUBE_DIM as usize) {
        let normalized = (x[row + at] - Vec4::new(mean)) * Vec4::new(scale);
        d_x[row + at] =
            (d[row + at] * weight[at] - Vec4::new(sum) - normalized * Vec4::new(product)) * Vec4::new(scale);
    }
}

/// A thread for each vector of columns of each chunk of rows.
#[cube(launch)]
fn sum_over_rows(
    x: &[Vec4],
    d: &[Vec4],
    stats: &[f32],
    weights: &mut [Vec4],
    biases: &mut [Vec4],
    rows: usize,
    vectors: usize,
) {
    if ABSOLUTE_POS >= weights.len() {
        terminate!();
    }
    let (chunk, column) = (ABSOLUTE_POS / vectors, ABSOLUTE_POS % vectors);
    let mut weight = Vec4::new(0.0);
    let mut bias = Vec4::new(0.0);
    for row in chunk * ROWS..min((chunk + 1) * ROWS, rows) {
        let d = d[row * vectors + column];
        let normalized = (x[row * vectors + column] - Vec4::new(stats[2 * row])) * Vec4::new(stats[2 * row + 1]);
        weight += d * normalized;
        bias += d;
    }
    weights[ABSOLUTE_POS] = weight;
    biases[ABSOLUTE_POS] = bias;
}

/// The mean of a row, and `1 / √(variance + ε)`.
#[cube]
fn mean_and_scale(x: &[Vec4], row: usize, vectors: usize, epsilon: f32) -> (f32, f32) {
    let count = f32::cast_from(4 * vectors);
    let mut sum = Vec4::new(0.0);
    for at in range_stepped(UNIT_POS as usize, vectors, CUBE_DIM as usize) {
        sum += x[row + at];
    }
    let mean = sum_of_cube(sum_of_vector(sum)) / count;
    let mut squares = Vec4::new(0.0);
    for at in range_stepped(UNIT_POS as usize, vectors, CUBE_DIM as usize) {
        let difference = x[row + at] - Vec4::new(mean);
        squares += difference * difference;
    }
    let variance = sum_of_cube(sum_of_vector(squares)) / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

#[cube]
fn sum_of_vector(vector: Vec4) -> f32 {
    vector.extract(0usize) + vector.extract(1usize) + (vector.extract(2usize) + vector.extract(3usize))
}
