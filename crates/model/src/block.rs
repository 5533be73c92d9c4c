//! One transformer block, pre-norm as in GPT-2: attention, then the MLP, each added to the residual stream.

use burn::module::Module;
use burn::tensor::Tensor;
use wordspace_kernels::{BlockWeights, Dropout, attend, causal_attention, dropout, gelu, queries_keys_values};

use crate::cache::KeysValues;
use crate::layers::{EPSILON, LayerNorm, Linear};

/// `x = x + attn(ln_1(x))`, then `x = x + mlp(ln_2(x))`.
#[derive(Module, Debug)]
pub struct Block {
    /// Before attention.
    pub ln_1: LayerNorm,
    /// Moves information between positions.
    pub attn: Attention,
    /// Before the MLP.
    pub ln_2: LayerNorm,
    /// Works on each position by itself.
    pub mlp: Mlp,
}

impl Block {
    /// `mask` is the block's dropout: site 0 of it for the attention weights, 1 and 2 for the outputs of the two halves.
    ///
    /// # Shapes
    ///
    /// - `x`, output: `[N, C]`, the residual stream of sequences of `t` tokens
    /// - `cache`: the keys and values of the positions before these, to which those of these are appended
    pub(crate) fn forward(&self, x: Tensor<2>, t: usize, cache: Option<&mut KeysValues>, mask: Dropout) -> Tensor<2> {
        // On the CPU a block that is trained is one node of the autodiff graph; a test holds it to the two lines below.
        if cache.is_none()
            && let Some(fused) = self.fused(&x, t, mask)
        {
            return fused;
        }
        self.unfused(x, t, cache, mask)
    }

    /// The block as it is defined.
    pub(crate) fn unfused(&self, x: Tensor<2>, t: usize, cache: Option<&mut KeysValues>, mask: Dropout) -> Tensor<2> {
        let x = x.clone() + dropout(self.attn.forward(self.ln_1.forward(x), t, cache, mask.at(0)), mask.at(1));
        x.clone() + dropout(self.mlp.forward(self.ln_2.forward(x)), mask.at(2))
    }

    /// The whole block as one kernel, on devices that have one.
    fn fused(&self, x: &Tensor<2>, t: usize, mask: Dropout) -> Option<Tensor<2>> {
        let weights = BlockWeights {
            ln_1: self.ln_1.weights(),
            attn_c_attn: self.attn.c_attn.weights(),
            attn_c_proj: self.attn.c_proj.weights(),
            ln_2: self.ln_2.weights(),
            mlp_c_fc: self.mlp.c_fc.weights(),
            mlp_c_proj: self.mlp.c_proj.weights(),
        };
        wordspace_kernels::block(x, weights, t, self.attn.heads, EPSILON, [0, 1, 2].map(|site| mask.at(site)))
    }
}

/// Causal self-attention with H heads (Vaswani et al. 2017, section 3.2): every position attends to itself and the earlier
/// ones, `softmax(q kᵀ / √(C/H)) v` in each head.
#[derive(Module, Debug)]
pub struct Attention {
    /// `[C, 3C]`: queries, keys and values of all heads in one matrix.
    pub c_attn: Linear,
    /// `[C, C]`.
    pub c_proj: Linear,
    /// H.
    #[module(skip)]
    pub heads: usize,
}

impl Attention {
    /// # Shapes
    ///
    /// - `x`, output: `[N, C]`
    fn forward(&self, x: Tensor<2>, t: usize, cache: Option<&mut KeysValues>, mask: Dropout) -> Tensor<2> {
        let qkv = self.c_attn.forward(x); // [N, 3C]
        let mixed = match cache {
            None => causal_attention(qkv, t, self.heads, mask),
            Some(cache) => {
                let [q, k, v] = queries_keys_values(qkv, t, self.heads); // [B, H, T, C/H]
                let (k, v) = cache.append(k, v); // [B, H, P + T, C/H]
                attend(q, k, v, mask)
            }
        }; // [N, C]
        self.c_proj.forward(mixed)
    }
}

/// The feed-forward half of a block: four times as wide inside, with GPT-2's tanh approximation of GELU (`gelu_new`).
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
    /// - `x`, output: `[N, C]`
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.c_proj.forward(gelu(self.c_fc.forward(x)))
    }
}
