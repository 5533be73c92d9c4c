//! Layer normalisation on a GPU: a cube for each row; the gradients in weight and bias are summed over some rows side by side,
//! then over these.

use burn::tensor::Tensor;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use crate::gpu::{
    FEW_UNITS, Four, Gpu, Queued, empty, grid, grid_of_cubes, is_of_fours, one, queue, sum_of_cube, sum_parts,
};
use crate::node::Node;

/// How many rows a unit sums.
const ROWS: usize = 64;

#[derive(Clone, Copy, Debug)]
pub struct LayerNorm {
    pub epsilon: f32,
}

impl LayerNorm {
    /// Whether rows are read by the kernels.
    pub fn fits(x: &Tensor<2>) -> bool {
        crate::gpu::is_ours(x) && is_of_fours(x.dims()[1])
    }
}

impl Node<Gpu, 3> for LayerNorm {
    /// Input and weight.
    type Saved = (f32, [Queued; 2]);

    fn forward(&self, [x, weight, bias]: [Queued; 3], _: bool) -> (Queued, Self::Saved) {
        let (epsilon, shape, saved) = (self.epsilon, x.shape.clone(), [x.clone(), weight.clone()]);
        let out = one(queue("layer_norm", [x, weight, bias], [shape.clone()], move |[x, weight, bias]| {
            let out = empty(&x, shape.clone());
            let (count, cube) = grid_of_cubes(&out.client, x.meta.shape()[0], FEW_UNITS);
            let fours = x.meta.shape()[1] / 4;
            let [x, weight, bias] = [x, weight, bias].map(CubeTensor::into_buffer_arg);
            layer_norm::launch(
                &out.client,
                count,
                cube,
                x,
                weight,
                bias,
                out.clone().into_buffer_arg(),
                fours,
                epsilon,
            );
            [out]
        }));
        (out, (epsilon, saved))
    }

    fn backward((epsilon, [x, weight]): Self::Saved, d_out: Queued, _: [bool; 3]) -> [Option<Queued>; 3] {
        let [n, c] = [x.shape[0], x.shape[1]];
        let shapes = [[n, c].into(), [c].into(), [c].into()];
        let gradients = queue("layer_norm_gradient", [x, weight, d_out], shapes, move |[x, weight, d_out]| {
            let (d_x, of_rows) = (empty(&x, [n, c]), empty(&x, [n, 2]));
            let (count, cube) = grid_of_cubes(&x.client, n, FEW_UNITS);
            let args = [&x, &weight, &d_out, &d_x, &of_rows].map(|tensor| tensor.clone().into_buffer_arg());
            let [x_arg, weight, d, d_x_arg, of_rows_arg] = args;
            layer_norm_gradient::launch(&x.client, count, cube, x_arg, weight, d, d_x_arg, of_rows_arg, c / 4, epsilon);

            let pieces = n.div_ceil(ROWS);
            let [weights, biases] = [(); 2].map(|()| empty(&x, [pieces, c]));
            let (count, cube) = grid(&x.client, pieces * c / 4);
            let args = [&x, &d_out, &of_rows, &weights, &biases].map(|tensor| tensor.clone().into_buffer_arg());
            let [x_arg, d, of_rows_arg, weights_arg, biases_arg] = args;
            sum_over_rows::launch(&x.client, count, cube, x_arg, d, of_rows_arg, weights_arg, biases_arg, n, c / 4);
            let [d_weight, d_bias] = [weights, biases].map(|parts| {
                let sum = empty(&parts, [c]);
                sum_parts(&parts, &sum, pieces, c);
                sum
            });
            [d_x, d_weight, d_bias]
        });
        gradients.map(Some)
    }
}

/// A cube for each row, of so many `fours`.
#[cube(launch)]
fn layer_norm(x: &[Four], weight: &[Four], bias: &[Four], out: &mut [Four], fours: usize, epsilon: f32) {
    if CUBE_POS >= out.len() / fours {
        terminate!();
    }
    let row = CUBE_POS * fours;
    let (mean, rate) = mean_and_rate(x, row, fours, epsilon);
    for at in range_stepped(UNIT_POS as usize, fours, CUBE_DIM as usize) {
        out[row + at] = (x[row + at] - Four::new(mean)) * Four::new(rate) * weight[at] + bias[at];
    }
}

/// A cube for each row, which also writes mean and factor of the row.
#[cube(launch)]
fn layer_norm_gradient(
    x: &[Four],
    weight: &[Four],
    d: &[Four],
    d_x: &mut [Four],
    of_rows: &mut [f32],
    fours: usize,
    epsilon: f32,
) {
    if CUBE_POS >= d_x.len() / fours {
        terminate!();
    }
    let row = CUBE_POS * fours;
    let (mean, rate) = mean_and_rate(x, row, fours, epsilon);
    if UNIT_POS == 0 {
        of_rows[2 * CUBE_POS] = mean;
        of_rows[2 * CUBE_POS + 1] = rate;
    }
    let mut sum = Four::new(0.0);
    let mut along = Four::new(0.0);
    for at in range_stepped(UNIT_POS as usize, fours, CUBE_DIM as usize) {
        let scaled = d[row + at] * weight[at];
        sum += scaled;
        along += scaled * (x[row + at] - Four::new(mean)) * Four::new(rate);
    }
    let count = f32::cast_from(4 * fours);
    let sum = sum_of_cube(sum_of_four(sum)) / count;
    let along = sum_of_cube(sum_of_four(along)) / count;
    for at in range_stepped(UNIT_POS as usize, fours, CUBE_DIM as usize) {
        let normal = (x[row + at] - Four::new(mean)) * Four::new(rate);
        d_x[row + at] = (d[row + at] * weight[at] - Four::new(sum) - normal * Four::new(along)) * Four::new(rate);
    }
}

/// A unit for each [`Four`] of columns of each piece of rows.
#[cube(launch)]
fn sum_over_rows(
    x: &[Four],
    d: &[Four],
    of_rows: &[f32],
    weights: &mut [Four],
    biases: &mut [Four],
    rows: usize,
    fours: usize,
) {
    if ABSOLUTE_POS >= weights.len() {
        terminate!();
    }
    let (piece, column) = (ABSOLUTE_POS / fours, ABSOLUTE_POS % fours);
    let mut weight = Four::new(0.0);
    let mut bias = Four::new(0.0);
    for row in piece * ROWS..min((piece + 1) * ROWS, rows) {
        let d = d[row * fours + column];
        let normal = (x[row * fours + column] - Four::new(of_rows[2 * row])) * Four::new(of_rows[2 * row + 1]);
        weight += d * normal;
        bias += d;
    }
    weights[ABSOLUTE_POS] = weight;
    biases[ABSOLUTE_POS] = bias;
}

/// Mean of a row, and `1 / √(variance + ε)`.
#[cube]
fn mean_and_rate(x: &[Four], row: usize, fours: usize, epsilon: f32) -> (f32, f32) {
    let count = f32::cast_from(4 * fours);
    let mut sum = Four::new(0.0);
    for at in range_stepped(UNIT_POS as usize, fours, CUBE_DIM as usize) {
        sum += x[row + at];
    }
    let mean = sum_of_cube(sum_of_four(sum)) / count;
    let mut squares = Four::new(0.0);
    for at in range_stepped(UNIT_POS as usize, fours, CUBE_DIM as usize) {
        let off = x[row + at] - Four::new(mean);
        squares += off * off;
    }
    let variance = sum_of_cube(sum_of_four(squares)) / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

#[cube]
fn sum_of_four(four: Four) -> f32 {
    four.extract(0usize) + four.extract(1usize) + (four.extract(2usize) + four.extract(3usize))
}
