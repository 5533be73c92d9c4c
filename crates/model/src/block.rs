//! One block of the network.

use burn::module::Module;
use burn::tensor::Tensor;
use wordspace_kernels::Dropout;

use crate::cache::KeysValues;
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
}

impl Block {
    /// `earlier` is what the block's attention kept of the P places before these T, if any did come before; `dropped` is of
    /// attention's weights and of both parts' outputs.
    ///
    /// # Shapes
    ///
    /// - `x`: `[N, C]`
    /// - `mask`: `[1, 1, T, P + T]`
    /// - output: `[N, C]`
    pub(crate) fn forward(
        &self,
        x: Tensor<2>,
        mask: Tensor<4>,
        earlier: Option<&mut KeysValues>,
        dropped: Dropout,
    ) -> Tensor<2> {
        let normal = self.ln_1.forward(x.clone());
        let x = self.attn.add(x, normal, mask, earlier, [0, 1].map(|site| dropped.at(site)));
        let normal = self.ln_2.forward(x.clone());
        self.mlp.add(x, normal, dropped.at(2))
    }
}
