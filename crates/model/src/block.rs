//! One block of the network.

use burn::module::Module;
use burn::tensor::Tensor;
use wordspace_kernels::{BlockWeights, Dropout, add_linear, add_mlp, block, causal_attention};

use crate::cache::KeysValues;
use crate::layer_norm::EPSILON;
use crate::{Attention, LayerNorm, Mlp};

/// Attention, then feed-forward, each on the normalised stream and added to it (pre-norm, as in GPT-2).
#[derive(Module, Debug)]
pub struct Block {
    /// Before attention.
    pub ln_1: LayerNorm,
    /// What the earlier positions say.
    pub attn: Attention,
    /// Before the feed-forward part.
    pub ln_2: LayerNorm,
    /// What each position makes of it.
    pub mlp: Mlp,
}

impl Block {
    /// `dropout` is of attention's weights and of both parts' outputs.
    ///
    /// # Shapes
    ///
    /// - `x`, and the output: `[N, C]`, sequences of `t` tokens
    pub(crate) fn forward(&self, x: Tensor<2>, t: usize, dropout: Dropout) -> Tensor<2> {
        let weights = BlockWeights {
            ln_1: self.ln_1.both(),
            attn_c_attn: self.attn.c_attn.both(),
            attn_c_proj: self.attn.c_proj.both(),
            ln_2: self.ln_2.both(),
            mlp_c_fc: self.mlp.c_fc.both(),
            mlp_c_proj: self.mlp.c_proj.both(),
        };
        let dropouts = [0, 1, 2].map(|site| dropout.at(site));
        if let Some(fused) = block(&x, weights, t, self.attn.heads, EPSILON, dropouts) {
            return fused;
        }
        let qkv = self.attn.c_attn.forward(self.ln_1.forward(x.clone()));
        let attended = causal_attention(qkv, t, self.attn.heads, dropouts[0]);
        let (weight, bias) = self.attn.c_proj.both();
        let x = add_linear(x, attended, weight, bias, dropouts[1]);
        add_mlp(x.clone(), self.ln_2.forward(x), self.mlp.c_fc.both(), self.mlp.c_proj.both(), dropouts[2])
    }

    /// The same for `t` positions that come after those whose keys and values are the `earlier` ones; nothing is dropped.
    ///
    /// # Shapes
    ///
    /// - `x`, and the output: `[N, C]`
    pub(crate) fn forward_after(&self, x: Tensor<2>, t: usize, earlier: &mut KeysValues) -> Tensor<2> {
        let normal = self.ln_1.forward(x.clone());
        let x = self.attn.add_after(x, normal, t, earlier);
        let normal = self.ln_2.forward(x.clone());
        self.mlp.add(x, normal)
    }
}
