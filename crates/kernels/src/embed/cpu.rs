//! Lookups on the processor, and the gradient of positions; that of the token table is in `gradient.rs`.

use std::mem::{MaybeUninit, replace};
use std::sync::Arc;

use super::gradient::{TableGradient, add_to_table_gradient};
use crate::operation::{Operation, Values, View};
use wordspace_gemm::{
    CACHE_LINE, NonTemporal, add_assign, cache_elements, cache_line, parallel_for, prefetch, rows_per_chunk,
    vec_from_chunks, vec_from_zeroed_chunks, vectorized,
};

#[derive(Clone, Debug)]
pub struct Embed {
    pub ids: Arc<[u32]>,
    pub t: usize,
}

impl Operation<1> for Embed {
    type Saved = ();

    fn forward(&self, [wte]: [View<'_>; 1], _: bool) -> (Values, ()) {
        let (c, n) = (wte.dims()[1], self.ids.len());
        let (rows, touched) = (rows_per_chunk(c), self.touched(wte.dims()));
        let write = |piece: usize, out: &mut [MaybeUninit<f32>]| {
            let stream = NonTemporal::among(touched);
            for (nth, out) in (piece * rows..).zip(out.chunks_exact_mut(c)) {
                write_row(out, self.row(&wte, nth, c), &stream);
            }
        };
        // SAFETY: a piece is whole rows, and there is an id for each row.
        let out = unsafe { vec_from_chunks(n * c, rows * c, write) };
        (Values::new(out, [n, c]), ())
    }

    fn backward(&self, [wte]: [View<'_>; 1], (): (), d_out: Values, wanted: [bool; 1]) -> [Option<Values>; 1] {
        [wanted[0].then(|| {
            let (d_out, rows) = (d_out.view(), rows_per_chunk(wte.dims()[1]));
            let gradient = TableGradient::new(&self.ids, wte.dims(), &d_out);
            parallel_for(self.ids.len().div_ceil(rows), |piece| {
                let stream = gradient.stream();
                for nth in piece * rows..self.ids.len().min((piece + 1) * rows) {
                    // SAFETY: a place is in one piece.
                    unsafe { gradient.write(nth, &stream) };
                }
            });
            // SAFETY: the pieces are all places.
            unsafe { gradient.end() }
        })]
    }

    fn backward_onto(
        &self,
        so_far: Values,
        _: [View<'_>; 1],
        (): (),
        d_out: Values,
        _: [bool; 1],
    ) -> [Option<Values>; 1] {
        [Some(add_to_table_gradient(so_far, &self.ids, &d_out.view()))]
    }
}

impl Operation<2> for Embed {
    type Saved = ();

    fn forward(&self, [wte, wpe]: [View<'_>; 2], _: bool) -> (Values, ()) {
        let (c, n) = (wte.dims()[1], self.ids.len());
        let (rows, touched) = (rows_per_chunk(c), self.touched(wte.dims()));
        let write = |piece: usize, out: &mut [MaybeUninit<f32>]| {
            let stream = NonTemporal::among(touched);
            vectorized(
                #[inline(always)]
                || {
                    for (nth, out) in (piece * rows..).zip(out.chunks_exact_mut(c)) {
                        let (token, position) = (self.row(&wte, nth, c), row(&wpe, (nth % self.t) as u32, c));
                        write_sum(out, token, position, &stream);
                    }
                },
            )
        };
        // SAFETY: a piece is whole rows, and there is an id for each row.
        let out = unsafe { vec_from_chunks(n * c, rows * c, write) };
        (Values::new(out, [n, c]), ())
    }

    fn backward(&self, [wte, wpe]: [View<'_>; 2], (): (), d_out: Values, wanted: [bool; 2]) -> [Option<Values>; 2] {
        if !wanted[1] {
            let [d_wte] = Operation::<1>::backward(self, [wte], (), d_out, [wanted[0]]);
            return [d_wte, None];
        }
        let d_out = d_out.view();
        let gradient = wanted[0].then(|| TableGradient::new(&self.ids, wte.dims(), &d_out));
        let d_wpe = self.position_gradient(wpe, &d_out, gradient.as_ref());
        // SAFETY: that in the positions gave it all places.
        [gradient.map(|gradient| unsafe { gradient.end() }), Some(d_wpe)]
    }

    fn backward_onto(
        &self,
        so_far: Values,
        [_, wpe]: [View<'_>; 2],
        (): (),
        d_out: Values,
        wanted: [bool; 2],
    ) -> [Option<Values>; 2] {
        let d_out = d_out.view();
        [
            Some(add_to_table_gradient(so_far, &self.ids, &d_out)),
            wanted[1].then(|| self.position_gradient(wpe, &d_out, None)),
        ]
    }
}

/// How many numbers ahead of what is copied or added the next rows are fetched.
const AHEAD: usize = 1536;

impl Embed {
    /// The row of the `nth` id; that of a later one is fetched.
    #[inline(always)]
    fn row<'a>(&self, wte: &'a [f32], nth: usize, c: usize) -> &'a [f32] {
        if let Some(&later) = self.ids.get(nth + ahead(c)) {
            prefetch(row(wte, later, c).as_ptr(), c);
        }
        row(wte, self.ids[nth], c)
    }

    /// How many numbers a lookup in `[V, C]` reads and writes; at most, where they are few.
    fn touched(&self, [v, c]: [usize; 2]) -> usize {
        let n = self.ids.len();
        if 2 * n * c <= cache_elements() {
            return 2 * n * c;
        }
        let mut is_read = vec![false; v];
        (n + self.ids.iter().filter(|&&id| !replace(&mut is_read[id as usize], true)).count()) * c
    }

    /// The sum of a place's gradients over the batch; zero of places behind T. That in the token table, if it is wanted, has each
    /// place when it was read and is near.
    fn position_gradient(&self, wpe: View<'_>, d_out: &[f32], tokens: Option<&TableGradient<'_>>) -> Values {
        let c = wpe.dims()[1];
        assert!(self.t * c <= wpe.len(), "a position for each of T places");
        // As long as leaves tasks for all threads: every piece of every row of the batch begins to be read anew.
        let rows = (self.t / (4 * rayon::current_num_threads())).clamp(1, rows_per_chunk(c));
        let d_wpe = vec_from_zeroed_chunks(wpe.len(), rows * c, |nth, sums| {
            let tokens = tokens.map(|tokens| (tokens, tokens.stream()));
            for first in (0..self.ids.len()).step_by(self.t) {
                for (place, sum) in (nth * rows..self.t).zip(sums.chunks_exact_mut(c)) {
                    let nth = first + place;
                    add(sum, &d_out[nth * c..][..c]);
                    if let Some((tokens, stream)) = &tokens {
                        // SAFETY: a place of a row of the batch is in one piece of positions.
                        unsafe { tokens.write(nth, stream) };
                    }
                }
            }
        });
        Values::like(d_wpe, wpe)
    }
}

#[inline(always)]
fn row(table: &[f32], row: u32, c: usize) -> &[f32] {
    &table[row as usize * c..][..c]
}

/// How many rows ahead the row is that is fetched, of which so many columns are needed.
pub fn ahead(columns: usize) -> usize {
    AHEAD.div_ceil(columns.max(1))
}

/// Writes a row; one of many, past the caches.
pub fn write_row(out: &mut [MaybeUninit<f32>], row: &[f32], stream: &NonTemporal) {
    if !stream.write(out, |at| cache_line(row, at)) {
        out.write_copy_of_slice(row);
    }
}

/// Writes the sum of two rows, likewise.
#[inline(always)]
fn write_sum(out: &mut [MaybeUninit<f32>], row: &[f32], other: &[f32], stream: &NonTemporal) {
    let sum = |at| {
        let (mut sum, other) = (cache_line(row, at), cache_line(other, at));
        for i in 0..CACHE_LINE {
            sum[i] += other[i];
        }
        sum
    };
    if !stream.write(out, sum) {
        let (row, other) = (&row[..out.len()], &other[..out.len()]);
        for i in 0..out.len() {
            out[i].write(row[i] + other[i]);
        }
    }
}
