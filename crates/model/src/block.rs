//! One block of the network.

use burn::module::Module;
use burn::tensor::Tensor;

use crate::cache::KeysValues;
use crate::dropout::dropout;
use crate::{Attention, LayerNorm, Mlp};

/// Attention, then feed-forward, each on the normalised stream and added to it (pre-norm, as in GPT-2).
#[derive(Module, Debug)]
pub struct Block {
    /// Before attention.
    pub ln_1: LayerNorm,
    /// What the earlier places say.
    pub attn: Attention,
    /// Before the feed-forward part.
    pub ln_2: LayerNorm,
    /// What each place makes of it.
    pub mlp: Mlp,
    /// The share of the feed-forward part's output that is dropped while training.
    #[module(skip)]
    pub dropout: f64,
}

impl Block {
    /// `earlier` is what the block's attention kept of the P places before these T, if any did come before.
    ///
    /// # Shapes
    ///
    /// - `x`: `[N, C]`
    /// - `mask`: `[1, 1, T, P + T]`
    /// - output: `[N, C]`
    pub(crate) fn forward(&self, x: Tensor<2>, mask: Tensor<4>, earlier: Option<&mut KeysValues>) -> Tensor<2> {
        let x = x.clone() + self.attn.forward(self.ln_1.forward(x), mask, earlier);
        x.clone() + dropout(self.mlp.forward(self.ln_2.forward(x)), self.dropout)
    }
}
