//! A transformer block (Radford et al. 2019) as one node of the graph:
//!
//! ```text
//! y = x + dropout(attention(norm₁(x) · W + b) · W + b)          out = y + dropout(mlp(norm₂(y)))
//! ```
//!
//! Fused only on the CPU, where it composes the other operations' kernels. It saves setting up six nodes on one thread while the
//! others wait, and the gradient of the residual is added where the norm's is written.

#[cfg(feature = "flex")]
mod cpu;
#[cfg(test)]
mod tests;

use burn::tensor::Tensor;

use crate::Dropout;

/// The weight and the bias of each layer of a block, under GPT-2's names.
pub struct BlockWeights {
    /// `[C]`, `[C]`.
    pub ln_1: (Tensor<1>, Tensor<1>),
    /// Queries, keys and values: `[C, 3C]`, `[3C]`.
    pub attn_c_attn: (Tensor<2>, Tensor<1>),
    /// `[C, C]`, `[C]`.
    pub attn_c_proj: (Tensor<2>, Tensor<1>),
    /// `[C]`, `[C]`.
    pub ln_2: (Tensor<1>, Tensor<1>),
    /// `[C, F]`, `[F]`.
    pub mlp_c_fc: (Tensor<2>, Tensor<1>),
    /// `[F, C]`, `[C]`.
    pub mlp_c_proj: (Tensor<2>, Tensor<1>),
}

/// The residual stream after a block, or none where there is no fused kernel: then compose it of [`layer_norm`], [`linear`],
/// [`causal_attention`] and [`gelu`], or [`add_linear`] and [`add_mlp`], to the same result.
///
/// # Shapes
///
/// - `x`, output: `[N, C]`, sequences of `t` tokens
/// - `dropouts`: of the attention weights, as `[B, H, T, T]`; of what attention adds to the stream; of what the MLP adds to it
///
/// [`layer_norm`]: crate::layer_norm
/// [`linear`]: crate::linear
/// [`causal_attention`]: crate::causal_attention
/// [`gelu`]: crate::gelu
/// [`add_linear`]: crate::add_linear
/// [`add_mlp`]: crate::add_mlp
#[cfg_attr(not(feature = "flex"), allow(unused_variables, reason = "no kernel takes them"))]
pub fn block(
    x: &Tensor<2>,
    weights: BlockWeights,
    t: usize,
    heads: usize,
    epsilon: f64,
    dropouts: [Dropout; 3],
) -> Option<Tensor<2>> {
    dispatch!(match backend_of(x) {
        Cpu => Some(cpu::block(x.clone(), weights, t, heads, epsilon, dropouts)),
        Reference => None,
    })
}
