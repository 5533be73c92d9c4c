//! Causal self-attention.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use wordspace_kernels::{attend, causal_attention, queries_keys_values};

use crate::Linear;
use crate::cache::KeysValues;
use crate::dropout::{dropout, drops};

/// What a score gets where it would look ahead: far enough below any other that the softmax makes it exactly zero, and
/// finite, because WGSL may assume that no number is infinite.
const HIDDEN: f32 = -1e9;

/// Each place looks at itself and the earlier ones, in H ways (Vaswani et al. 2017, section 3.2).
///
/// `softmax(q kᵀ / √(C/H) + mask) v`, with q, k and v from one matrix, as in GPT-2.
#[derive(Module, Debug)]
pub struct Attention {
    /// `[C, 3C]`: q, k and v side by side.
    pub c_attn: Linear,
    /// `[C, C]`.
    pub c_proj: Linear,
    /// H.
    #[module(skip)]
    pub heads: usize,
    /// The share of weights and outputs that is dropped while training.
    #[module(skip)]
    pub dropout: f64,
}

impl Attention {
    /// With `earlier`, the P places in it come before the T of `x`, and afterwards it holds all of them.
    ///
    /// # Shapes
    ///
    /// - `x`: `[N, C]`
    /// - `mask`: `[1, 1, T, P + T]`, from [`causal_mask`]
    /// - output: `[N, C]`
    pub(crate) fn forward(&self, x: Tensor<2>, mask: Tensor<4>, earlier: Option<&mut KeysValues>) -> Tensor<2> {
        let qkv = self.c_attn.forward(x); // [N, 3C]
        let mixed = match earlier {
            None if !drops(&qkv, self.dropout) => causal_attention(qkv, mask, self.heads),
            earlier => self.attend(qkv, mask, earlier),
        };
        dropout(self.c_proj.forward(mixed), self.dropout)
    }

    /// [`causal_attention`] with what it leaves out: earlier places, and weights that are dropped.
    fn attend(&self, qkv: Tensor<2>, mask: Tensor<4>, earlier: Option<&mut KeysValues>) -> Tensor<2> {
        let [q, k, v] = queries_keys_values(qkv, mask.dims()[2], self.heads);
        let (k, v) = match earlier {
            None => (k, v),
            Some(earlier) => earlier.append(k, v), // [B, H, P + T, D]
        };
        attend(q, k, v, mask, |weights| dropout(weights, self.dropout))
    }
}

/// The mask of `t` places that follow `earlier` ones: zero where a place may look, which is at itself and all before it,
/// and far below zero elsewhere: `[1, 1, T, P + T]`.
pub(crate) fn causal_mask(earlier: usize, t: usize, device: &Device) -> Tensor<4> {
    let all = earlier + t;
    let may_look = |at: usize| at % all <= earlier + at / all;
    let mask: Vec<f32> = (0..t * all).map(|at| if may_look(at) { 0.0 } else { HIDDEN }).collect();
    Tensor::from_data(TensorData::new(mask, [1, 1, t, all]), device)
}
