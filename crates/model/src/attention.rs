//! Causal self-attention.

use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use wordspace_kernels::{Dropout, attend, queries_keys_values};

use crate::Linear;
use crate::cache::KeysValues;

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
}

impl Attention {
    /// What it makes of `x`, whose T places come after the P in `earlier`, added to `stream`; afterwards `earlier` holds all of
    /// them.
    ///
    /// # Shapes
    ///
    /// - `stream`, `x`, and the output: `[N, C]`
    /// - `mask`: `[1, 1, T, P + T]`, from [`causal_mask`]
    pub(crate) fn add_after(
        &self,
        stream: Tensor<2>,
        x: Tensor<2>,
        mask: Tensor<4>,
        earlier: &mut KeysValues,
    ) -> Tensor<2> {
        let [q, k, v] = queries_keys_values(self.c_attn.forward(x), mask.dims()[2], self.heads);
        let (k, v) = earlier.append(k, v); // [B, H, P + T, D]
        self.c_proj.add(stream, attend(q, k, v, mask, Dropout::NONE))
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
