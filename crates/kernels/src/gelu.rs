//! GPT-2's activation (`gelu_new`): `y = x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))` (Hendrycks and Gimpel 2016).
//!
//! It is computed as `x · σ(2u)`, which is the same, because `1 + tanh u = 2 σ(2u)`: one exponential a number, and no power,
//! which a processor's library computes by logarithms. Its derivative is `s + x · s (1 − s) · 2u′`, with `s = σ(2u)`.
//!
//! On a GPU 8 bytes a number forward and 12 backward; on the processor it is made where a product was just written, and its slope
//! beside (`mlp.rs`). The limit is the arithmetic of the exponential.

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
pub(crate) fn gelu(x: Tensor<2>) -> Tensor<2> {
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
pub(crate) mod cpu {
    use std::mem::MaybeUninit;

    use super::{CUBE, TWO_ROOT};
    use wordspace_gemm::{exp, vectorized};

    /// Every `x` becomes its activation.
    pub fn activate(x: &mut [f32]) {
        vectorized(
            #[inline(always)]
            || {
                for i in 0..x.len() {
                    x[i] *= gate(x[i]);
                }
            },
        )
    }

    /// The same, and the derivatives are written to `slopes`.
    pub fn activate_with_slopes(x: &mut [f32], slopes: &mut [MaybeUninit<f32>]) {
        vectorized(
            #[inline(always)]
            || {
                let slopes = &mut slopes[..x.len()];
                for i in 0..x.len() {
                    let (at, gate) = (x[i], gate(x[i]));
                    let inner = at * at * (3.0 * TWO_ROOT * CUBE) as f32 + TWO_ROOT as f32;
                    x[i] = at * gate;
                    slopes[i].write(gate + at * gate * (1.0 - gate) * inner);
                }
            },
        )
    }

    /// σ(2u).
    #[inline(always)]
    fn gate(x: f32) -> f32 {
        let two_u = (x * x * (TWO_ROOT * CUBE) as f32 + TWO_ROOT as f32) * x;
        1.0 / (1.0 + exp(-two_u))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    #[cfg(feature = "wgpu")]
    use crate::oracle::random;

    /// The formula with tanh, and its derivative.
    fn formula(x: f64) -> [f64; 2] {
        let root = (2.0 / std::f64::consts::PI).sqrt();
        let tanh = (root * (x + 0.044715 * x.powi(3))).tanh();
        let slope = (1.0 + tanh) / 2.0 + x / 2.0 * (1.0 - tanh * tanh) * root * (1.0 + 3.0 * 0.044715 * x * x);
        [x / 2.0 * (1.0 + tanh), slope]
    }

    fn points() -> Vec<f32> {
        (-800..=600).map(|i| i as f32 / 100.0).collect()
    }

    #[test]
    fn the_definition_is_the_formula_with_tanh() {
        let x = Tensor::<1>::from_floats(points().as_slice(), &Device::flex()).reshape([1, -1]);
        let found = stock(x).into_data().try_into_vec::<f32>().unwrap();
        for (x, found) in points().into_iter().zip(found) {
            let [expected, _] = formula(x as f64);
            assert!((found as f64 - expected).abs() < 1e-6, "{x}: {found} instead of {expected}");
        }
    }

    #[test]
    #[cfg(feature = "flex")]
    fn so_are_activations_and_slopes_on_the_processor() {
        let (mut alone, mut both, mut slopes) = (points(), points(), Vec::with_capacity(points().len()));
        cpu::activate(&mut alone);
        cpu::activate_with_slopes(&mut both, &mut slopes.spare_capacity_mut()[..points().len()]);
        // SAFETY: a slope was written for every point.
        unsafe { slopes.set_len(points().len()) };
        assert_eq!(alone, both);
        for ((x, found), slope) in points().into_iter().zip(both).zip(slopes) {
            let expected = formula(x as f64);
            assert!((found as f64 - expected[0]).abs() < 1e-6, "{x}: {found} instead of {}", expected[0]);
            // x multiplies what is left of one, to the last place of that, less the gate.
            assert!((slope as f64 - expected[1]).abs() < 2e-6, "{x}: {slope} instead of {}", expected[1]);
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
