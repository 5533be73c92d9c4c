//! The two layers that everything else is made of: linear and layer normalisation.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// GPT-2's ε.
pub(crate) const EPSILON: f64 = 1e-5;

/// `y = x · weight + bias`, with the weight as `[in, out]`: GPT-2's `Conv1D`, the transpose of PyTorch's `Linear`.
#[derive(Module, Debug)]
pub struct Linear {
    /// `[in, out]`.
    pub weight: Param<Tensor<2>>,
    /// `[out]`.
    pub bias: Param<Tensor<1>>,
}

impl Linear {
    /// # Shapes
    ///
    /// - `x`: `[N, in]`
    /// - output: `[N, out]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        wordspace_kernels::linear(x, self.weight.val(), self.bias.val())
    }

    /// Weight and bias, for the fused block.
    pub(crate) fn weights(&self) -> (Tensor<2>, Tensor<1>) {
        (self.weight.val(), self.bias.val())
    }
}

/// `y = (x − mean) / √(variance + ε) · weight + bias`, over the C channels of each row (Ba et al. 2016).
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[C]`.
    pub weight: Param<Tensor<1>>,
    /// `[C]`.
    pub bias: Param<Tensor<1>>,
}

impl LayerNorm {
    /// # Shapes
    ///
    /// - `x`: `[N, C]`
    /// - output: `[N, C]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        wordspace_kernels::layer_norm(x, self.weight.val(), self.bias.val(), EPSILON)
    }

    /// Weight and bias, for the fused block.
    pub(crate) fn weights(&self) -> (Tensor<1>, Tensor<1>) {
        (self.weight.val(), self.bias.val())
    }
}
