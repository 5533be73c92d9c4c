//! GPT-2's activation (`gelu_new`), the tanh approximation of GELU (Hendrycks and Gimpel 2016):
//! `y = x/2 · (1 + tanh u)`, with `u = √(2/π) (x + 0.044715 x³)`.
//!
//! Computed as the same `x · σ(2u)`, because `1 + tanh u = 2 σ(2u)`: one exponential an element. With `s = σ(2u)` the derivative is
//! `s + x · s (1 − s) · 2u′`. 8 bytes an element forward and 12 backward; on the CPU, [`add_mlp`](crate::add_mlp) computes both the
//! activation and its derivative in the epilogue of a product. The limit is the arithmetic of the exponential.

#[cfg(feature = "flex")]
pub(crate) mod cpu;
#[cfg(feature = "cube")]
mod gpu;
#[cfg(test)]
mod tests;

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

/// 2 √(2/π).
const TWO_ROOT: f64 = 1.595_769_121_605_730_7;
const CUBE: f64 = 0.044715;

/// The approximate GELU of every element.
///
/// # Shapes
///
/// - `x`, output: `[N, F]`
pub fn gelu(x: Tensor<2>) -> Tensor<2> {
    dispatch!(match backend_of(&x) {
        Cpu => crate::run(cpu::Gelu, [x.into()]),
        Gpu => crate::run(gpu::Gelu, [x.into()]),
        Reference => reference(x),
    })
}

pub(crate) fn reference(x: Tensor<2>) -> Tensor<2> {
    let two_u = (x.clone() * x.clone() * (TWO_ROOT * CUBE) + TWO_ROOT) * x.clone();
    x * sigmoid(two_u)
}
