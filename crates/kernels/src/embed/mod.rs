//! Token and position embedding: `out[b, t] = wte[ids[b, t]] + wpe[t]`.
//!
//! The gradient of a row of `wte` is the sum of the gradients at all positions of its id, always in the same order (`gradient.rs` on
//! the CPU, `gpu/segments.rs` on a GPU); that of `wpe` is a sum over the batch. `8 C` bytes an id forward, `12 C` backward; the limit
//! is the memory. On the CPU, non-temporal stores write what the caches would not hold.

#[cfg(feature = "flex")]
mod cpu;
#[cfg(feature = "cube")]
mod gpu;
#[cfg(feature = "flex")]
mod gradient;
#[cfg(feature = "flex")]
mod rows;
#[cfg(test)]
mod tests;

use burn::tensor::Tensor;

use crate::Ids;

/// The row of `wte` for each id, plus the row of `wpe` for its position in the sequence.
///
/// # Shapes
///
/// - `wte`: `[V, C]`
/// - `wpe`: `[at least T, C]`, or none
/// - `ids`: `[B, T]`, each below V: no backend reports an id outside the table
/// - output: `[N, C]`
pub fn embed(wte: Tensor<2>, wpe: Option<Tensor<2>>, ids: impl Into<Ids>) -> Tensor<2> {
    let ids = ids.into();
    dispatch!(match backend_of(&wte) {
        Cpu => cpu::embed(wte, wpe, ids),
        Gpu if gpu::takes(&wte, &ids) => gpu::embed(wte, wpe, ids),
        Reference => reference(wte, wpe, ids),
    })
}

/// Rows of positions are a slice that is broadcast, not a lookup, so that their gradient is a plain sum over the batch.
pub(crate) fn reference(wte: Tensor<2>, wpe: Option<Tensor<2>>, ids: Ids) -> Tensor<2> {
    let ([b, t], [_, c]) = (ids.dims(), wte.dims());
    let tokens = wte.select(0, ids.tensor().reshape([b * t])); // [N, C]
    match wpe {
        None => tokens,
        Some(wpe) => {
            let positions = wpe.slice([0..t, 0..c]).reshape([1, t, c]);
            (tokens.reshape([b, t, c]) + positions).reshape([b * t, c])
        }
    }
}
