//! Layer normalisation.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// GPT-2's ε.
pub(crate) const EPSILON: f64 = 1e-5;

/// `y = (x − mean) / √(variance + ε) · weight + bias`, each row by itself (Ba et al. 2016).
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// `[C]`.
    pub weight: Param<Tensor<1>>,
    /// `[C]`.
    pub bias: Param<Tensor<1>>,
}

impl LayerNorm {
    /// Weight and bias.
    pub(crate) fn both(&self) -> (Tensor<1>, Tensor<1>) {
        (self.weight.val(), self.bias.val())
    }

    /// # Shapes
    ///
    /// - `x`: `[N, C]`
    /// - output: `[N, C]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        wordspace_kernels::layer_norm(x, self.weight.val(), self.bias.val(), EPSILON)
    }
}
