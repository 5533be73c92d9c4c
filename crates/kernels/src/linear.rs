//! A product and a bias, alone or added to a stream: `y = x · weight + bias`, `stream + drop(y)`.
//!
//! The product is added to the bias where it is written, and what it is added to is read by the task that has computed it, so that
//! no number is touched twice. Its gradients are two products and a sum over the rows. The limit is the arithmetic of the products.

#[cfg(feature = "cube")]
mod gpu;

use burn::tensor::{Tensor, module};

use crate::dropout::{Dropout, add_dropped};

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
        return crate::operation::run(cpu::Linear, [x.into(), weight.into(), bias.into()]);
    }
    #[cfg(feature = "cube")]
    if gpu::Linear::fits(&x, &weight) {
        return crate::gpu::run(gpu::Linear, [x.into(), weight.into(), bias.into()]);
    }
    module::linear(x, weight, Some(bias))
}

/// `stream + x · weight + bias`, some numbers of what is added being dropped.
///
/// # Shapes
///
/// - `stream`, and the output: `[N, out]`
/// - the others: as for [`linear`]
pub fn add_linear(stream: Tensor<2>, x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>, dropped: Dropout) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&x) {
        let inputs = [stream.into(), x.into(), weight.into(), bias.into()];
        return crate::operation::run(cpu::AddLinear(dropped), inputs);
    }
    add_dropped(stream, linear(x, weight, bias), dropped)
}

#[cfg(feature = "flex")]
pub(crate) mod cpu {
    use crate::Dropout;
    use crate::operation::{Operation, Values, View};
    use wordspace_gemm::{Threads, WeightGradient, matmul, matmul_then};

    #[derive(Clone, Debug)]
    pub struct Linear;

    impl Operation<3> for Linear {
        type Saved = ();

        fn forward(&self, [x, weight, bias]: [View<'_>; 3], _: bool) -> (Values, ()) {
            let out = matmul(Some(&bias), 1.0, x.matrix(), weight.matrix(), Threads::All);
            (Values::new(out, [x.dims()[0], bias.len()]), ())
        }

        fn backward(
            &self,
            [x, weight, bias]: [View<'_>; 3],
            (): (),
            d_out: Values,
            wanted: [bool; 3],
        ) -> [Option<Values>; 3] {
            let d = d_out.view();
            let sum = wanted[1].then(|| WeightGradient::new(x.matrix(), d.matrix()));
            let tasks = sum.as_ref().map(WeightGradient::tasks);
            let d_x = wanted[0].then(|| {
                Values::like(matmul_then(None, d.matrix(), weight.matrix().transposed(), tasks, |_, _| ()), x)
            });
            let d_bias = wanted[2].then(|| Values::like(WeightGradient::bias_gradient(sum.as_ref(), d.matrix()), bias));
            let d_weight = sum.map(|sum| Values::like(sum.finish(), weight));
            [d_x, d_weight, d_bias]
        }
    }

    #[derive(Clone, Debug)]
    pub struct AddLinear(pub Dropout);

    impl Operation<4> for AddLinear {
        type Saved = ();

        fn forward(&self, [stream, x, weight, bias]: [View<'_>; 4], _: bool) -> (Values, ()) {
            let out = matmul_then(Some(&bias), x.matrix(), weight.matrix(), None, self.0.added_to(&stream));
            (Values::like(out, stream), ())
        }

        fn backward(
            &self,
            [_, x, weight, bias]: [View<'_>; 4],
            (): (),
            d_out: Values,
            [stream, wanted @ ..]: [bool; 4],
        ) -> [Option<Values>; 4] {
            let d = self.0.of_gradient(&d_out);
            let [d_x, d_weight, d_bias] = Linear.backward([x, weight, bias], (), d, wanted);
            [stream.then_some(d_out), d_x, d_weight, d_bias]
        }
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
        for sizes in [[1, 1, 1], [5, 3, 7], [300, 64, 192], [300, 192, 64], [1100, 16, 24], [1100, 24, 130]] {
            agrees(given(sizes), ours, stock);
        }
    }

    #[test]
    fn what_is_added_to_a_stream_is_added_once_and_dropped_alone() {
        for sizes in [[1, 1, 1], [5, 3, 7], [300, 64, 192], [40, 9, 130]] {
            for dropped in [Dropout::NONE, Dropout::new(0.2, 9)] {
                let ([x, weight, bias], stream) = (given(sizes), random([sizes[0], sizes[2]], 2.0));
                agrees(
                    [stream, x, weight, bias],
                    |[stream, x, weight, bias]| add_linear(stream, x, weight, bias.flatten(0, 1), dropped),
                    |[stream, x, weight, bias]| stream + crate::dropout::stock(stock([x, weight, bias]), dropped),
                );
            }
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
