//! The feed-forward half of a block, added to the stream: `stream + drop(gelu(x · W₁ + b₁) · W₂ + b₂)`.
//!
//! The activations h are made of each part of the first product by the task that has computed it, and their slopes beside, which
//! are kept: the gradient multiplies a product by them likewise. With d the gradient in the output, less what was dropped, and dz
//! that in the first product: `dz = d W₂ᵀ · gelu′`, `dW₂ = hᵀ d`, `dx = dz W₁ᵀ`, `dW₁ = xᵀ dz`. The limit is the arithmetic of
//! the six products; to it comes one exponential an activation.

use burn::tensor::Tensor;

use crate::gelu::gelu;
use crate::{Dropout, add_linear, linear};

/// `stream` and what two layers with a GELU between them make of `x`, some numbers of that being dropped.
///
/// # Shapes
///
/// - `stream`, `x`, and the output: `[N, C]`
/// - `into`: `[C, F]` and `[F]`, F numbers between the layers
/// - `out_of`: `[F, C]` and `[C]`
pub fn add_mlp(
    stream: Tensor<2>,
    x: Tensor<2>,
    into: (Tensor<2>, Tensor<1>),
    out_of: (Tensor<2>, Tensor<1>),
    dropped: Dropout,
) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&x) {
        let inputs = [stream.into(), x.into(), into.0.into(), into.1.into(), out_of.0.into(), out_of.1.into()];
        return crate::operation::run(cpu::AddMlp(dropped), inputs);
    }
    add_linear(stream, gelu(linear(x, into.0, into.1)), out_of.0, out_of.1, dropped)
}

#[cfg(feature = "flex")]
pub(crate) mod cpu {
    use crate::Dropout;
    use crate::gelu::cpu::{activate, activate_with_slopes};
    use crate::linear::cpu::{AddLinear, Linear};
    use crate::operation::{Operation, Values, View};
    use wordspace_gemm::{MatrixMut, WeightGradient, matmul_then, vectorized};

    #[derive(Clone, Debug)]
    pub struct AddMlp(pub Dropout);

    impl Operation<6> for AddMlp {
        /// Of every number between the layers, the activation and the slope. None if no gradient will be asked for.
        type Saved = Option<[Values; 2]>;

        fn forward(&self, [stream, x, w_1, b_1, w_2, b_2]: [View<'_>; 6], is_tracked: bool) -> (Values, Self::Saved) {
            let [n, f] = [x.dims()[0], b_1.len()];
            let mut slopes = Vec::with_capacity(if is_tracked { n * f } else { 0 });
            // SAFETY: if it is written to, there is room for as many numbers, which nobody else touches meanwhile.
            let parts = unsafe { MatrixMut::from_raw_parts(slopes.as_mut_ptr(), n, f, f) };
            let activations = matmul_then(Some(&b_1), x.matrix(), w_1.matrix(), None, |first, z| match is_tracked {
                false => activate(z),
                // SAFETY: who makes the activations makes the slopes of the same places, and nobody else.
                true => activate_with_slopes(z, unsafe { parts.elements(first, z.len()) }),
            });
            let activations = Values::new(activations, [n, f]);
            let (out, ()) = AddLinear(self.0).forward([stream, activations.view(), w_2, b_2], is_tracked);
            let saved = is_tracked.then(|| {
                // SAFETY: of every activation the slope was written.
                unsafe { slopes.set_len(n * f) };
                [activations, Values::new(slopes, [n, f])]
            });
            (out, saved)
        }

        fn backward(
            &self,
            [_, x, w_1, b_1, w_2, b_2]: [View<'_>; 6],
            saved: Self::Saved,
            d_out: Values,
            wanted: [bool; 6],
        ) -> [Option<Values>; 6] {
            let [activations, slopes] = saved.expect("a tracked one keeps them");
            let (activations, slopes) = (activations.view(), slopes.view());
            let d = self.0.of_gradient(&d_out);
            let sum = wanted[4].then(|| WeightGradient::new(activations.matrix(), d.view().matrix()));
            let tasks = sum.as_ref().map(WeightGradient::tasks);
            let d_activations = matmul_then(None, d.view().matrix(), w_2.matrix().transposed(), tasks, |first, d| {
                vectorized(
                    #[inline(always)]
                    || {
                        let slopes = &slopes[first..][..d.len()];
                        for i in 0..d.len() {
                            d[i] *= slopes[i];
                        }
                    },
                )
            });
            let d_activations = Values::like(d_activations, activations);
            let d_b_2 =
                wanted[5].then(|| Values::like(WeightGradient::bias_gradient(sum.as_ref(), d.view().matrix()), b_2));
            let d_w_2 = sum.map(|sum| Values::like(sum.finish(), w_2));
            let of_first = [x, w_1, b_1];
            let [d_x, d_w_1, d_b_1] = Linear.backward(of_first, (), d_activations, [wanted[1], wanted[2], wanted[3]]);
            [wanted[0].then_some(d_out), d_x, d_w_1, d_b_1, d_w_2, d_b_2]
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::module;

    use super::*;
    #[cfg(feature = "wgpu")]
    use crate::oracle::agrees_on;
    use crate::oracle::{agrees, random};

    fn given([n, c, f]: [usize; 3]) -> [Tensor<2>; 6] {
        let [stream, x] = [2.0, 1.0].map(|scale| random([n, c], scale));
        [stream, x, random([c, f], 0.3), random([1, f], 1.0), random([f, c], 0.3), random([1, c], 1.0)]
    }

    fn ours(dropped: Dropout) -> impl Fn([Tensor<2>; 6]) -> Tensor<2> {
        move |[stream, x, w_1, b_1, w_2, b_2]| {
            add_mlp(stream, x, (w_1, b_1.flatten(0, 1)), (w_2, b_2.flatten(0, 1)), dropped)
        }
    }

    fn stock(dropped: Dropout) -> impl Fn([Tensor<2>; 6]) -> Tensor<2> {
        move |[stream, x, w_1, b_1, w_2, b_2]| {
            let activations = crate::gelu::stock(module::linear(x, w_1, Some(b_1.flatten(0, 1))));
            let made = module::linear(activations, w_2, Some(b_2.flatten(0, 1)));
            stream + crate::dropout::stock(made, dropped)
        }
    }

    #[test]
    fn it_is_its_definition_in_value_and_gradient() {
        for sizes in [[1, 1, 1], [5, 3, 7], [300, 64, 192], [40, 9, 130], [1100, 9, 20]] {
            for dropped in [Dropout::NONE, Dropout::new(0.2, 9)] {
                agrees(given(sizes), ours(dropped), stock(dropped));
            }
        }
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too() {
        let Some(gpu) = crate::oracle::gpu("two layers on a GPU") else { return };
        for dropped in [Dropout::NONE, Dropout::new(0.2, 9)] {
            agrees_on(&gpu, given([130, 20, 132]), ours(dropped), stock(dropped));
        }
    }
}
