//! Causal self-attention.

use burn::module::Module;
use burn::tensor::Tensor;
use wordspace_kernels::{Dropout, attend, queries_keys_values};

use crate::Linear;
use crate::cache::KeysValues;

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
    pub(crate) fn add_after(&self, stream: Tensor<2>, x: Tensor<2>, t: usize, earlier: &mut KeysValues) -> Tensor<2> {
        let [q, k, v] = queries_keys_values(self.c_attn.forward(x), t, self.heads);
        let (k, v) = earlier.append(k, v); // [B, H, P + T, D]
        self.c_proj.add(stream, attend(q, k, v, Dropout::NONE))
    }
}
