//! Lookups on the CPU, and the gradient of positions; that of the token table is in `gradient.rs`.

use std::mem::{MaybeUninit, replace};
use std::sync::Arc;

use burn::tensor::Tensor;
use wordspace_gemm::{
    CACHE_LINE, NonTemporal, add_assign, cache_elements, cache_line, parallel_for, prefetch, rows_per_chunk,
    vec_from_chunks, vec_from_zeroed_chunks, vectorized,
};

use super::gradient::{TableGradient, add_to_table_gradient, table_gradient};
use super::rows::{rows_ahead, write_row};
use crate::Ids;
use crate::operation::{Operation, Values, View};

pub fn embed(wte: Tensor<2>, wpe: Option<Tensor<2>>, ids: Ids) -> Tensor<2> {
    let operation = Embed { ids: ids.on_the_host(), t: ids.dims()[1] };
    match wpe {
        None => crate::run(operation, [wte.into()]),
        Some(wpe) => crate::run(operation, [wte.into(), wpe.into()]),
    }
}

/// Lookup in a token table, or in tables of tokens and of positions.
#[derive(Clone, Debug)]
struct Embed {
    ids: Arc<[u32]>,
    t: usize,
}

impl Operation<1> for Embed {
    type Saved = ();

    fn forward(&self, [wte]: [View<'_>; 1], _: bool) -> (Values, ()) {
        let (c, n) = (wte.dims()[1], self.ids.len());
        let (rows, traffic) = (rows_per_chunk(c), self.traffic(wte.dims()));
        let write = |chunk: usize, out: &mut [MaybeUninit<f32>]| {
            let stores = NonTemporal::among(traffic);
            for (nth, out) in (chunk * rows..).zip(out.chunks_exact_mut(c)) {
                write_row(out, self.row(&wte, nth, c), &stores);
            }
        };
        // SAFETY: a chunk is whole rows, all but the last `rows` of them, and `write` writes every row of its chunk, for each of
        // which there is an id.
        let out = unsafe { vec_from_chunks(n * c, rows * c, write) };
        (Values::new(out, [n, c]), ())
    }

    fn backward(&self, [wte]: [View<'_>; 1], (): (), d_out: Values, wanted: [bool; 1]) -> [Option<Values>; 1] {
        if !wanted[0] {
            return [None];
        }
        let (d_out, rows) = (d_out.view(), rows_per_chunk(wte.dims()[1]));
        let write_all = |gradient: &TableGradient<'_>| {
            parallel_for(self.ids.len().div_ceil(rows), |chunk| {
                let stores = gradient.stores();
                for nth in chunk * rows..self.ids.len().min((chunk + 1) * rows) {
                    // SAFETY: the chunks do not overlap, so each position is written once.
                    unsafe { gradient.write(nth, &stores) };
                }
            });
        };
        // SAFETY: the chunks cover all positions.
        let (d_wte, ()) = unsafe { table_gradient(&self.ids, wte.dims(), &d_out, write_all) };
        [Some(d_wte)]
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
        let (rows, traffic) = (rows_per_chunk(c), self.traffic(wte.dims()));
        let write = |chunk: usize, out: &mut [MaybeUninit<f32>]| {
            let stores = NonTemporal::among(traffic);
            vectorized(
                #[inline(always)]
                || {
                    for (nth, out) in (chunk * rows..).zip(out.chunks_exact_mut(c)) {
                        let (token, position) = (self.row(&wte, nth, c), row(&wpe, (nth % self.t) as u32, c));
                        write_sum(out, token, position, &stores);
                    }
                },
            )
        };
        // SAFETY: as for lookups in one table.
        let out = unsafe { vec_from_chunks(n * c, rows * c, write) };
        (Values::new(out, [n, c]), ())
    }

    fn backward(&self, [wte, wpe]: [View<'_>; 2], (): (), d_out: Values, wanted: [bool; 2]) -> [Option<Values>; 2] {
        if !wanted[1] {
            let [d_wte] = Operation::<1>::backward(self, [wte], (), d_out, [wanted[0]]);
            return [d_wte, None];
        }
        let d_out = d_out.view();
        if !wanted[0] {
            return [None, Some(self.position_gradient(wpe, &d_out, None))];
        }
        let write_all = |gradient: &TableGradient<'_>| self.position_gradient(wpe, &d_out, Some(gradient));
        // SAFETY: `position_gradient` writes every position of every sequence.
        let (d_wte, d_wpe) = unsafe { table_gradient(&self.ids, wte.dims(), &d_out, write_all) };
        [Some(d_wte), Some(d_wpe)]
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

impl Embed {
    /// The row of the `nth` id; prefetches that of a later one.
    #[inline(always)]
    fn row<'a>(&self, wte: &'a [f32], nth: usize, c: usize) -> &'a [f32] {
        if let Some(&later) = self.ids.get(nth + rows_ahead(c)) {
            prefetch(row(wte, later, c).as_ptr(), c);
        }
        row(wte, self.ids[nth], c)
    }

    /// How many elements a lookup in `[V, C]` reads and writes; an upper bound if that fits the caches.
    fn traffic(&self, [v, c]: [usize; 2]) -> usize {
        let n = self.ids.len();
        if 2 * n * c <= cache_elements() {
            return 2 * n * c;
        }
        let mut is_read = vec![false; v];
        (n + self.ids.iter().filter(|&&id| !replace(&mut is_read[id as usize], true)).count()) * c
    }

    /// The gradient of the position table: sums over the batch, and zeros from T on. While the gradient at a position is in the
    /// cache, it is also written to `tokens`, that of the token table, if that is wanted.
    fn position_gradient(&self, wpe: View<'_>, d_out: &[f32], tokens: Option<&TableGradient<'_>>) -> Values {
        let c = wpe.dims()[1];
        assert!(self.t * c <= wpe.len(), "a row of the position table for each of T positions");
        // The longest chunks that give all threads work: each starts a new read in every sequence.
        let rows = (self.t / (4 * rayon::current_num_threads())).clamp(1, rows_per_chunk(c));
        let d_wpe = vec_from_zeroed_chunks(wpe.len(), rows * c, |chunk, sums| {
            let tokens = tokens.map(|tokens| (tokens, tokens.stores()));
            for first in (0..self.ids.len()).step_by(self.t) {
                for (position, sum) in (chunk * rows..self.t).zip(sums.chunks_exact_mut(c)) {
                    let nth = first + position;
                    add_assign(sum, &d_out[nth * c..][..c]);
                    if let Some((tokens, stores)) = &tokens {
                        // SAFETY: a position of the position table is in one chunk, so each position of the batch is written once.
                        unsafe { tokens.write(nth, stores) };
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

/// Writes the sum of two rows, as [`write_row`] writes one.
#[inline(always)]
fn write_sum(out: &mut [MaybeUninit<f32>], row: &[f32], other: &[f32], stores: &NonTemporal) {
    let sum = |at| {
        let (mut sum, other) = (cache_line(row, at), cache_line(other, at));
        for i in 0..CACHE_LINE {
            sum[i] += other[i];
        }
        sum
    };
    if !stores.write(out, sum) {
        let (row, other) = (&row[..out.len()], &other[..out.len()]);
        for i in 0..out.len() {
            out[i].write(row[i] + other[i]);
        }
    }
}
