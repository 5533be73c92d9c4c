//! Causal self-attention (Vaswani et al. 2017, section 3.2): `softmax(q kᵀ / √D + mask) v` in each of H heads.
//!
//! The kernels never hold the whole `[T, T]` of a head and skip most of what the mask hides. Backward recomputes the softmax p from
//! q and k (Dao et al. 2022): with d the gradient of the output, `dv = pᵀ d`, `dp = d vᵀ`, `ds = p (dp − Σ p dp)`,
//! `dq = ds k / √D`, `dk = dsᵀ q / √D`. The arithmetic of the seven matrix products is the limit.

#[cfg(feature = "flex")]
pub(crate) mod cpu;
#[cfg(feature = "cube")]
mod gpu;
#[cfg(test)]
mod tests;

use burn::tensor::activation::softmax;
use burn::tensor::{Device, Tensor, TensorData};

use crate::Dropout;

/// Attention of every position to itself and the earlier ones of its sequence of `t` tokens.
///
/// # Shapes
///
/// - `qkv`: `[N, 3C]`, queries, keys and values side by side
/// - `dropout`: of the attention weights, as `[B, H, T, T]`
/// - output: `[N, C]`
pub fn causal_attention(qkv: Tensor<2>, t: usize, heads: usize, dropout: Dropout) -> Tensor<2> {
    dispatch!(match backend_of(&qkv) {
        Cpu => crate::run(cpu::Attention { t, heads, dropout }, [qkv.into()]),
        Gpu if gpu::takes(&qkv, t, heads) => crate::run(gpu::Attention { t, heads, dropout }, [qkv.into()]),
        Reference => reference(qkv, t, heads, dropout),
    })
}

pub(crate) fn reference(qkv: Tensor<2>, t: usize, heads: usize, dropout: Dropout) -> Tensor<2> {
    let [q, k, v] = queries_keys_values(qkv, t, heads);
    attend(q, k, v, dropout)
}

/// Queries, keys and values by head.
///
/// # Shapes
///
/// - `qkv`: `[N, 3C]`
/// - output: three times `[B, H, T, D]`
pub fn queries_keys_values(qkv: Tensor<2>, t: usize, heads: usize) -> [Tensor<4>; 3] {
    let [n, three_c] = qkv.dims();
    let qkv = qkv.reshape([n / t, t, 3 * heads, three_c / 3 / heads]).swap_dims(1, 2); // [B, 3H, T, D]
    [0, 1, 2].map(|nth| qkv.clone().narrow(1, nth * heads, heads))
}

/// Attention of T positions to themselves and to P earlier ones, whose keys and values come first: for generation with a cache.
///
/// # Shapes
///
/// - `q`: `[B, H, T, D]`
/// - `k`, `v`: `[B, H, P + T, D]`
/// - `dropout`: of the attention weights, as `[B, H, T, P + T]`
/// - output: `[N, C]`
pub fn attend(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, dropout: Dropout) -> Tensor<2> {
    let ([b, h, t, d], earlier, device) = (q.dims(), k.dims()[2] - q.dims()[2], q.device());
    let scores = q.matmul(k.swap_dims(2, 3)) * (1.0 / (d as f64).sqrt()); // [B, H, T, P + T]
    // A single position, the last, attends to all.
    let scores = if t > 1 { scores + causal_mask(earlier, t, &device) } else { scores };
    crate::dropout(softmax(scores, 3), dropout).matmul(v).swap_dims(1, 2).reshape([b * t, h * d])
}

/// The mask's value for a hidden score: low enough for a softmax of exactly zero, and finite, because WGSL may assume that
/// there is no infinity.
const HIDDEN: f32 = -1e9;

/// Zero where a position may attend, to itself and everything before it, and [`HIDDEN`] elsewhere: `[1, 1, T, P + T]`.
fn causal_mask(earlier: usize, t: usize, device: &Device) -> Tensor<4> {
    let all = earlier + t;
    let mask: Vec<f32> = (0..t * all).map(|at| if at % all <= earlier + at / all { 0.0 } else { HIDDEN }).collect();
    Tensor::from_data(TensorData::new(mask, [1, 1, t, all]), device)
}
