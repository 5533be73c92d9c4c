//! A linear layer, alone or added to the residual stream: `y = x · weight + bias`, `residual + dropout(y)`.
//!
//! The bias is where the product starts its sums, and dropout and residual are its epilogue, so that no element of the output is
//! touched twice. Backward is two products and a sum of rows. The limit is the arithmetic of the products.

#[cfg(feature = "flex")]
pub(crate) mod cpu;
#[cfg(feature = "cube")]
mod gpu;
#[cfg(test)]
mod tests;

use burn::tensor::{Tensor, module};

use crate::dropout::{Dropout, add_dropout};

/// `x · weight + bias`.
///
/// # Shapes
///
/// - `x`: `[N, in]`
/// - `weight`: `[in, out]`: GPT-2's `Conv1D`, the transpose of PyTorch's `Linear`
/// - `bias`: `[out]`
/// - output: `[N, out]`
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    dispatch!(match backend_of(&x) {
        Cpu => crate::run(cpu::Linear, [x.into(), weight.into(), bias.into()]),
        Gpu if gpu::takes(&x, &weight) => crate::run(gpu::Linear, [x.into(), weight.into(), bias.into()]),
        Reference => reference(x, weight, bias),
    })
}

pub(crate) fn reference(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    module::linear(x, weight, Some(bias))
}

/// `residual + dropout(x · weight + bias)`.
///
/// # Shapes
///
/// - `residual`, output: `[N, out]`
/// - the others: as for [`linear`]
pub fn add_linear(
    residual: Tensor<2>,
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    dropout: Dropout,
) -> Tensor<2> {
    dispatch!(match backend_of(&x) {
        Cpu => crate::run(cpu::AddLinear(dropout), [residual.into(), x.into(), weight.into(), bias.into()]),
        Reference => add_dropout(residual, linear(x, weight, bias), dropout),
    })
}
