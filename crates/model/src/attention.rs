//! Causal self-attention.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};
use wordspace_kernels::causal_attention;

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
        let ([n, three_c], t) = (qkv.dims(), mask.dims()[2]);
        let (b, h, c) = (n / t, self.heads, three_c / 3);
        let d = c / h;
        let qkv = qkv.reshape([b, t, 3 * h, d]).swap_dims(1, 2); // [B, 3H, T, D]
        let [q, k, v] = [0, 1, 2].map(|nth| qkv.clone().narrow(1, nth * h, h)); // [B, H, T, D]
        let (k, v) = match earlier {
            None => (k, v),
            Some(earlier) => earlier.append(k, v), // [B, H, P + T, D]
        };
        let scores = q.matmul(k.swap_dims(2, 3)) * (1.0 / (d as f64).sqrt()) + mask; // [B, H, T, P + T]
        let weights = dropout(softmax(scores, 3), self.dropout);
        weights.matmul(v).swap_dims(1, 2).reshape([n, c])
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
