//! Layer normalisation (Ba et al. 2016): `y = (x − mean) / √(variance + ε) · weight + bias`, row by row.
//!
//! With `x̂` the normalized row and `g = d_y · weight`, `d_x = (g − mean(g) − x̂ mean(g x̂)) / √(variance + ε)`; the gradients of
//! weight and bias are the sums of `d_y x̂` and of `d_y` over the rows. Backward recomputes mean and variance. 8 bytes an element
//! forward and 12 backward; the limit is the memory.

#[cfg(feature = "flex")]
pub(crate) mod cpu;
#[cfg(feature = "cube")]
mod gpu;
#[cfg(test)]
mod tests;

use burn::tensor::{Tensor, module};

/// Layer normalisation of each row of `x`.
///
/// # Shapes
///
/// - `x`, output: `[N, C]`
/// - `weight`, `bias`: `[C]`
pub fn layer_norm(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<2> {
    dispatch!(match backend_of(&x) {
        Cpu => crate::run(cpu::LayerNorm::new(epsilon), [x.into(), weight.into(), bias.into()]),
        Gpu if gpu::takes(&x) => crate::run(gpu::LayerNorm::new(epsilon), [x.into(), weight.into(), bias.into()]),
        Reference => reference(x, weight, bias, epsilon),
    })
}

pub(crate) fn reference(x: Tensor<2>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<2> {
    module::layer_norm(x, weight, Some(bias), epsilon)
}
