//! Token and position embedding on a GPU.

use burn::tensor::Tensor;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use crate::Ids;
use crate::gpu::{Gpu, Queued, Segments, empty, grid, int, is_countable, one, queue, sum_parts, width};
use crate::node::Node;

/// Whether the output can be indexed.
pub fn takes(wte: &Tensor<2>, ids: &Ids) -> bool {
    is_countable(&[ids.dims()[0], ids.dims()[1], wte.dims()[1]])
}

pub fn embed(wte: Tensor<2>, wpe: Option<Tensor<2>>, ids: Ids) -> Tensor<2> {
    match wpe {
        None => crate::run(Embed { ids }, [wte.into()]),
        Some(wpe) => crate::run(Embed { ids }, [wte.into(), wpe.into()]),
    }
}

/// Lookup in a token table, or in tables of tokens and of positions.
#[derive(Debug)]
struct Embed {
    ids: Ids,
}

impl Node<1> for Embed {
    type Backend = Gpu;
    type Saved = Option<Segments>;

    fn forward(&self, [wte]: [Queued; 1], is_tracked: bool) -> (Queued, Self::Saved) {
        let segments = is_tracked.then(|| self.ids.segments(wte.shape[0]));
        (look_up(wte, None, &self.ids), segments)
    }

    fn backward(segments: Self::Saved, d_out: Queued, _: [bool; 1]) -> [Option<Queued>; 1] {
        [segments.map(|segments| segments.sum(d_out))]
    }
}

impl Node<2> for Embed {
    type Backend = Gpu;
    /// The positions by id; B and T; the rows of the position table.
    type Saved = Option<(Segments, [usize; 2], usize)>;

    fn forward(&self, [wte, wpe]: [Queued; 2], is_tracked: bool) -> (Queued, Self::Saved) {
        let saved = is_tracked.then(|| (self.ids.segments(wte.shape[0]), self.ids.dims(), wpe.shape[0]));
        (look_up(wte, Some(wpe), &self.ids), saved)
    }

    fn backward(saved: Self::Saved, d_out: Queued, wanted: [bool; 2]) -> [Option<Queued>; 2] {
        let (segments, dims, positions) = saved.expect("a tracked lookup saves its segments");
        [wanted[0].then(|| segments.sum(d_out.clone())), wanted[1].then(|| sum_over_the_batch(d_out, dims, positions))]
    }
}

fn look_up(wte: Queued, wpe: Option<Queued>, ids: &Ids) -> Queued {
    let ([b, t], c) = (ids.dims(), wte.shape[1]);
    let (ids, has_positions) = (int(ids.tensor()), wpe.is_some());
    // A kernel's arguments cannot be optional: without positions, any buffer is bound.
    let wpe = wpe.unwrap_or_else(|| wte.clone());
    one(queue("embed", [wte, wpe, ids], [[b * t, c].into()], move |[wte, wpe, ids]| {
        let out = empty(&wte, [b * t, c]);
        let width = width(c);
        let pairs = (b * t).div_ceil(2);
        let (count, cube) = grid(&out.client, pairs * c / width);
        embed_kernel::launch(
            &out.client,
            count,
            cube,
            width,
            wte.into_buffer_arg(),
            wpe.into_buffer_arg(),
            ids.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            c / width,
            t,
            pairs,
            has_positions,
        );
        [out]
    }))
}

/// A thread for one column of vectors in a pair of rows of `out`; `columns` vectors are a row.
#[cube(launch)]
fn embed_kernel<W: Size>(
    wte: &[Vector<f32, W>],
    wpe: &[Vector<f32, W>],
    ids: &[i32],
    out: &mut [Vector<f32, W>],
    columns: usize,
    t: usize,
    pairs: usize,
    #[comptime] has_positions: bool,
) {
    let (pair, column) = (ABSOLUTE_POS / columns, ABSOLUTE_POS % columns);
    if pair >= pairs {
        terminate!();
    }
    // Both are loaded before either is stored: two loads hide each other's latency.
    let (first, second) = (2 * pair, min(2 * pair + 1, ids.len() - 1));
    let mut upper = wte[usize::cast_from(ids[first]) * columns + column];
    let mut lower = wte[usize::cast_from(ids[second]) * columns + column];
    if has_positions {
        upper += wpe[first % t * columns + column];
        lower += wpe[second % t * columns + column];
    }
    out[first * columns + column] = upper;
    // Of an odd number of rows the same thread stores the last twice.
    out[second * columns + column] = lower;
}

/// The gradient of a position table of so many rows.
fn sum_over_the_batch(d_out: Queued, [b, t]: [usize; 2], positions: usize) -> Queued {
    let c = d_out.shape[1];
    one(queue("sum_over_the_batch", [d_out], [[positions, c].into()], move |[d_out]| {
        let d_wpe = empty(&d_out, [positions, c]);
        sum_parts(&d_out, &d_wpe, b, t * c);
        [d_wpe]
    }))
}
