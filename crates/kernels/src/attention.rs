//! Causal self-attention (Vaswani et al. 2017, section 3.2): `softmax(q kᵀ / √D + mask) v` in each of H heads, D = C/H.
//!
//! One head of one row of the batch is a task; its scores are computed for [`ROWS`] places at a time and only up to the last
//! place that these may look at, and are gone when the output is written, so that `[T, T]` is never whole. The gradient
//! computes them again (Dao et al. 2022). With p the softmax and d the gradient in the output: `dv = pᵀ d`, `dp = d vᵀ`,
//! `ds = p (dp − Σ p dp)`, `dq = ds k / √D`, `dk = dsᵀ q / √D`. The limit is the arithmetic of the seven products.
//!
//! [`ROWS`]: cpu::ROWS

#[cfg(feature = "flex")]
pub(crate) mod cpu;
#[cfg(feature = "cube")]
mod gpu;

use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

use crate::{Dropout, dropout};

/// What every place makes of itself and the earlier ones.
///
/// # Shapes
///
/// - `qkv`: `[N, 3C]`: queries, keys and values side by side
/// - `mask`: `[1, 1, T, T]`, zero where a place may look, which is at itself and all before it, and far below zero elsewhere
/// - `dropped`: of the softmax, as if it were `[B, H, T, T]`
/// - output: `[N, C]`
pub(crate) fn causal_attention(qkv: Tensor<2>, mask: Tensor<4>, heads: usize, dropped: Dropout) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&qkv) {
        return crate::operation::run(cpu::Attention { t: mask.dims()[2], heads, dropped }, [qkv.into()]);
    }
    #[cfg(feature = "cube")]
    {
        let attention = gpu::Attention { t: mask.dims()[2], heads, dropped };
        if attention.fits(&qkv) {
            return crate::gpu::run(attention, [qkv.into()]);
        }
    }
    stock(qkv, mask, heads, dropped)
}

pub(crate) fn stock(qkv: Tensor<2>, mask: Tensor<4>, heads: usize, dropped: Dropout) -> Tensor<2> {
    let [q, k, v] = queries_keys_values(qkv, mask.dims()[2], heads);
    attend(q, k, v, mask, dropped)
}

/// Queries, keys and values of each head.
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

/// What the places of `q` make of those of `k` and `v`, P earlier ones among them.
///
/// # Shapes
///
/// - `q`: `[B, H, T, D]`
/// - `k`, `v`: `[B, H, P + T, D]`
/// - `mask`: `[1, 1, T, P + T]`
/// - `dropped`: of the softmax, `[B, H, T, P + T]`
/// - output: `[N, C]`
pub fn attend(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, mask: Tensor<4>, dropped: Dropout) -> Tensor<2> {
    let [b, h, t, d] = q.dims();
    let scores = q.matmul(k.swap_dims(2, 3)) * (1.0 / (d as f64).sqrt()) + mask; // [B, H, T, P + T]
    dropout(softmax(scores, 3), dropped).matmul(v).swap_dims(1, 2).reshape([b * t, h * d])
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    #[cfg(feature = "wgpu")]
    use crate::oracle::agrees_on;
    use crate::oracle::{agrees, random};

    fn mask(t: usize, device: &Device) -> Tensor<4> {
        let mask: Vec<f32> = (0..t * t).map(|at| if at % t <= at / t { 0.0 } else { -1e9 }).collect();
        Tensor::from_data(TensorData::new(mask, [1, 1, t, t]), device)
    }

    fn with(
        attention: fn(Tensor<2>, Tensor<4>, usize, Dropout) -> Tensor<2>,
        t: usize,
        heads: usize,
        dropped: Dropout,
    ) -> impl Fn([Tensor<2>; 1]) -> Tensor<2> {
        move |[qkv]| {
            let mask = mask(t, &qkv.device());
            attention(qkv, mask, heads, dropped)
        }
    }

    #[test]
    fn it_is_its_definition_in_value_and_gradient() {
        for (b, t, heads, d) in [(1, 1, 1, 1), (2, 5, 3, 2), (3, 64, 2, 16), (1, 65, 1, 8), (2, 150, 2, 4)] {
            for dropped in [Dropout::NONE, Dropout::new(0.2, 9)] {
                let (ours, stock) = (with(causal_attention, t, heads, dropped), with(stock, t, heads, dropped));
                agrees([random([b * t, 3 * heads * d], 1.5)], ours, stock);
            }
        }
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too_within_a_tile_and_over_several() {
        let Some(gpu) = crate::oracle::gpu("causal attention on a GPU") else { return };
        for (b, t, heads, d) in [(2, 5, 3, 2), (3, 8, 2, 4), (2, 150, 2, 4), (1, 260, 2, 8)] {
            for dropped in [Dropout::NONE, Dropout::new(0.2, 9)] {
                let (ours, stock) = (with(causal_attention, t, heads, dropped), with(stock, t, heads, dropped));
                agrees_on(&gpu, [random([b * t, 3 * heads * d], 1.5)], ours, stock);
            }
        }
    }
}
