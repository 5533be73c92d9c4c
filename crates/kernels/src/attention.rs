//! Causal self-attention (Vaswani et al. 2017, section 3.2): `softmax(q kᵀ / √D + mask) v` in each of H heads, D = C/H.
//!
//! One head of one row of the batch is a task; its scores are computed for [`ROWS`] places at a time and only up to the last
//! place that these may look at, and are gone when the output is written, so that `[T, T]` is never whole. The gradient
//! computes them again (Dao et al. 2022). With p the softmax and d the gradient in the output: `dv = pᵀ d`, `dp = d vᵀ`,
//! `ds = p (dp − Σ p dp)`, `dq = ds k / √D`, `dk = dsᵀ q / √D`. The limit is the arithmetic of the seven products.
//!
//! [`ROWS`]: processor::ROWS

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
pub fn causal_attention(qkv: Tensor<2>, mask: Tensor<4>, heads: usize, dropped: Dropout) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&qkv) {
        return crate::operation::run(processor::Attention { t: mask.dims()[2], heads, dropped }, [qkv.into()]);
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

#[cfg(feature = "flex")]
mod processor {
    use std::ops::Range;

    use crate::Dropout;
    use crate::operation::{Operation, Values, View};
    use crate::processor::{
        LINE, Matrix, MatrixMut, Onto, Packed, Threads, each_of, exp, largest, map, multiply, simd, sum,
        sum_of_products,
    };

    /// How many places are looked from at once.
    pub const ROWS: usize = 32;

    #[derive(Clone, Debug)]
    pub struct Attention {
        pub t: usize,
        pub heads: usize,
        pub dropped: Dropout,
    }

    /// What a row's softmax was made of: the largest score, and one over the sum of exponentials below it.
    type Softmax = [f32; 2];

    impl Operation<1> for Attention {
        /// Of every place of every head.
        type Saved = Vec<Vec<Softmax>>;

        fn forward(&self, [qkv]: [View<'_>; 1], _: bool) -> (Values, Self::Saved) {
            let [n, c] = [qkv.dims()[0], qkv.dims()[1] / 3];
            let mut out = Vec::with_capacity(n * c);
            let out_of_all = Shared(out.as_mut_ptr());
            let saved = self.for_each_head(qkv, |_, head, scores| {
                let [k, v] =
                    [Packed::by_one(head.part(1, 0..self.t).transposed()), Packed::by_one(head.part(2, 0..self.t))];
                let mut saved = Vec::with_capacity(self.t);
                for rows in head.blocks() {
                    let weights = &mut scores[..rows.len() * rows.end];
                    head.scores(rows.clone(), &k, weights);
                    head.each_row(
                        rows.clone(),
                        weights,
                        #[inline(always)]
                        |_, row| saved.push(softmax(row)),
                    );
                    head.drop(rows.clone(), weights);
                    let weights = Matrix::new(weights, rows.len(), rows.end);
                    // SAFETY: these columns of these rows are this task's alone, and in this task written once.
                    let out = unsafe { out_of_all.part(head.start(c) + rows.start * c, rows.len(), head.d, c) };
                    v.multiply_first(&out, Onto::Nothing, 1.0, weights);
                }
                saved
            });
            // SAFETY: every head of every row of the batch has written its columns of all places.
            unsafe { out.set_len(n * c) };
            (Values::new(out, [n, c]), saved)
        }

        fn backward(
            &self,
            [qkv]: [View<'_>; 1],
            saved: Self::Saved,
            d_out: Values,
            _: [bool; 1],
        ) -> [Option<Values>; 1] {
            let [n, three_c] = qkv.dims();
            let (c, d_out) = (three_c / 3, d_out.view());
            let mut d_qkv = Vec::with_capacity(n * three_c);
            let d_of_all = Shared(d_qkv.as_mut_ptr());
            self.for_each_head(qkv, |nth, head, scores| {
                let of = |which: usize| head.part(which, 0..self.t);
                let [by_k, by_v, k] = [of(1).transposed(), of(2).transposed(), of(1)].map(Packed::by_one);
                let mut d_scores = vec![0.0; ROWS * self.t];
                // From the last places on: the first block that comes sees all of keys and values, and writes their gradients.
                for rows in head.blocks().rev() {
                    let seen = rows.end;
                    let onto = if seen < self.t { Onto::Itself } else { Onto::Nothing };
                    // SAFETY: these columns of these rows are this task's alone, and are written one after another.
                    let d_part = |which: usize, rows: Range<usize>| unsafe {
                        d_of_all.part(
                            head.start(three_c) + which * c + rows.start * three_c,
                            rows.len(),
                            head.d,
                            three_c,
                        )
                    };
                    let (weights, d_scores) = (&mut scores[..rows.len() * seen], &mut d_scores[..rows.len() * seen]);
                    head.scores(rows.clone(), &by_k, weights);
                    head.each_row(
                        rows.clone(),
                        weights,
                        #[inline(always)]
                        |place, row| softmax_again(row, saved[nth][place]),
                    );
                    let d = Matrix::strided(&d_out[head.start(c) + rows.start * c..], rows.len(), head.d, c);
                    by_v.multiply_first(&MatrixMut::new(d_scores, rows.len(), seen), Onto::Nothing, 1.0, d);
                    head.drop(rows.clone(), d_scores);
                    differentiate_softmax(weights, d_scores, seen);
                    head.drop(rows.clone(), weights);
                    let weights = Matrix::new(weights, rows.len(), seen).transposed();
                    multiply(d_part(2, 0..seen), onto, 1.0, weights, d, Threads::One);
                    let d_scores = Matrix::new(d_scores, rows.len(), seen);
                    k.multiply_first(&d_part(0, rows.clone()), Onto::Nothing, head.scale, d_scores);
                    multiply(
                        d_part(1, 0..seen),
                        onto,
                        head.scale,
                        d_scores.transposed(),
                        head.part(0, rows),
                        Threads::One,
                    );
                }
            });
            // SAFETY: every head of every row of the batch has written its columns of all places.
            unsafe { d_qkv.set_len(n * three_c) };
            [Some(Values::new(d_qkv, [n, three_c]))]
        }
    }

    impl Attention {
        /// Does `work` for every head of every row of the batch, with room for the scores of [`ROWS`] places.
        fn for_each_head<R: Send>(
            &self,
            qkv: View<'_>,
            work: impl Fn(usize, Head<'_>, &mut [f32]) -> R + Sync,
        ) -> Vec<R> {
            let &Self { t, heads, dropped } = self;
            let [n, three_c] = qkv.dims();
            let (b, d) = (n / t.max(1), three_c / 3 / heads);
            assert_eq!((b * t, 3 * heads * d), (n, three_c), "whole rows of the batch, and whole heads");
            let scale = 1.0 / (d as f32).sqrt();
            each_of(0..b * heads, |nth, _| {
                let head = Head { qkv, row: nth / heads, nth: nth % heads, heads, t, d, scale, dropped };
                work(nth, head, &mut vec![0.0; ROWS * t])
            })
        }
    }

    /// One head of one row of the batch.
    struct Head<'a> {
        qkv: View<'a>,
        row: usize,
        nth: usize,
        heads: usize,
        t: usize,
        d: usize,
        scale: f32,
        dropped: Dropout,
    }

    impl Head<'_> {
        fn blocks(&self) -> impl DoubleEndedIterator<Item = Range<usize>> {
            let t = self.t;
            (0..t.div_ceil(ROWS)).map(move |block| block * ROWS..t.min((block + 1) * ROWS))
        }

        /// Where its numbers start among rows of `width`.
        fn start(&self, width: usize) -> usize {
            self.row * self.t * width + self.nth * self.d
        }

        /// Its queries, keys or values (0, 1, 2) at `places`.
        fn part(&self, which: usize, places: Range<usize>) -> Matrix<'_> {
            let width = self.qkv.dims()[1];
            let start = self.start(width) + which * (width / 3) + places.start * width;
            Matrix::strided(&self.qkv[start..], places.len(), self.d, width)
        }

        /// What each of `places` has to do with those up to the last of them, of which `keys` are the columns.
        fn scores(&self, places: Range<usize>, keys: &Packed, out: &mut [f32]) {
            let out = MatrixMut::new(out, places.len(), places.end);
            keys.multiply_first(&out, Onto::Nothing, self.scale, self.part(0, places));
        }

        /// Gives `softmax` the scores of each of `places`, in whole registers: what is ahead is so far below that it adds nothing
        /// to a sum, and is zero in the end.
        fn each_row(&self, places: Range<usize>, scores: &mut [f32], mut softmax: impl FnMut(usize, &mut [f32])) {
            let seen = places.end;
            simd(
                #[inline(always)]
                || {
                    for (row, place) in scores.chunks_exact_mut(seen).zip(places) {
                        let whole = (place + 1).next_multiple_of(LINE).min(seen);
                        row[place + 1..whole].fill(f32::MIN);
                        softmax(place, &mut row[..whole]);
                        row[place + 1..].fill(0.0);
                    }
                },
            )
        }

        /// Drops of what each of `places` takes of those up to the last of them.
        fn drop(&self, places: Range<usize>, weights: &mut [f32]) {
            if self.dropped.is_none() {
                return;
            }
            let (seen, first) = (places.end, (self.row * self.heads + self.nth) * self.t);
            simd(
                #[inline(always)]
                || {
                    for (row, place) in weights.chunks_exact_mut(seen).zip(places) {
                        self.dropped.drop_from(((first + place) * self.t) as u32, row);
                    }
                },
            )
        }
    }

    #[inline(always)]
    fn softmax(row: &mut [f32]) -> Softmax {
        let most = largest(row);
        map(
            row,
            #[inline(always)]
            |x| exp(x - most),
        );
        let share = 1.0 / sum(row);
        map(
            row,
            #[inline(always)]
            |x| x * share,
        );
        [most, share]
    }

    /// The same of the same row, to the last bit.
    #[inline(always)]
    fn softmax_again(row: &mut [f32], [most, share]: Softmax) {
        map(
            row,
            #[inline(always)]
            |x| exp(x - most) * share,
        );
    }

    /// Turns the gradient in the softmax `p` into that in its scores, row by row.
    fn differentiate_softmax(p: &[f32], d: &mut [f32], columns: usize) {
        simd(
            #[inline(always)]
            || {
                for start in (0..p.len()).step_by(columns) {
                    let (p, d) = (&p[start..start + columns], &mut d[start..start + columns]);
                    let mean = sum_of_products(p, d);
                    for i in 0..p.len() {
                        d[i] = p[i] * (d[i] - mean);
                    }
                }
            },
        )
    }

    /// Numbers whose parts are written by different threads.
    struct Shared(*mut f32);

    // SAFETY: it only gives out parts, of which `part` asks that they be apart.
    unsafe impl Sync for Shared {}

    impl Shared {
        /// # Safety
        ///
        /// As for [`MatrixMut::part`].
        unsafe fn part(&self, start: usize, rows: usize, columns: usize, row_stride: usize) -> MatrixMut<'_> {
            // SAFETY: the caller sees to it.
            unsafe { MatrixMut::part(self.0.add(start), rows, columns, row_stride) }
        }
    }
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
