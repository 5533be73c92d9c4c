//! The feed-forward half of a block.

use burn::module::Module;
use burn::tensor::Tensor;
use wordspace_kernels::{Dropout, add_mlp};

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
    /// What it makes of `x`, added to `stream`.
    ///
    /// # Shapes
    ///
    /// - `stream`, `x`, and the output: `[N, C]`
    pub(crate) fn add(&self, stream: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        add_mlp(stream, x, self.c_fc.both(), self.c_proj.both(), Dropout::NONE)
    }
}
