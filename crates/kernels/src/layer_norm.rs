//! Layer normalisation (Ba et al. 2016): `y = (x − mean) / √(variance + ε) · weight + bias`, each row by itself.
//!
//! With `x̂` the normalised row and `g = d · weight`, the gradient is `(g − mean(g) − x̂ mean(g x̂)) / √(variance + ε)`; that of
//! weight and bias are the sums of `d x̂` and of `d` over the rows. Mean and variance are computed again rather than kept.
//! 8 bytes a number forward and 12 backward; the limit is the memory.

#[cfg(feature = "cube")]
mod gpu;

use burn::tensor::{Tensor, module};

/// Each row of `x` normalised, scaled and moved.
///
/// # Shapes
///
/// - `x`: `[N, C]`
/// - `weight`, `bias`: `[C]`
/// - output: `[N, C]`
pub fn layer_norm(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&x) {
        let operation = cpu::LayerNorm { epsilon: epsilon as f32 };
        return crate::operation::run(operation, [x.into(), weight.into(), bias.into()]);
    }
    #[cfg(feature = "cube")]
    if gpu::LayerNorm::fits(&x) {
        let node = gpu::LayerNorm { epsilon: epsilon as f32 };
        return crate::gpu::run(node, [x.into(), weight.into(), bias.into()]);
    }
    module::layer_norm(x, weight, Some(bias), epsilon)
}

#[cfg(feature = "flex")]
pub(crate) mod cpu {
    use std::mem::MaybeUninit;

    use crate::operation::{Operation, Values, View};
    use wordspace_gemm::{dot, parallel_map, rows_per_chunk, sum, sum_in_order, vec_from_chunks, vectorized};

    #[derive(Clone, Debug)]
    pub struct LayerNorm {
        pub epsilon: f32,
    }

    impl Operation<3> for LayerNorm {
        type Saved = ();

        fn forward(&self, [x, weight, bias]: [View<'_>; 3], _: bool) -> (Values, ()) {
            let [_, c] = x.dims();
            let piece = rows_per_chunk(c) * c;
            let write = |nth: usize, out: &mut [MaybeUninit<f32>]| {
                let x = &x[nth * piece..][..out.len()];
                let mut normal = vec![0.0; c];
                vectorized(
                    #[inline(always)]
                    || {
                        let (weight, bias, normal) = (&weight[..c], &bias[..c], &mut normal[..c]);
                        for start in (0..x.len()).step_by(c) {
                            self.normalise(&x[start..start + c], normal);
                            let out = &mut out[start..start + c];
                            for i in 0..c {
                                out[i].write(normal[i] * weight[i] + bias[i]);
                            }
                        }
                    },
                )
            };
            // SAFETY: a piece is whole rows, and a number is written for every x.
            (Values::like(unsafe { vec_from_chunks(x.len(), piece, write) }, x), ())
        }

        fn backward(&self, inputs: [View<'_>; 3], (): (), d_out: Values, _: [bool; 3]) -> [Option<Values>; 3] {
            self.differentiate(None, inputs, d_out).map(Some)
        }

        fn backward_onto(
            &self,
            so_far: Values,
            inputs: [View<'_>; 3],
            (): (),
            d_out: Values,
            _: [bool; 3],
        ) -> [Option<Values>; 3] {
            self.differentiate(Some(so_far.view()), inputs, d_out).map(Some)
        }
    }

    impl LayerNorm {
        /// The gradients, that in `x` added to what there is `so_far`.
        fn differentiate(
            &self,
            so_far: Option<View<'_>>,
            [x, weight, bias]: [View<'_>; 3],
            mut d_out: Values,
        ) -> [Values; 3] {
            let [_, c] = x.dims();
            let piece = rows_per_chunk(c) * c;
            let pieces = parallel_map(d_out.as_mut_slice().chunks_mut(piece).zip(x.chunks(piece)), |nth, (d, x)| {
                // Behind each other: the gradients of the weight and of the bias.
                let mut sums = vec![0.0; 2 * c];
                let mut normal = vec![0.0; c];
                let so_far = so_far.as_ref().map(|so_far| &so_far[nth * piece..][..x.len()]);
                vectorized(
                    #[inline(always)]
                    || {
                        for start in (0..x.len()).step_by(c) {
                            let (x, d) = (&x[start..start + c], &mut d[start..start + c]);
                            self.backward_row(x, &weight, d, &mut sums, &mut normal);
                            if let Some(so_far) = so_far {
                                let so_far = &so_far[start..start + c];
                                for i in 0..c {
                                    d[i] += so_far[i];
                                }
                            }
                        }
                    },
                );
                sums
            });
            let sums = sum_in_order(pieces, 2 * c);
            let (d_weight, d_bias) = sums.split_at(c);
            [d_out, Values::like(d_weight.to_vec(), weight), Values::like(d_bias.to_vec(), bias)]
        }

        /// Turns the gradient `d` in the output into that in `x`, and adds to those in weight and bias.
        #[inline(always)]
        fn backward_row(&self, x: &[f32], weight: &[f32], d: &mut [f32], sums: &mut [f32], normal: &mut [f32]) {
            let c = x.len();
            let (weight, d, normal) = (&weight[..c], &mut d[..c], &mut normal[..c]);
            let (d_weight, d_bias) = sums.split_at_mut(c);
            let d_bias = &mut d_bias[..c];
            let rate = self.normalise(x, normal);
            for i in 0..c {
                d_weight[i] += d[i] * normal[i];
                d_bias[i] += d[i];
                d[i] *= weight[i];
            }
            let mean = sum(d) / c as f32;
            let along = dot(d, normal) / c as f32;
            for i in 0..c {
                d[i] = (d[i] - mean - normal[i] * along) * rate;
            }
        }

        /// Writes `(x − mean) / √(variance + ε)`, and returns the factor.
        #[inline(always)]
        fn normalise(&self, x: &[f32], out: &mut [f32]) -> f32 {
            let c = x.len();
            let out = &mut out[..c];
            let mean = sum(x) / c as f32;
            for i in 0..c {
                out[i] = x[i] - mean;
            }
            let rate = 1.0 / (dot(out, out) / c as f32 + self.epsilon).sqrt();
            for i in 0..c {
                out[i] *= rate;
            }
            rate
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::{agrees, random};

    fn given([n, c]: [usize; 2]) -> [Tensor<2>; 3] {
        [random([n, c], 2.0), random([1, c], 1.0), random([1, c], 1.0)]
    }

    fn ours([x, weight, bias]: [Tensor<2>; 3]) -> Tensor<2> {
        layer_norm(x, weight.flatten(0, 1), bias.flatten(0, 1), 1e-5)
    }

    fn stock([x, weight, bias]: [Tensor<2>; 3]) -> Tensor<2> {
        module::layer_norm(x, weight.flatten(0, 1), Some(bias.flatten(0, 1)), 1e-5)
    }

    #[test]
    fn it_is_its_definition_in_value_and_gradient() {
        for shape in [[1, 2], [3, 7], [700, 64]] {
            agrees(given(shape), ours, stock);
        }
    }

    /// As in a block, where the gradient in `x` that comes past the norm is there before its own.
    fn beside(norm: fn([Tensor<2>; 3]) -> Tensor<2>) -> impl Fn([Tensor<2>; 3]) -> Tensor<2> {
        move |[x, weight, bias]| x.clone() + norm([x, weight, bias])
    }

    #[test]
    fn its_gradient_is_added_to_what_came_past_it() {
        agrees(given([700, 64]), beside(ours), beside(stock));
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too() {
        let Some(gpu) = crate::oracle::gpu("layer normalisation on a GPU") else { return };
        for shape in [[1, 4], [3, 7], [150, 64], [70, 516]] {
            crate::oracle::agrees_on(&gpu, given(shape), ours, stock);
        }
        crate::oracle::agrees_on(&gpu, given([150, 64]), beside(ours), beside(stock));
    }
}
