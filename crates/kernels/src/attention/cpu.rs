//! Attention on the processor: head by head, some places at a time, whose scores are near all the while.

use std::ops::Range;

use crate::Dropout;
use crate::operation::{Operation, Values, View};
use wordspace_gemm::{
    Accumulate, CACHE_LINE, Matrix, MatrixMut, PackedB, Threads, dot, exp, gemm, map_in_place, max, parallel_map, sum,
    vectorized,
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
                [head.part(1, 0..self.t).transposed(), head.part(2, 0..self.t)].map(|b| PackedB::new(b, Threads::One));
            let mut saved = Vec::with_capacity(self.t);
            for rows in head.blocks() {
                let weights = &mut scores[..rows.len() * rows.end];
                head.scores(rows.clone(), &k, weights);
                softmax(rows.clone(), weights, &mut saved);
                head.drop(rows.clone(), weights);
                let weights = Matrix::new(weights, rows.len(), rows.end);
                // SAFETY: these columns of these rows are this task's alone, and in this task written once.
                let mut out = unsafe { out_of_all.part(head.start(c) + rows.start * c, rows.len(), head.d, c) };
                v.gemm_leading(&mut out, Accumulate::Overwrite, 1.0, weights);
            }
            saved
        });
        // SAFETY: every head of every row of the batch has written its columns of all places.
        unsafe { out.set_len(n * c) };
        (Values::new(out, [n, c]), saved)
    }

    fn backward(&self, [qkv]: [View<'_>; 1], saved: Self::Saved, d_out: Values, _: [bool; 1]) -> [Option<Values>; 1] {
        let [n, three_c] = qkv.dims();
        let (c, d_out) = (three_c / 3, d_out.view());
        let mut d_qkv = Vec::with_capacity(n * three_c);
        let d_of_all = Shared(d_qkv.as_mut_ptr());
        self.for_each_head(qkv, |nth, head, scores| {
            let of = |which: usize| head.part(which, 0..self.t);
            let [by_k, by_v, k] =
                [of(1).transposed(), of(2).transposed(), of(1)].map(|b| PackedB::new(b, Threads::One));
            let mut d_scores = vec![0.0; ROWS * self.t];
            // From the last places on: the first block that comes sees all of keys and values, and writes their gradients.
            for rows in head.blocks().rev() {
                let seen = rows.end;
                let onto = if seen < self.t { Accumulate::Add } else { Accumulate::Overwrite };
                // SAFETY: these columns of these rows are this task's alone, and are written one after another.
                let d_part = |which: usize, rows: Range<usize>| unsafe {
                    d_of_all.part(head.start(three_c) + which * c + rows.start * three_c, rows.len(), head.d, three_c)
                };
                let (weights, d_scores) = (&mut scores[..rows.len() * seen], &mut d_scores[..rows.len() * seen]);
                head.scores(rows.clone(), &by_k, weights);
                softmax_again(rows.clone(), weights, &saved[nth]);
                let d = Matrix::strided(&d_out[head.start(c) + rows.start * c..], rows.len(), head.d, c);
                by_v.gemm_leading(&mut MatrixMut::new(d_scores, rows.len(), seen), Accumulate::Overwrite, 1.0, d);
                head.drop(rows.clone(), d_scores);
                differentiate_softmax(weights, d_scores, seen);
                head.drop(rows.clone(), weights);
                let weights = Matrix::new(weights, rows.len(), seen).transposed();
                gemm(d_part(2, 0..seen), onto, 1.0, weights, d, Threads::One);
                let d_scores = Matrix::new(d_scores, rows.len(), seen);
                k.gemm_leading(&mut d_part(0, rows.clone()), Accumulate::Overwrite, head.scale, d_scores);
                gemm(d_part(1, 0..seen), onto, head.scale, d_scores.transposed(), head.part(0, rows), Threads::One);
            }
        });
        // SAFETY: every head of every row of the batch has written its columns of all places.
        unsafe { d_qkv.set_len(n * three_c) };
        [Some(Values::new(d_qkv, [n, three_c]))]
    }
}

impl Attention {
    /// Does `work` for every head of every row of the batch, with room for the scores of [`ROWS`] places.
    fn for_each_head<R: Send>(&self, qkv: View<'_>, work: impl Fn(usize, Head<'_>, &mut [f32]) -> R + Sync) -> Vec<R> {
        let &Self { t, heads, dropped } = self;
        let [n, three_c] = qkv.dims();
        let (b, d) = (n / t.max(1), three_c / 3 / heads);
        assert_eq!((b * t, 3 * heads * d), (n, three_c), "whole rows of the batch, and whole heads");
        let scale = 1.0 / (d as f32).sqrt();
        parallel_map(0..b * heads, |nth, _| {
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
    fn scores(&self, places: Range<usize>, keys: &PackedB, out: &mut [f32]) {
        let mut out = MatrixMut::new(out, places.len(), places.end);
        keys.gemm_leading(&mut out, Accumulate::Overwrite, self.scale, self.part(0, places));
    }

    /// Drops of what each of `places` takes of those up to the last of them.
    fn drop(&self, places: Range<usize>, weights: &mut [f32]) {
        if self.dropped.is_none() {
            return;
        }
        let (seen, first) = (places.end, (self.row * self.heads + self.nth) * self.t);
        vectorized(
            #[inline(always)]
            || {
                for (row, place) in weights.chunks_exact_mut(seen).zip(places) {
                    self.dropped.drop_from(((first + place) * self.t) as u32, row);
                }
            },
        )
    }
}

/// Turns the scores of each of `places` into its softmax, in whole registers: what is ahead is so far below that it adds
/// nothing to a sum. Every step goes through all rows: those of one row wait for each other, and what was just written number by
/// number is long in coming as a register.
fn softmax(places: Range<usize>, scores: &mut [f32], saved: &mut Vec<Softmax>) {
    each_row(
        places.clone(),
        scores,
        #[inline(always)]
        |place, row, whole| {
            for ahead in place + 1..whole {
                row[ahead] = f32::MIN;
            }
        },
    );
    each_row(
        places.clone(),
        scores,
        #[inline(always)]
        |_, row, whole| saved.push([max(&row[..whole]), 0.0]),
    );
    each_row(
        places.clone(),
        scores,
        #[inline(always)]
        |place, row, whole| {
            let most = saved[place][0];
            map_in_place(
                &mut row[..whole],
                #[inline(always)]
                |x| exp(x - most),
            );
            saved[place][1] = 1.0 / sum(&row[..whole]);
        },
    );
    // Before they are multiplied: what is ahead is so small now that its share would be subnormal, for which processors take their
    // time.
    each_row(
        places.clone(),
        scores,
        #[inline(always)]
        |place, row, _| {
            for ahead in place + 1..row.len() {
                row[ahead] = 0.0;
            }
        },
    );
    each_row(
        places,
        scores,
        #[inline(always)]
        |place, row, whole| {
            let share = saved[place][1];
            map_in_place(
                &mut row[..whole],
                #[inline(always)]
                |x| x * share,
            );
        },
    );
}

/// The same of the same scores, to the last bit.
fn softmax_again(places: Range<usize>, scores: &mut [f32], saved: &[Softmax]) {
    each_row(
        places,
        scores,
        #[inline(always)]
        |place, row, whole| {
            let [most, share] = saved[place];
            map_in_place(
                &mut row[..whole],
                #[inline(always)]
                |x| exp(x - most) * share,
            );
            for ahead in place + 1..row.len() {
                row[ahead] = 0.0;
            }
        },
    );
}

/// Gives `work` the row of each of `places` up to the last of them, and how many numbers of it are worth a whole register.
#[inline(always)]
fn each_row(places: Range<usize>, numbers: &mut [f32], mut work: impl FnMut(usize, &mut [f32], usize)) {
    let seen = places.end;
    vectorized(
        #[inline(always)]
        || {
            for nth in 0..places.len() {
                let place = places.start + nth;
                let whole = (place + 1).next_multiple_of(CACHE_LINE).min(seen);
                work(place, &mut numbers[nth * seen..(nth + 1) * seen], whole);
            }
        },
    )
}

/// Turns the gradient in the softmax `p` into that in its scores, row by row.
fn differentiate_softmax(p: &[f32], d: &mut [f32], columns: usize) {
    vectorized(
        #[inline(always)]
        || {
            let mut means = [0.0; ROWS];
            for nth in 0..p.len() / columns {
                let row = nth * columns..(nth + 1) * columns;
                means[nth] = dot(&p[row.clone()], &d[row]);
            }
            for nth in 0..p.len() / columns {
                let row = nth * columns..(nth + 1) * columns;
                let (p, d, mean) = (&p[row.clone()], &mut d[row], means[nth]);
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
    /// As for [`MatrixMut::from_raw_parts`].
    unsafe fn part(&self, start: usize, rows: usize, columns: usize, row_stride: usize) -> MatrixMut<'_> {
        // SAFETY: the caller sees to it.
        unsafe { MatrixMut::from_raw_parts(self.0.add(start), rows, columns, row_stride) }
    }
}
