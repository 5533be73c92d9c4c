//! The loss on the processor.
//!
//! A task takes some hidden states and a span of the table. Of a few of its rows the logits, `[rows, hidden states]`, become
//! `e = exp(logit − reference)` where they lie, and are multiplied by the same rows for `d_hidden` while they are near. When the
//! sums s of all spans are known, `d_table = e · hidden/s` reads e in the order in which it was written.
//!
//! The reference of a hidden state is the logit of its target: that is known before the others, and makes no sum smaller than
//! one. Should another logit lie so far above that a sum is too large, all is done again below the largest.

use std::mem::{MaybeUninit, take};
use std::sync::Arc;

use crate::operation::{Operation, Values, View};
use wordspace_gemm::{
    Accumulate, CHUNK, MR, Matrix, MatrixMut, PackedB, Threads, dot, exp, gemm, matmul, parallel_for, parallel_map,
    sum_in_order, vectorized,
};

#[derive(Clone, Debug)]
pub struct CrossEntropy {
    pub targets: Arc<[u32]>,
}

/// How many hidden states a task takes, at most.
const STATES: usize = 256;
/// How many rows of the table it takes at a time.
const NEAR: usize = 256;
/// How many rows of the table it goes through: so many that there is little to be summed in the end, and so few that there are
/// tasks for all threads.
const SPAN: usize = 8 * NEAR;
/// How many exponentials are kept at a time: 52 MiB, unless V is so large that these are fewer than 16 hidden states.
const KEPT: usize = 13 << 20;
/// How many rows of the gradient in the table a task adds up, at most.
const ROWS: usize = 96;
/// More than any sum of exponentials below the largest logit, and much less than a number can be.
const TOO_LARGE: f64 = 1e20;

impl Operation<2> for CrossEntropy {
    /// The gradients in hidden states and table.
    type Saved = Option<[Values; 2]>;

    fn forward(&self, [hidden, table]: [View<'_>; 2], is_tracked: bool) -> (Values, Self::Saved) {
        let ([n, c], [v, _]) = (hidden.dims(), table.dims());
        assert_eq!(self.targets.len(), n, "a target for every hidden state");
        let head = Head { table, v, c, factor: 1.0 / n as f32, is_tracked, states: states_of_a_task(n, v) };
        let at_once = states_at_a_time(v).min(n);
        // Not cleared, which would take as long as to write it. The large ones come first: a small one could lie where the last call had
        // a large one, which then would find no room there.
        let mut e = Vec::with_capacity(at_once * v);
        let mut d_table = Vec::with_capacity(if is_tracked { v * c } else { 0 });
        let mut d_hidden = Vec::with_capacity(n * c);
        let mut loss = 0.0;
        for (hidden, targets) in hidden.chunks(at_once * c).zip(self.targets.chunks(at_once)) {
            let (states, e) = head.exponentials(hidden, targets, &mut e.spare_capacity_mut()[..targets.len() * v]);
            loss += states.iter().map(States::loss).sum::<f64>();
            if is_tracked {
                head.differentiate(states, e, &mut d_hidden, &mut d_table);
            }
        }
        let saved = is_tracked.then(|| [Values::like(d_hidden, hidden), Values::like(d_table, table)]);
        (Values::new(vec![(loss / n as f64) as f32], [1]), saved)
    }

    fn backward(&self, _: [View<'_>; 2], saved: Self::Saved, d_out: Values, _: [bool; 2]) -> [Option<Values>; 2] {
        let factor = d_out.view()[0];
        saved.expect("a tracked loss has gradients").map(|mut gradient| {
            if factor != 1.0 {
                parallel_map(gradient.as_mut_slice().chunks_mut(CHUNK), |_, x| x.iter_mut().for_each(|x| *x *= factor));
            }
            Some(gradient)
        })
    }
}

/// As many as [`KEPT`] allows: whole tasks, or where there is none, whole tiles.
fn states_at_a_time(v: usize) -> usize {
    match KEPT / v.max(1) {
        few @ ..STATES => (few / 32 * 32).max(16),
        many => many / STATES * STATES,
    }
}

/// [`STATES`], or where the table is one span and they are few, a quarter of them, so that there are tasks for some threads.
fn states_of_a_task(n: usize, v: usize) -> usize {
    if v > SPAN { STATES } else { n.div_ceil(4).next_multiple_of(32).min(STATES) }
}

/// The table, and what is done with it.
struct Head<'a> {
    table: View<'a>,
    v: usize,
    c: usize,
    factor: f32,
    is_tracked: bool,
    /// How many hidden states a task takes.
    states: usize,
}

/// The hidden states of a task, and what is known of each.
struct States<'a> {
    hidden: &'a [f32],
    targets: &'a [u32],
    /// Hidden states as columns.
    packed: PackedB,
    /// The reference, negated: it is added.
    below: Vec<f32>,
    /// Σ e.
    sums: Vec<f64>,
    /// The logit of the target above the reference: as the sums have it, which is not zero to the last place.
    wanted: Vec<f64>,
    /// Σ e · table, span by span, if it is tracked.
    d_hidden: Vec<Vec<f32>>,
}

/// The same, of a span of the table.
struct Found {
    sums: Vec<f64>,
    /// Zero where the target is in another span.
    wanted: Vec<f64>,
    d_hidden: Vec<f32>,
}

impl Head<'_> {
    /// The exponentials, `[V, states]` of one task's hidden states after another, and their sums.
    fn exponentials<'s, 'e>(
        &self,
        hidden: &'s [f32],
        targets: &'s [u32],
        e: &'e mut [MaybeUninit<f32>],
    ) -> (Vec<States<'s>>, &'e [f32]) {
        let blocks = hidden.chunks(self.states * self.c).zip(targets.chunks(self.states));
        let mut states = parallel_map(blocks, |_, (hidden, targets)| self.below_the_wanted(hidden, targets));
        self.add_up(&mut states, e);
        // A sum that is no number is none below the largest logit either.
        if states.iter().flat_map(|states| &states.sums).any(|sum| sum.is_nan() || *sum > TOO_LARGE) {
            parallel_map(states.iter_mut(), |_, states| self.below_the_largest(states));
            self.add_up(&mut states, e);
        }
        // SAFETY: the spans of all states, which cover it as there is a hidden state for every target, have written theirs.
        (states, unsafe { e.assume_init_ref() })
    }

    fn below_the_wanted<'s>(&self, hidden: &'s [f32], targets: &'s [u32]) -> States<'s> {
        let packed = PackedB::new(Matrix::new(hidden, targets.len(), self.c).transposed(), Threads::All);
        let both = hidden.chunks_exact(self.c).zip(targets);
        let below = both.map(|(hidden, &target)| -dot(hidden, self.row(target))).collect();
        States { hidden, targets, packed, below, sums: Vec::new(), wanted: Vec::new(), d_hidden: Vec::new() }
    }

    fn below_the_largest(&self, states: &mut States<'_>) {
        let n = states.targets.len();
        states.below.fill(f32::INFINITY);
        let mut logits = Vec::with_capacity(NEAR * n);
        for rows in self.table.chunks(NEAR * self.c) {
            let rows = Matrix::new(rows, rows.len() / self.c, self.c);
            let room = &mut logits.spare_capacity_mut()[..rows.dims()[0] * n];
            for row in states.packed.matmul_into(room, &vec![0.0; n], rows).chunks_exact(n) {
                states.below.iter_mut().zip(row).for_each(|(below, logit)| *below = below.min(-logit));
            }
        }
    }

    fn row(&self, token: u32) -> &[f32] {
        &self.table[token as usize * self.c..][..self.c]
    }

    /// Has all tasks write their exponentials and add them up.
    fn add_up(&self, states: &mut [States<'_>], e: &mut [MaybeUninit<f32>]) {
        let tasks = states.iter().zip(e.chunks_mut(self.states * self.v)).flat_map(|(states, e)| {
            let spans = (0..self.v).step_by(SPAN).zip(e.chunks_mut(SPAN * states.targets.len()));
            spans.map(move |(first, e)| (states, first, e))
        });
        let mut found = parallel_map(tasks, |_, (states, first, e)| self.span(states, first, e)).into_iter();
        for states in states {
            let n = states.targets.len();
            (states.sums, states.wanted, states.d_hidden) = (vec![0.0; n], vec![0.0; n], Vec::new());
            for found in found.by_ref().take(self.v.div_ceil(SPAN)) {
                for nth in 0..n {
                    states.sums[nth] += found.sums[nth];
                    states.wanted[nth] += found.wanted[nth];
                }
                states.d_hidden.push(found.d_hidden);
            }
        }
    }

    /// Writes the exponentials of the span of the table that begins at `first`.
    fn span(&self, states: &States<'_>, first: usize, e: &mut [MaybeUninit<f32>]) -> Found {
        let (n, c) = (states.targets.len(), self.c);
        let mut found = Found { sums: vec![0.0; n], wanted: vec![0.0; n], d_hidden: Vec::new() };
        let near = self.table[first * c..].chunks(NEAR * c).zip(e.chunks_mut(NEAR * n));
        for (first, (rows, e)) in (first..).step_by(NEAR).zip(near) {
            let rows = Matrix::new(rows, rows.len() / c, c);
            let e = states.packed.matmul_into(e, &states.below, rows);
            for (nth, &target) in states.targets.iter().enumerate() {
                if let Some(row) = (target as usize).checked_sub(first).filter(|row| row * n < e.len()) {
                    found.wanted[nth] = e[row * n + nth] as f64;
                }
            }
            exponentials(e, &mut found.sums);
            let (e, d) = (Matrix::new(e, rows.dims()[0], n).transposed(), &mut found.d_hidden);
            match self.is_tracked {
                true if d.is_empty() => *d = matmul(None, 1.0, e, rows, Threads::One),
                true => gemm(MatrixMut::new(d, n, c), Accumulate::Add, 1.0, e, rows, Threads::One),
                false => (),
            }
        }
        found
    }

    /// Appends the gradient in the hidden states, and adds that in the table to what there is of it.
    fn differentiate(&self, mut states: Vec<States<'_>>, e: &[f32], d_hidden: &mut Vec<f32>, d_table: &mut Vec<f32>) {
        let &Self { v, c, factor, .. } = self;
        let rows = v.div_ceil(2 * rayon::current_num_threads()).next_multiple_of(MR).min(ROWS);
        let both = parallel_map(states.iter_mut(), |_, states| self.differentiate_states(states));
        let (d, shares): (Vec<_>, Vec<_>) = both.into_iter().unzip();
        d.iter().for_each(|d| d_hidden.extend_from_slice(d));
        let first = if d_table.is_empty() { Accumulate::Overwrite } else { Accumulate::Add };
        assert!(d_table.capacity() >= v * c, "room for the whole table");
        // SAFETY: there is room for the whole table, as was just seen, which only the tasks touch until they are done.
        let table = unsafe { MatrixMut::from_raw_parts(d_table.as_mut_ptr(), v, c, c) };
        parallel_for(v.div_ceil(rows), |nth| {
            let rows = nth * rows..v.min((nth + 1) * rows);
            // SAFETY: no other task has these rows.
            let mut d = unsafe { table.block(rows.clone(), 0..c) };
            for (which, (e, shares)) in e.chunks(self.states * v).zip(&shares).enumerate() {
                let (onto, n) = (if which == 0 { first } else { Accumulate::Add }, e.len() / v);
                shares.gemm(&mut d, onto, factor, Matrix::new(&e[rows.start * n..], rows.len(), n));
            }
        });
        // SAFETY: every row was written by its task.
        unsafe { d_table.set_len(v * c) };
        let hidden = states.iter().flat_map(|states| states.hidden.chunks_exact(c).zip(states.targets));
        for (hidden, &target) in hidden {
            let d = &mut d_table[target as usize * c..][..c];
            d.iter_mut().zip(hidden).for_each(|(d, hidden)| *d -= hidden * factor);
        }
    }

    /// The gradient in these hidden states; and they themselves over their sums.
    fn differentiate_states(&self, states: &mut States<'_>) -> (Vec<f32>, PackedB) {
        let &Self { c, factor, .. } = self;
        let mut d_hidden = sum_in_order(take(&mut states.d_hidden), states.hidden.len());
        let mut shares = states.hidden.to_vec();
        let rows = d_hidden.chunks_exact_mut(c).zip(shares.chunks_exact_mut(c));
        for ((d, shares), (sum, &target)) in rows.zip(states.sums.iter().zip(states.targets)) {
            let share = (1.0 / sum) as f32;
            d.iter_mut().zip(self.row(target)).for_each(|(d, wanted)| *d = (*d * share - wanted) * factor);
            shares.iter_mut().for_each(|x| *x *= share);
        }
        (d_hidden, PackedB::new(Matrix::new(&shares, states.targets.len(), c), Threads::All))
    }
}

impl States<'_> {
    /// Of all of them: `ln Σ exp(logit) − logit[target]`, both above the reference.
    fn loss(&self) -> f64 {
        let each = self.sums.iter().zip(&self.wanted).map(|(sum, wanted)| sum.ln() - wanted);
        // Nothing costs less than nothing, but for the last place of the exponential. What is no number stays none.
        each.map(|loss| if loss < 0.0 { 0.0 } else { loss }).sum()
    }
}

/// Turns logits below the reference into their exponentials, and adds each row to `sums`.
fn exponentials(x: &mut [f32], sums: &mut [f64]) {
    let near = &mut vec![0.0_f32; sums.len()][..];
    vectorized(
        #[inline(always)]
        || {
            for row in x.chunks_exact_mut(near.len()) {
                for i in 0..row.len() {
                    row[i] = exp(row[i]);
                    near[i] += row[i];
                }
            }
        },
    );
    sums.iter_mut().zip(near).for_each(|(sum, x)| *sum += *x as f64);
}
