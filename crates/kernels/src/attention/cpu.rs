//! Attention on the CPU. A task is one head of one sequence. It works on blocks of [`ROWS`] queries, whose scores stay in its
//! cache from the first product to the last.

use std::ops::Range;

use crate::Dropout;
use crate::operation::{Operation, Values, View};
use wordspace_gemm::{
    Accumulate, CACHE_LINE, Matrix, MatrixMut, PackedB, Threads, dot, exp, gemm, map_in_place, max, parallel_map, sum,
    vectorized,
};

/// Queries in a block.
pub const ROWS: usize = 32;

#[derive(Clone, Debug)]
pub struct Attention {
    pub t: usize,
    pub heads: usize,
    pub dropout: Dropout,
}

/// What recomputes the softmax of a row: its largest score, and one over the sum of exponentials.
type SoftmaxStats = [f32; 2];

impl Operation<1> for Attention {
    /// `[B · H][T]`.
    type Saved = Vec<Vec<SoftmaxStats>>;

    fn forward(&self, [qkv]: [View<'_>; 1], _: bool) -> (Values, Self::Saved) {
        let [n, c] = [qkv.dims()[0], qkv.dims()[1] / 3];
        let mut out = Vec::with_capacity(n * c);
        // SAFETY: `out` has this capacity, and is used through this matrix alone until all tasks are done, which overwrite it.
        let out_matrix = unsafe { MatrixMut::from_raw_parts(out.as_mut_ptr(), n, c, c) };
        let saved = self.for_each_head(qkv, |_, head, scores| {
            let [k, v] =
                [head.part(1, 0..self.t).transposed(), head.part(2, 0..self.t)].map(|b| PackedB::new(b, Threads::One));
            let mut stats = Vec::with_capacity(self.t);
            for rows in head.blocks() {
                let weights = &mut scores[..rows.len() * rows.end]; // [rows, keys up to the last row]
                head.scores(rows.clone(), &k, weights);
                softmax(rows.clone(), weights, &mut stats);
                head.drop_out(rows.clone(), weights);
                let weights = Matrix::new(weights, rows.len(), rows.end);
                // SAFETY: no other task has these columns, a head, of these rows, a sequence; this task's blocks of rows are disjoint.
                let mut out = unsafe { out_matrix.block(head.rows(rows), head.columns(0)) }; // [rows, D]
                v.gemm_leading(&mut out, Accumulate::Overwrite, 1.0, weights);
            }
            stats
        });
        // SAFETY: B·H tasks each wrote the D columns of their head in all T rows of their sequence: `[N, C]` is written.
        unsafe { out.set_len(n * c) };
        (Values::new(out, [n, c]), saved)
    }

    fn backward(&self, [qkv]: [View<'_>; 1], saved: Self::Saved, d_out: Values, _: [bool; 1]) -> [Option<Values>; 1] {
        let [n, three_c] = qkv.dims();
        let (c, d_out) = (three_c / 3, d_out.view());
        let mut d_qkv = Vec::with_capacity(n * three_c);
        // SAFETY: as in `forward`; the last block overwrites the gradients of keys and values before the others add to them.
        let d_matrix = unsafe { MatrixMut::from_raw_parts(d_qkv.as_mut_ptr(), n, three_c, three_c) };
        self.for_each_head(qkv, |nth, head, scores| {
            let [k, v] = [1, 2].map(|which| head.part(which, 0..self.t));
            let [k_transposed, v_transposed, k] =
                [k.transposed(), v.transposed(), k].map(|b| PackedB::new(b, Threads::One));
            let mut d_scores = vec![0.0; ROWS * self.t];
            // From the last block on: it sees all keys and values, so it writes their gradients and the others add to them.
            for rows in head.blocks().rev() {
                let seen = rows.end;
                let onto = if seen < self.t { Accumulate::Add } else { Accumulate::Overwrite };
                // SAFETY: no other task has these columns, the gradients of q, k or v of a head, of these rows, a sequence; this task
                // uses one block at a time.
                let d_part = |which: usize, rows: Range<usize>| unsafe {
                    d_matrix.block(head.rows(rows), head.columns(which * c))
                };
                let (weights, d_scores) = (&mut scores[..rows.len() * seen], &mut d_scores[..rows.len() * seen]);
                head.scores(rows.clone(), &k_transposed, weights);
                softmax_again(rows.clone(), weights, &saved[nth]);
                let d = Matrix::strided(&d_out[head.start(c) + rows.start * c..], rows.len(), head.d, c);
                let mut d_weights = MatrixMut::new(d_scores, rows.len(), seen);
                v_transposed.gemm_leading(&mut d_weights, Accumulate::Overwrite, 1.0, d);
                head.drop_out(rows.clone(), d_scores);
                differentiate_softmax(weights, d_scores, seen);
                head.drop_out(rows.clone(), weights);
                let weights = Matrix::new(weights, rows.len(), seen).transposed();
                gemm(d_part(2, 0..seen), onto, 1.0, weights, d, Threads::One);
                let d_scores = Matrix::new(d_scores, rows.len(), seen);
                k.gemm_leading(&mut d_part(0, rows.clone()), Accumulate::Overwrite, head.scale, d_scores);
                gemm(d_part(1, 0..seen), onto, head.scale, d_scores.transposed(), head.part(0, rows), Threads::One);
            }
        });
        // SAFETY: B·H tasks each wrote their head's columns of all three gradients: those of q block by block, those of k and v
        // in the last block, which sees all T.
        unsafe { d_qkv.set_len(n * three_c) };
        [Some(Values::new(d_qkv, [n, three_c]))]
    }
}

impl Attention {
    /// Runs `work` for each head of each sequence, with memory for the scores of a block.
    fn for_each_head<R: Send>(&self, qkv: View<'_>, work: impl Fn(usize, Head<'_>, &mut [f32]) -> R + Sync) -> Vec<R> {
        let &Self { t, heads, dropout } = self;
        let [n, three_c] = qkv.dims();
        let (b, d) = (n / t.max(1), three_c / 3 / heads);
        assert_eq!((b * t, 3 * heads * d), (n, three_c), "whole sequences of T tokens, and whole heads");
        let scale = 1.0 / (d as f32).sqrt();
        parallel_map(0..b * heads, |nth, _| {
            let head = Head { qkv, sequence: nth / heads, nth: nth % heads, heads, t, d, scale, dropout };
            work(nth, head, &mut vec![0.0; ROWS * t])
        })
    }
}

/// One head of one sequence.
struct Head<'a> {
    qkv: View<'a>,
    sequence: usize,
    nth: usize,
    heads: usize,
    t: usize,
    d: usize,
    /// 1/√D.
    scale: f32,
    dropout: Dropout,
}

impl Head<'_> {
    /// The positions, [`ROWS`] at a time.
    fn blocks(&self) -> impl DoubleEndedIterator<Item = Range<usize>> {
        let t = self.t;
        (0..t.div_ceil(ROWS)).map(move |block| block * ROWS..t.min((block + 1) * ROWS))
    }

    /// The offset of its first element in a matrix with rows of `width` elements.
    fn start(&self, width: usize) -> usize {
        self.sequence * self.t * width + self.nth * self.d
    }

    /// The rows of its `positions` in the batch.
    fn rows(&self, positions: Range<usize>) -> Range<usize> {
        self.sequence * self.t + positions.start..self.sequence * self.t + positions.end
    }

    /// Its D columns of the C columns from `first` on.
    fn columns(&self, first: usize) -> Range<usize> {
        first + self.nth * self.d..first + (self.nth + 1) * self.d
    }

    /// Its queries, keys or values (0, 1, 2) at `positions`: `[positions, D]`.
    fn part(&self, which: usize, positions: Range<usize>) -> Matrix<'_> {
        let width = self.qkv.dims()[1];
        let start = self.start(width) + which * (width / 3) + positions.start * width;
        Matrix::strided(&self.qkv[start..], positions.len(), self.d, width)
    }

    /// Writes the scores of the queries at `positions` with the keys up to the last of them.
    fn scores(&self, positions: Range<usize>, keys: &PackedB, out: &mut [f32]) {
        let mut out = MatrixMut::new(out, positions.len(), positions.end);
        keys.gemm_leading(&mut out, Accumulate::Overwrite, self.scale, self.part(0, positions));
    }

    /// Applies dropout to the attention weights of `positions`, or to their gradient.
    fn drop_out(&self, positions: Range<usize>, weights: &mut [f32]) {
        if self.dropout.is_none() {
            return;
        }
        let (seen, first) = (positions.end, (self.sequence * self.heads + self.nth) * self.t);
        vectorized(
            #[inline(always)]
            || {
                for (row, position) in weights.chunks_exact_mut(seen).zip(positions) {
                    self.dropout.apply_in_place(((first + position) * self.t) as u32, row);
                }
            },
        )
    }
}

/// Turns the scores of each of `positions` into their softmax.
///
/// A row is handled in whole vectors: [`f32::MIN`] hides the scores of the later positions in the last of them. Each pass goes
/// through all rows before the next begins, because the passes over one row depend on each other, and because reading as a vector
/// what was just stored element by element stalls.
fn softmax(positions: Range<usize>, scores: &mut [f32], stats: &mut Vec<SoftmaxStats>) {
    each_row(
        positions.clone(),
        scores,
        #[inline(always)]
        |position, row, whole| {
            for later in position + 1..whole {
                row[later] = f32::MIN;
            }
        },
    );
    each_row(
        positions.clone(),
        scores,
        #[inline(always)]
        |_, row, whole| stats.push([max(&row[..whole]), 0.0]),
    );
    each_row(
        positions.clone(),
        scores,
        #[inline(always)]
        |position, row, whole| {
            let largest = stats[position][0];
            map_in_place(
                &mut row[..whole],
                #[inline(always)]
                |x| exp(x - largest),
            );
            stats[position][1] = 1.0 / sum(&row[..whole]);
        },
    );
    // Before the scaling: the exponentials of later positions are so small that scaled they would be subnormal, which is slow.
    each_row(
        positions.clone(),
        scores,
        #[inline(always)]
        |position, row, _| {
            for later in position + 1..row.len() {
                row[later] = 0.0;
            }
        },
    );
    each_row(
        positions,
        scores,
        #[inline(always)]
        |position, row, whole| {
            let scale = stats[position][1];
            map_in_place(
                &mut row[..whole],
                #[inline(always)]
                |x| x * scale,
            );
        },
    );
}

/// The same softmax of the same scores, to the bit.
fn softmax_again(positions: Range<usize>, scores: &mut [f32], stats: &[SoftmaxStats]) {
    each_row(
        positions,
        scores,
        #[inline(always)]
        |position, row, whole| {
            let [largest, scale] = stats[position];
            map_in_place(
                &mut row[..whole],
                #[inline(always)]
                |x| exp(x - largest) * scale,
            );
            for later in position + 1..row.len() {
                row[later] = 0.0;
            }
        },
    );
}

/// Calls `work` with each of `positions`, its row of `weights`, and the length of that row up to the position, in whole vectors.
#[inline(always)]
fn each_row(positions: Range<usize>, weights: &mut [f32], mut work: impl FnMut(usize, &mut [f32], usize)) {
    let seen = positions.end;
    vectorized(
        #[inline(always)]
        || {
            for nth in 0..positions.len() {
                let position = positions.start + nth;
                let whole = (position + 1).next_multiple_of(CACHE_LINE).min(seen);
                work(position, &mut weights[nth * seen..(nth + 1) * seen], whole);
            }
        },
    )
}

/// Turns the gradient `d` of a softmax `p` into that of its scores, row by row.
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
