//! One block of the network.

use burn::module::Module;
use burn::tensor::Tensor;
use wordspace_kernels::{BlockWeights, Dropout, block};

use crate::cache::KeysValues;
use crate::layer_norm::EPSILON;
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
    /// `dropped` is of attention's weights and of both parts' outputs.
    ///
    /// # Shapes
    ///
    /// - `x`, and the output: `[N, C]`
    /// - `mask`: `[1, 1, T, T]`
    pub(crate) fn forward(&self, x: Tensor<2>, mask: Tensor<4>, dropped: Dropout) -> Tensor<2> {
        let weights = BlockWeights {
            ln_1: self.ln_1.both(),
            attn_c_attn: self.attn.c_attn.both(),
            attn_c_proj: self.attn.c_proj.both(),
            ln_2: self.ln_2.both(),
            mlp_c_fc: self.mlp.c_fc.both(),
            mlp_c_proj: self.mlp.c_proj.both(),
        };
        block(x, weights, mask, self.attn.heads, EPSILON, [0, 1, 2].map(|site| dropped.at(site)))
    }

    /// The same for T places that come after those whose keys and values are the `earlier` ones; nothing is dropped.
    ///
    /// # Shapes
    ///
    /// - `x`, and the output: `[N, C]`
    /// - `mask`: `[1, 1, T, P + T]`
    pub(crate) fn forward_after(&self, x: Tensor<2>, mask: Tensor<4>, earlier: &mut KeysValues) -> Tensor<2> {
        let normal = self.ln_1.forward(x.clone());
        let x = self.attn.add_after(x, normal, mask, earlier);
        let normal = self.ln_2.forward(x.clone());
        self.mlp.add(x, normal)
    }
}
