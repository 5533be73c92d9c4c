//! AdamW on the CPU, and the sum of squares.

use burn::tensor::Tensor;
use wordspace_gemm::{CACHE_LINE, CHUNK, dot, parallel_map, vectorized};

use super::{AdamW, Factors, Moments};
use crate::operation::{Values, tensor, values};

/// One pass over all elements, in place.
pub fn update(
    adamw: &AdamW,
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    scale: Tensor<1>,
    moments: Moments,
) -> (Tensor<1>, Moments) {
    let (mut p, g, scale) = (values(parameter), values(gradient), values(scale));
    let (mut m, mut v) = (values(moments.first), values(moments.second));
    let g = g.view();
    // Small enough that no thread waits long for the last chunk.
    let chunk = (g.len() / 16).clamp(CHUNK / 8, CHUNK).next_multiple_of(CACHE_LINE);
    let chunks = p.as_mut_slice().chunks_mut(chunk).zip(g.chunks(chunk));
    let moments = m.as_mut_slice().chunks_mut(chunk).zip(v.as_mut_slice().chunks_mut(chunk));
    let pass = Pass::new(adamw, scale.view()[0]);
    parallel_map(chunks.zip(moments), |_, ((p, g), (m, v))| {
        vectorized(
            #[inline(always)]
            || pass.run(p, g, m, v),
        )
    });
    (tensor(p), Moments { first: tensor(m), second: tensor(v) })
}

/// An update of any number of elements.
pub struct Pass {
    scale: f32,
    factors: Factors,
}

impl Pass {
    pub fn new(adamw: &AdamW, scale: f32) -> Self {
        Self { scale, factors: adamw.factors() }
    }

    /// Updates elements in place; to be called within [`vectorized`].
    #[inline(always)]
    pub fn run(&self, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        let (n, by) = (p.len(), &self.factors);
        let (g, m, v) = (&g[..n], &mut m[..n], &mut v[..n]);
        for i in 0..n {
            let g = g[i] * self.scale;
            m[i] = m[i] * by.beta1 + g * by.one_minus_beta1;
            v[i] = v[i] * by.beta2 + g * g * by.one_minus_beta2;
            p[i] = p[i] * by.decay - m[i] / (v[i].sqrt() * by.root_correction + by.epsilon) * by.rate;
        }
    }
}

pub fn sum_of_squares(gradients: Vec<Tensor<1>>) -> Tensor<1> {
    let gradients: Vec<_> = gradients.into_iter().map(values).collect();
    let views: Vec<_> = gradients.iter().map(Values::view).collect();
    let sums = parallel_map(views.iter().flat_map(|x| x.chunks(4 * CHUNK)), |_, x| {
        vectorized(
            #[inline(always)]
            || dot(x, x),
        )
    });
    let sum: f64 = sums.into_iter().map(f64::from).sum();
    tensor(Values::new(vec![sum as f32], [1]))
}
