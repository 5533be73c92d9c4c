//! A matrix and a bias.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use wordspace_kernels::Dropout;

/// `y = x · weight + bias`, with the weight as `[in, out]`: GPT-2's `Conv1D`, the transpose of PyTorch's `Linear`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[in, out]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// Weight and bias.
    pub(crate) fn both(&self) -> (Tensor<2>, Tensor<1>) {
        (self.weight.val(), self.bias.val())
    }

    /// # Shapes
    ///
    /// - `x`: `[N, in]`
    /// - output: `[N, out]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        wordspace_kernels::linear(x, self.weight.val(), self.bias.val())
    }

    /// `stream + y`.
    ///
    /// # Shapes
    ///
    /// - `stream`, and the output: `[N, out]`
    /// - `x`: `[N, in]`
    pub(crate) fn add(&self, stream: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        wordspace_kernels::add_linear(stream, x, self.weight.val(), self.bias.val(), Dropout::NONE)
    }
}
