//! The MLP of a block, added to the residual stream: `residual + dropout(gelu(x · W₁ + b₁) · W₂ + b₂)`.
//!
//! On the CPU the activations h and their derivatives are computed in the epilogue of the first product, and backward multiplies by
//! the derivatives in the epilogue of another. With d the gradient of the output before dropout and dz that of the first product:
//! `dz = d W₂ᵀ · gelu′`, `dW₂ = hᵀ d`, `dx = dz W₁ᵀ`, `dW₁ = xᵀ dz`. The limit is the arithmetic of the six products, and an
//! exponential for each activation.

#[cfg(feature = "flex")]
pub(crate) mod cpu;
#[cfg(test)]
mod tests;

use burn::tensor::Tensor;

use crate::{Dropout, add_linear, gelu, linear};

/// `residual` plus, after `dropout`, two linear layers of `x` with GELU between them.
///
/// # Shapes
///
/// - `residual`, `x`, output: `[N, C]`
/// - `c_fc`: `[C, F]` and `[F]`
/// - `c_proj`: `[F, C]` and `[C]`
pub fn add_mlp(
    residual: Tensor<2>,
    x: Tensor<2>,
    c_fc: (Tensor<2>, Tensor<1>),
    c_proj: (Tensor<2>, Tensor<1>),
    dropout: Dropout,
) -> Tensor<2> {
    dispatch!(match backend_of(&x) {
        Cpu => cpu::add_mlp(residual, x, c_fc, c_proj, dropout),
        Reference => add_linear(residual, gelu(linear(x, c_fc.0, c_fc.1)), c_proj.0, c_proj.1, dropout),
    })
}
