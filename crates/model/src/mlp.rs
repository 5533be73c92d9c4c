//! The feed-forward half of a block.

use burn::module::Module;
use burn::tensor::Tensor;

use wordspace_kernels::gelu;

use crate::Linear;

/// Four times as wide inside, with the approximate GELU that GPT-2 was trained with (`gelu_new`).
#[derive(Module, Debug)]
pub struct Mlp {
    /// `[C, 4C]`.
    pub c_fc: Linear,
    /// `[4C, C]`.
    pub c_proj: Linear,
}

impl Mlp {
    /// # Shapes
    ///
    /// - `x`: `[N, C]`
    /// - output: `[N, C]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.c_proj.forward(gelu(self.c_fc.forward(x)))
    }
}
