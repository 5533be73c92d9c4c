//! Layer normalisation on the CPU. A task is a chunk of rows.

use std::mem::MaybeUninit;

use wordspace_gemm::{dot, parallel_map, rows_per_chunk, sum, sum_in_order, vec_from_chunks, vectorized};

use crate::operation::{Operation, Values, View};

#[derive(Clone, Debug)]
pub struct LayerNorm {
    epsilon: f32,
}

impl Operation<3> for LayerNorm {
    type Saved = ();

    fn forward(&self, [x, weight, bias]: [View<'_>; 3], _: bool) -> (Values, ()) {
        let [_, c] = x.dims();
        let chunk = rows_per_chunk(c) * c;
        let write = |nth: usize, out: &mut [MaybeUninit<f32>]| {
            let x = &x[nth * chunk..][..out.len()];
            let mut normalized = vec![0.0; c];
            vectorized(
                #[inline(always)]
                || {
                    let (weight, bias, normalized) = (&weight[..c], &bias[..c], &mut normalized[..c]);
                    for start in (0..x.len()).step_by(c) {
                        self.normalize(&x[start..start + c], normalized);
                        let out = &mut out[start..start + c];
                        for i in 0..c {
                            out[i].write(normalized[i] * weight[i] + bias[i]);
                        }
                    }
                },
            )
        };
        // SAFETY: x is N rows of C elements and a chunk is whole rows, so the loop over rows writes every element of its chunk.
        (Values::like(unsafe { vec_from_chunks(x.len(), chunk, write) }, x), ())
    }

    fn backward(&self, inputs: [View<'_>; 3], (): (), d_out: Values, _: [bool; 3]) -> [Option<Values>; 3] {
        self.differentiate(None, inputs, d_out).map(Some)
    }

    fn backward_onto(
        &self,
        so_far: Values,
        inputs: [View<'_>; 3],
        (): (),
        d_out: Values,
        _: [bool; 3],
    ) -> [Option<Values>; 3] {
        self.differentiate(Some(so_far.view()), inputs, d_out).map(Some)
    }
}

impl LayerNorm {
    pub fn new(epsilon: f64) -> Self {
        Self { epsilon: epsilon as f32 }
    }

    /// The gradients; that of `x` is added to `so_far`, if there is one.
    fn differentiate(
        &self,
        so_far: Option<View<'_>>,
        [x, weight, bias]: [View<'_>; 3],
        mut d_out: Values,
    ) -> [Values; 3] {
        let [_, c] = x.dims();
        let chunk = rows_per_chunk(c) * c;
        let sums = parallel_map(d_out.as_mut_slice().chunks_mut(chunk).zip(x.chunks(chunk)), |nth, (d, x)| {
            let mut sums = vec![0.0; 2 * c]; // the gradient of the weight, then that of the bias
            let mut normalized = vec![0.0; c];
            let so_far = so_far.as_ref().map(|so_far| &so_far[nth * chunk..][..x.len()]);
            vectorized(
                #[inline(always)]
                || {
                    for start in (0..x.len()).step_by(c) {
                        let (x, d) = (&x[start..start + c], &mut d[start..start + c]);
                        self.differentiate_row(x, &weight, d, &mut sums, &mut normalized);
                        if let Some(so_far) = so_far {
                            let so_far = &so_far[start..start + c];
                            for i in 0..c {
                                d[i] += so_far[i];
                            }
                        }
                    }
                },
            );
            sums
        });
        let sums = sum_in_order(sums, 2 * c);
        let (d_weight, d_bias) = sums.split_at(c);
        [d_out, Values::like(d_weight.to_vec(), weight), Values::like(d_bias.to_vec(), bias)]
    }

    /// Turns `d`, the gradient of a row of the output, into that of `x`, and adds to the gradients of weight and bias.
    #[inline(always)]
    fn differentiate_row(&self, x: &[f32], weight: &[f32], d: &mut [f32], sums: &mut [f32], normalized: &mut [f32]) {
        let c = x.len();
        let (weight, d, normalized) = (&weight[..c], &mut d[..c], &mut normalized[..c]);
        let (d_weight, d_bias) = sums.split_at_mut(c);
        let d_bias = &mut d_bias[..c];
        let scale = self.normalize(x, normalized);
        for i in 0..c {
            d_weight[i] += d[i] * normalized[i];
            d_bias[i] += d[i];
            d[i] *= weight[i];
        }
        let mean = sum(d) / c as f32;
        let mean_product = dot(d, normalized) / c as f32;
        for i in 0..c {
            d[i] = (d[i] - mean - normalized[i] * mean_product) * scale;
        }
    }

    /// Writes x̂ to `out`, and returns `1 / √(variance + ε)`.
    #[inline(always)]
    fn normalize(&self, x: &[f32], out: &mut [f32]) -> f32 {
        let c = x.len();
        let out = &mut out[..c];
        let mean = sum(x) / c as f32;
        for i in 0..c {
            out[i] = x[i] - mean;
        }
        let scale = 1.0 / (dot(out, out) / c as f32 + self.epsilon).sqrt();
        for i in 0..c {
            out[i] *= scale;
        }
        scale
    }
}
