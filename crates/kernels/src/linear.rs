//! A product and a bias: `y = x · weight + bias`.
//!
//! The product is added to the bias where it is written, so that no number is touched twice. Its gradients are two products and
//! a sum over the rows. The limit is the arithmetic of the products.

#[cfg(feature = "cube")]
mod gpu;

use burn::tensor::{Tensor, module};

/// `x · weight + bias`, with the weight as `[in, out]`.
///
/// # Shapes
///
/// - `x`: `[N, in]`
/// - `weight`: `[in, out]`
/// - `bias`: `[out]`
/// - output: `[N, out]`
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&x) {
        return crate::operation::run(processor::Linear, [x.into(), weight.into(), bias.into()]);
    }
    #[cfg(feature = "cube")]
    if gpu::Linear::fits(&x, &weight) {
        return crate::gpu::run(gpu::Linear, [x.into(), weight.into(), bias.into()]);
    }
    module::linear(x, weight, Some(bias))
}

#[cfg(feature = "flex")]
mod processor {
    use crate::operation::{Operation, Values, View};
    use crate::processor::{Matrix, Threads, each_of, product, sum_in_order, sum_of_rows};

    #[derive(Clone, Debug)]
    pub struct Linear;

    impl Operation<3> for Linear {
        type Saved = ();

        fn forward(&self, [x, weight, bias]: [View<'_>; 3], _: bool) -> (Values, ()) {
            let ([n, inputs], [_, outputs]) = (x.dims(), weight.dims());
            let (x, weight) = (Matrix::new(&x, n, inputs), Matrix::new(&weight, inputs, outputs));
            (Values::new(product(Some(&bias), 1.0, x, weight, Threads::All), [n, outputs]), ())
        }

        fn backward(
            &self,
            [x, weight, _]: [View<'_>; 3],
            (): (),
            d_out: Values,
            wanted: [bool; 3],
        ) -> [Option<Values>; 3] {
            let ([n, inputs], [_, outputs]) = (x.dims(), weight.dims());
            let d_out = d_out.view();
            let d = Matrix::new(&d_out, n, outputs);
            let d_x = wanted[0].then(|| {
                let weight = Matrix::new(&weight, inputs, outputs).transposed();
                Values::new(product(None, 1.0, d, weight, Threads::All), [n, inputs])
            });
            let d_weight =
                wanted[1].then(|| Values::new(product_over_rows(Matrix::new(&x, n, inputs), d), [inputs, outputs]));
            let d_bias = wanted[2].then(|| Values::new(sum_of_rows(&d_out, outputs), [outputs]));
            [d_x, d_weight, d_bias]
        }
    }

    /// `xᵀ d`, the sum over the N rows of both. Where the result has few rows, every piece of rows gets one of its own, and
    /// these are added.
    fn product_over_rows(x: Matrix<'_>, d: Matrix<'_>) -> Vec<f32> {
        /// How many rows make a piece.
        const ROWS: usize = 512;
        /// How many rows of the result are few.
        const FEW: usize = 64;
        let ([n, inputs], [_, outputs]) = (x.dims(), d.dims());
        if n < 2 * ROWS || inputs > FEW {
            return product(None, 1.0, x.transposed(), d, Threads::All);
        }
        let pieces = each_of(0..n.div_ceil(ROWS), |piece, _| {
            let rows = piece * ROWS..n.min((piece + 1) * ROWS);
            product(None, 1.0, x.rows(rows.clone()).transposed(), d.rows(rows), Threads::One)
        });
        sum_in_order(pieces, inputs * outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "wgpu")]
    use crate::oracle::agrees_on;
    use crate::oracle::{agrees, random};

    fn given([n, inputs, outputs]: [usize; 3]) -> [Tensor<2>; 3] {
        [random([n, inputs], 1.0), random([inputs, outputs], 0.3), random([1, outputs], 1.0)]
    }

    fn ours([x, weight, bias]: [Tensor<2>; 3]) -> Tensor<2> {
        linear(x, weight, bias.flatten(0, 1))
    }

    fn stock([x, weight, bias]: [Tensor<2>; 3]) -> Tensor<2> {
        module::linear(x, weight, Some(bias.flatten(0, 1)))
    }

    #[test]
    fn it_is_its_definition_in_value_and_gradient() {
        for sizes in [[1, 1, 1], [5, 3, 7], [300, 64, 192], [1100, 16, 24]] {
            agrees(given(sizes), ours, stock);
        }
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too_with_few_rows_and_ragged_tiles_and_a_depth_in_pieces() {
        let Some(gpu) = crate::oracle::gpu("a linear layer on a GPU") else { return };
        for sizes in [[1, 4, 8], [5, 3, 7], [130, 20, 132], [1300, 16, 24], [20, 1300, 12]] {
            agrees_on(&gpu, given(sizes), ours, stock);
        }
    }
}
