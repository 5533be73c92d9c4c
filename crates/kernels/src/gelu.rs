//! GPT-2's activation (`gelu_new`): `y = x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))` (Hendrycks and Gimpel 2016).
//!
//! It is computed as `x · σ(2u)`, which is the same, because `1 + tanh u = 2 σ(2u)`: one exponential a number, and no power,
//! which a processor's library computes by logarithms. Its derivative is `s + x · s (1 − s) · 2u′`, with `s = σ(2u)`.
//!
//! 8 bytes a number forward and 12 backward; the limit is the arithmetic of the exponential.

#[cfg(feature = "cube")]
mod gpu;

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

/// 2 √(2/π).
const TWO_ROOT: f64 = 1.595_769_121_605_730_7;
const CUBE: f64 = 0.044715;

/// The approximate GELU of every number.
///
/// # Shapes
///
/// - `x`: `[N, C]`
/// - output: `[N, C]`
pub fn gelu(x: Tensor<2>) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&x) {
        return crate::operation::run(processor::Gelu, [x.into()]);
    }
    #[cfg(feature = "cube")]
    if crate::gpu::is_ours(&x) {
        return crate::gpu::run(gpu::Gelu, [x.into()]);
    }
    stock(x)
}

pub(crate) fn stock(x: Tensor<2>) -> Tensor<2> {
    let two_u = (x.clone() * x.clone() * (TWO_ROOT * CUBE) + TWO_ROOT) * x.clone();
    x * sigmoid(two_u)
}

#[cfg(feature = "flex")]
mod processor {
    use std::mem::MaybeUninit;

    use super::{CUBE, TWO_ROOT};
    use crate::operation::{Operation, Values, View};
    use crate::processor::{PIECE, each_of, exp, simd, written};

    #[derive(Clone, Debug)]
    pub struct Gelu;

    impl Operation<1> for Gelu {
        type Saved = ();

        fn forward(&self, [x]: [View<'_>; 1], _: bool) -> (Values, ()) {
            let write = |piece: usize, out: &mut [MaybeUninit<f32>]| {
                let x = &x[piece * PIECE..][..out.len()];
                simd(
                    #[inline(always)]
                    || {
                        for i in 0..x.len() {
                            out[i].write(x[i] * gate(x[i]));
                        }
                    },
                )
            };
            // SAFETY: a number is written for every x.
            let out = unsafe { written(x.len(), PIECE, write) };
            (Values::like(out, x), ())
        }

        fn backward(&self, [x]: [View<'_>; 1], (): (), mut d_out: Values, _: [bool; 1]) -> [Option<Values>; 1] {
            each_of(d_out.as_mut_slice().chunks_mut(PIECE).zip(x.chunks(PIECE)), |_, (d, x)| {
                simd(
                    #[inline(always)]
                    || {
                        for i in 0..x.len() {
                            d[i] *= slope(x[i]);
                        }
                    },
                )
            });
            [Some(d_out)]
        }
    }

    /// σ(2u).
    #[inline(always)]
    fn gate(x: f32) -> f32 {
        let two_u = (x * x * (TWO_ROOT * CUBE) as f32 + TWO_ROOT as f32) * x;
        1.0 / (1.0 + exp(-two_u))
    }

    /// dy/dx.
    #[inline(always)]
    fn slope(x: f32) -> f32 {
        let gate = gate(x);
        let inner = x * x * (3.0 * TWO_ROOT * CUBE) as f32 + TWO_ROOT as f32;
        gate + x * gate * (1.0 - gate) * inner
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::oracle::{agrees, random};

    #[test]
    fn the_values_are_those_of_the_formula_with_tanh() {
        let points: [f64; 7] = [-8.0, -3.0, -0.5, 0.0, 0.1, 1.0, 6.0];
        let x = Tensor::<2>::from_floats([points.map(|x| x as f32)], &Device::flex());
        let found = gelu(x).into_data().try_into_vec::<f32>().unwrap();
        for (x, found) in points.into_iter().zip(found) {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            let expected = x / 2.0 * (1.0 + u.tanh());
            assert!((found as f64 - expected).abs() < 1e-6, "{x}: {found} instead of {expected}");
        }
    }

    #[test]
    fn it_is_its_definition_in_value_and_gradient() {
        for shape in [[1, 1], [3, 7], [130, 257]] {
            agrees([random(shape, 3.0)], |[x]| gelu(x), |[x]| stock(x));
        }
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too() {
        let Some(gpu) = crate::oracle::gpu("GELU on a GPU") else { return };
        for shape in [[1, 1], [3, 7], [130, 256]] {
            crate::oracle::agrees_on(&gpu, [random(shape, 3.0)], |[x]| gelu(x), |[x]| stock(x));
        }
    }
}
