//! The loss on the CPU, in three phases: hidden states are packed ([`Block`]), scored against the table ([`Scored`]), and
//! differentiated ([`Differentiated`]).
//!
//! A task of the second phase takes a block of hidden states and a span of the table. It computes the logits of some rows of the span,
//! `[rows, states]`, turns them into `e = exp(logit − shift)` in place, and multiplies these by the same rows for `d_hidden` while both
//! are in its cache. When the sums s over all spans are known, `d_table = e · hidden/s` reads e in the order in which it was written.
//!
//! The shift of a hidden state is the logit of its target: it is known before the others, and keeps every sum above one. If another
//! logit is so much larger that a sum overflows, all is scored again, shifted by the largest logit.

use std::mem::MaybeUninit;
use std::sync::Arc;

use burn::tensor::{Int, Tensor};
use wordspace_gemm::{
    Accumulate, CHUNK, MR, Matrix, MatrixMut, PackedB, Threads, dot, exp, gemm, matmul, parallel_for, parallel_map,
    sum_in_order, vectorized,
};

use crate::ids::on_the_host;
use crate::operation::{Operation, Values, View};

/// Hidden states of a block, at most.
const STATES: usize = 256;
/// Rows of the table whose logits are in a task's cache at a time.
const ROWS: usize = 256;
/// Rows of the table of a task: enough that few partial sums of `d_hidden` remain to be added, few enough for tasks for all threads.
const SPAN: usize = 8 * ROWS;
/// Elements of e in memory at a time: 52 MiB, unless V is so large that these are fewer than 16 hidden states.
const MAX_E: usize = 13 << 20;
/// Rows of the gradient of the table that are a task, at most.
const GRADIENT_ROWS: usize = 96;
/// More than any sum of exponentials below the largest logit, and far from overflow.
const TOO_LARGE: f64 = 1e20;

#[derive(Clone, Debug)]
pub struct CrossEntropy {
    targets: Arc<[u32]>,
}

impl CrossEntropy {
    pub fn new(targets: Tensor<1, Int>) -> Self {
        Self { targets: on_the_host(targets) }
    }
}

impl Operation<2> for CrossEntropy {
    /// The gradients of hidden states and table.
    type Saved = Option<[Values; 2]>;

    fn forward(&self, [hidden, table]: [View<'_>; 2], is_tracked: bool) -> (Values, Self::Saved) {
        let ([n, c], [v, _]) = (hidden.dims(), table.dims());
        assert_eq!(self.targets.len(), n, "a target for every hidden state");
        let head = Head { table, v, c, scale: 1.0 / n as f32, is_tracked, states: states_of_a_block(n, v) };
        let at_once = states_at_once(v).min(n);
        // Not cleared, which would take as long as to write it. Large buffers are allocated first: a small one might take the address
        // of the last call's large one, and that memory could not be reused.
        let mut e = Vec::with_capacity(at_once * v);
        let mut d_table = Vec::with_capacity(if is_tracked { v * c } else { 0 });
        let mut d_hidden = Vec::with_capacity(n * c);
        let mut loss = 0.0;
        for (hidden, targets) in hidden.chunks(at_once * c).zip(self.targets.chunks(at_once)) {
            let e = &mut e.spare_capacity_mut()[..targets.len() * v];
            let (scored, e) = head.score(head.pack(hidden, targets), e);
            loss += scored.iter().map(Scored::loss).sum::<f64>();
            if is_tracked {
                let differentiated = parallel_map(scored.into_iter(), |_, scored| head.differentiate(scored));
                d_table = head.add_table_gradient(d_table, e, &differentiated);
                differentiated.iter().for_each(|block| d_hidden.extend_from_slice(&block.d_hidden));
            }
        }
        let saved = is_tracked.then(|| [Values::like(d_hidden, hidden), Values::like(d_table, table)]);
        (Values::new(vec![(loss / n as f64) as f32], [1]), saved)
    }

    fn backward(&self, _: [View<'_>; 2], saved: Self::Saved, d_out: Values, _: [bool; 2]) -> [Option<Values>; 2] {
        let factor = d_out.view()[0];
        saved.expect("a tracked loss saves the gradients").map(|mut gradient| {
            if factor != 1.0 {
                parallel_map(gradient.as_mut_slice().chunks_mut(CHUNK), |_, x| x.iter_mut().for_each(|x| *x *= factor));
            }
            Some(gradient)
        })
    }
}

/// As many hidden states as [`MAX_E`] allows: whole blocks, or if not even one, whole tiles.
fn states_at_once(v: usize) -> usize {
    match MAX_E / v.max(1) {
        few @ ..STATES => (few / 32 * 32).max(16),
        many => many / STATES * STATES,
    }
}

/// [`STATES`], or a quarter of few hidden states where the table is one span, so that several threads have tasks.
fn states_of_a_block(n: usize, v: usize) -> usize {
    if v > SPAN { STATES } else { n.div_ceil(4).next_multiple_of(32).min(STATES) }
}

/// The table, `[V, C]`, and how hidden states are compared with it.
struct Head<'a> {
    table: View<'a>,
    v: usize,
    c: usize,
    /// 1/N.
    scale: f32,
    is_tracked: bool,
    /// Hidden states of a block.
    states: usize,
}

/// The first phase: a block of hidden states, S of them.
struct Block<'a> {
    /// `[S, C]`.
    hidden: &'a [f32],
    /// `[S]`.
    targets: &'a [u32],
    /// The hidden states as columns, `[C, S]`.
    packed: PackedB,
    /// −shift, which is added to the logits: `[S]`.
    minus_shift: Vec<f32>,
}

/// The second phase.
struct Scored<'a> {
    block: Block<'a>,
    /// Σ e: `[S]`.
    sums: Vec<f64>,
    /// The logit of the target minus the shift, as the sums have it, which is zero only up to rounding: `[S]`.
    targets: Vec<f64>,
    /// Σ e · table for each span of the table, `[S, C]` each; empty if the loss is not tracked.
    d_hidden: Vec<Vec<f32>>,
}

/// The same of one span of the table.
struct ScoredSpan {
    sums: Vec<f64>,
    /// Zero where the target is in another span.
    targets: Vec<f64>,
    d_hidden: Vec<f32>,
}

/// The third phase.
struct Differentiated<'a> {
    block: Block<'a>,
    /// `[S, C]`.
    d_hidden: Vec<f32>,
    /// hidden/s, `[S, C]`.
    hidden_over_sum: PackedB,
}

impl Head<'_> {
    /// First phase: packs blocks of hidden states, shifted by the logits of their targets.
    fn pack<'h>(&self, hidden: &'h [f32], targets: &'h [u32]) -> Vec<Block<'h>> {
        let blocks = hidden.chunks(self.states * self.c).zip(targets.chunks(self.states));
        parallel_map(blocks, |_, (hidden, targets)| {
            let packed = PackedB::new(Matrix::new(hidden, targets.len(), self.c).transposed(), Threads::All);
            let pairs = hidden.chunks_exact(self.c).zip(targets);
            let minus_shift = pairs.map(|(hidden, &target)| -dot(hidden, self.row(target))).collect();
            Block { hidden, targets, packed, minus_shift }
        })
    }

    /// Second phase: the sums, and e, `[V, S]` for one block after another.
    fn score<'h, 'e>(&self, blocks: Vec<Block<'h>>, e: &'e mut [MaybeUninit<f32>]) -> (Vec<Scored<'h>>, &'e [f32]) {
        let mut scored = self.score_shifted(blocks, e);
        // Also with a sum that is not a number: the largest logit cannot make it worse.
        if scored.iter().flat_map(|scored| &scored.sums).any(|sum| sum.is_nan() || *sum > TOO_LARGE) {
            let blocks = parallel_map(scored.into_iter(), |_, scored| self.shift_by_the_largest(scored.block));
            scored = self.score_shifted(blocks, e);
        }
        // SAFETY: `score_shifted` wrote all of it: there is a block for every target, and spans cover the V rows.
        (scored, unsafe { e.assume_init_ref() })
    }

    fn shift_by_the_largest<'h>(&self, block: Block<'h>) -> Block<'h> {
        let n = block.targets.len();
        let mut minus_shift = vec![f32::INFINITY; n];
        let mut logits = Vec::with_capacity(ROWS * n); // [rows, S]
        for rows in self.table.chunks(ROWS * self.c) {
            let rows = Matrix::new(rows, rows.len() / self.c, self.c);
            let spare = &mut logits.spare_capacity_mut()[..rows.dims()[0] * n];
            for row in block.packed.matmul_into(spare, &vec![0.0; n], rows).chunks_exact(n) {
                minus_shift.iter_mut().zip(row).for_each(|(shift, logit)| *shift = shift.min(-logit));
            }
        }
        Block { minus_shift, ..block }
    }

    /// Scores blocks with the shifts that they have; writes all of `e`.
    fn score_shifted<'h>(&self, blocks: Vec<Block<'h>>, e: &mut [MaybeUninit<f32>]) -> Vec<Scored<'h>> {
        let tasks = blocks.iter().zip(e.chunks_mut(self.states * self.v)).flat_map(|(block, e)| {
            let spans = (0..self.v).step_by(SPAN).zip(e.chunks_mut(SPAN * block.targets.len()));
            spans.map(move |(first, e)| (block, first, e))
        });
        let mut spans = parallel_map(tasks, |_, (block, first, e)| self.score_span(block, first, e)).into_iter();
        let mut add_up = |block: Block<'h>| {
            let n = block.targets.len();
            let (mut sums, mut targets, mut d_hidden) = (vec![0.0; n], vec![0.0; n], Vec::new());
            for span in spans.by_ref().take(self.v.div_ceil(SPAN)) {
                for nth in 0..n {
                    sums[nth] += span.sums[nth];
                    targets[nth] += span.targets[nth];
                }
                d_hidden.push(span.d_hidden);
            }
            Scored { block, sums, targets, d_hidden }
        };
        blocks.into_iter().map(&mut add_up).collect()
    }

    /// Scores a block against the span of the table from row `first` on, as many rows as `e`, `[rows, S]`, has.
    fn score_span(&self, block: &Block<'_>, first: usize, e: &mut [MaybeUninit<f32>]) -> ScoredSpan {
        let (n, c) = (block.targets.len(), self.c);
        let mut span = ScoredSpan { sums: vec![0.0; n], targets: vec![0.0; n], d_hidden: Vec::new() };
        let chunks = self.table[first * c..].chunks(ROWS * c).zip(e.chunks_mut(ROWS * n));
        for (first, (rows, e)) in (first..).step_by(ROWS).zip(chunks) {
            let rows = Matrix::new(rows, rows.len() / c, c); // [rows, C]
            let e = block.packed.matmul_into(e, &block.minus_shift, rows); // logits − shift, [rows, S]
            for (nth, &target) in block.targets.iter().enumerate() {
                if let Some(row) = (target as usize).checked_sub(first).filter(|row| row * n < e.len()) {
                    span.targets[nth] = e[row * n + nth] as f64;
                }
            }
            exponentiate(e, &mut span.sums);
            let (e, d) = (Matrix::new(e, rows.dims()[0], n).transposed(), &mut span.d_hidden); // [S, rows], [S, C]
            match self.is_tracked {
                true if d.is_empty() => *d = matmul(None, 1.0, e, rows, Threads::One),
                true => gemm(MatrixMut::new(d, n, c), Accumulate::Add, 1.0, e, rows, Threads::One),
                false => (),
            }
        }
        span
    }

    /// Third phase: the gradient of the hidden states, and what that of the table needs of them.
    fn differentiate<'h>(&self, scored: Scored<'h>) -> Differentiated<'h> {
        let &Self { c, scale, .. } = self;
        let Scored { block, sums, d_hidden, .. } = scored;
        let mut d_hidden = sum_in_order(d_hidden, block.hidden.len()); // [S, C]
        let mut hidden_over_sum = block.hidden.to_vec(); // [S, C]
        let rows = d_hidden.chunks_exact_mut(c).zip(hidden_over_sum.chunks_exact_mut(c));
        for ((d, hidden), (sum, &target)) in rows.zip(sums.iter().zip(block.targets)) {
            let one_over_sum = (1.0 / sum) as f32;
            d.iter_mut().zip(self.row(target)).for_each(|(d, target)| *d = (*d * one_over_sum - target) * scale);
            hidden.iter_mut().for_each(|x| *x *= one_over_sum);
        }
        let hidden_over_sum = PackedB::new(Matrix::new(&hidden_over_sum, block.targets.len(), c), Threads::All);
        Differentiated { block, d_hidden, hidden_over_sum }
    }

    /// Adds the share of these hidden states to the gradient of the table, `[V, C]`. Before the first share `d_table` is empty, with the
    /// capacity for the table.
    fn add_table_gradient(&self, mut d_table: Vec<f32>, e: &[f32], blocks: &[Differentiated<'_>]) -> Vec<f32> {
        let &Self { v, c, scale, .. } = self;
        let rows = v.div_ceil(2 * rayon::current_num_threads()).next_multiple_of(MR).min(GRADIENT_ROWS);
        let first = if d_table.is_empty() { Accumulate::Overwrite } else { Accumulate::Add };
        assert!(d_table.capacity() >= v * c, "the capacity for the table");
        // SAFETY: the assertion shows that the elements are within the allocation, which is used through this matrix alone until the
        // tasks are done. Those that are uninitialized, all before the first share, are overwritten.
        let table = unsafe { MatrixMut::from_raw_parts(d_table.as_mut_ptr(), v, c, c) };
        parallel_for(v.div_ceil(rows), |nth| {
            let rows = nth * rows..v.min((nth + 1) * rows);
            // SAFETY: tasks have disjoint rows.
            let mut d = unsafe { table.block(rows.clone(), 0..c) };
            for (which, (e, block)) in e.chunks(self.states * v).zip(blocks).enumerate() {
                let (onto, n) = (if which == 0 { first } else { Accumulate::Add }, e.len() / v);
                let e = Matrix::new(&e[rows.start * n..], rows.len(), n); // [rows, S]
                block.hidden_over_sum.gemm(&mut d, onto, scale, e);
            }
        });
        // SAFETY: the tasks cover the V rows, and the first block's product writes each.
        unsafe { d_table.set_len(v * c) };
        let states = blocks.iter().flat_map(|block| block.block.hidden.chunks_exact(c).zip(block.block.targets));
        for (hidden, &target) in states {
            let d = &mut d_table[target as usize * c..][..c];
            d.iter_mut().zip(hidden).for_each(|(d, hidden)| *d -= hidden * scale);
        }
        d_table
    }

    /// The row of a token.
    fn row(&self, token: u32) -> &[f32] {
        &self.table[token as usize * self.c..][..self.c]
    }
}

impl Scored<'_> {
    /// The sum over the block of `ln Σ exp(logit) − logit[target]`, both shifted.
    fn loss(&self) -> f64 {
        let losses = self.sums.iter().zip(&self.targets).map(|(sum, target)| sum.ln() - target);
        // Below zero only by the rounding of the exponential; a NaN stays one.
        losses.map(|loss| if loss < 0.0 { 0.0 } else { loss }).sum()
    }
}

/// Turns shifted logits, `[rows, S]`, into their exponentials, and adds each row to `sums`, `[S]`.
fn exponentiate(x: &mut [f32], sums: &mut [f64]) {
    let chunk_sums = &mut vec![0.0_f32; sums.len()][..];
    vectorized(
        #[inline(always)]
        || {
            for row in x.chunks_exact_mut(chunk_sums.len()) {
                for i in 0..row.len() {
                    row[i] = exp(row[i]);
                    chunk_sums[i] += row[i];
                }
            }
        },
    );
    sums.iter_mut().zip(chunk_sums).for_each(|(sum, x)| *sum += *x as f64);
}
