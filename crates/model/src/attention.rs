//! Causal self-attention.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

use crate::Linear;
use crate::dropout::dropout;

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
    /// # Shapes
    ///
    /// - `x`: `[N, C]`
    /// - `mask`: `[1, 1, T, T]`, from [`causal_mask`]
    /// - output: `[N, C]`
    pub fn forward(&self, x: Tensor<2>, mask: Tensor<4>) -> Tensor<2> {
        let [n, c] = x.dims();
        let t = mask.dims()[3];
        let (b, h, d) = (n / t, self.heads, c / self.heads);

        let qkv = self.c_attn.forward(x).reshape([b, t, 3 * h, d]).swap_dims(1, 2); // [B, 3H, T, D]
        let part = |nth: usize| qkv.clone().narrow(1, nth * h, h); // [B, H, T, D]
        let (q, k, v) = (part(0), part(1), part(2));

        let scores = q.matmul(k.swap_dims(2, 3)) * (1.0 / (d as f64).sqrt()) + mask; // [B, H, T, T]
        let weights = dropout(softmax(scores, 3), self.dropout);
        let mixed = weights.matmul(v).swap_dims(1, 2).reshape([n, c]); // [N, C]
        dropout(self.c_proj.forward(mixed), self.dropout)
    }
}

/// Zero where place `i` may look at place `j`, which is `j ≤ i`, and far below zero elsewhere: `[1, 1, T, T]`.
pub(crate) fn causal_mask(t: usize, device: &Device) -> Tensor<4> {
    let mask: Vec<f32> = (0..t * t).map(|at| if at % t <= at / t { 0.0 } else { HIDDEN }).collect();
    Tensor::from_data(TensorData::new(mask, [1, 1, t, t]), device)
}
