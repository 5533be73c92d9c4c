//! The operations that decide how fast a small transformer trains, each as one function on burn's tensors.
//!
//! | Operation | Computes |
//! |---|---|
//! | [`embed`] | rows of the token table plus rows of the position table, by [`Ids`] |
//! | [`layer_norm`] | layer normalisation |
//! | [`linear`], [`add_linear`] | `x · weight + bias`, alone or added to the residual stream |
//! | [`causal_attention`], [`attend`] | self-attention of whole sequences, or of new positions after cached ones |
//! | [`gelu`], [`add_mlp`] | GPT-2's activation, and the MLP added to the residual stream |
//! | [`block`] | a transformer block as one node of the graph, where there is such a kernel |
//! | [`dropout`] | dropout by a hash of key and index: the same on every device |
//! | [`cross_entropy`], [`logits`] | the tied or untied head and the loss |
//! | [`AdamW`], [`sum_of_squares`] | one update of one parameter, and what gradient clipping needs |
//! | [`Rows`] | the rows of a table that a step reads, and an update of these alone |
//! | [`backward_from`] | a backward pass from a given gradient |
//!
//! An operation is a folder: `mod.rs` has the formula, what limits its speed, the public function and the reference
//! implementation in burn's own operations, which runs on every backend and differentiates by itself; `cpu.rs` (on
//! `wordspace-gemm`) and `gpu.rs` (in CubeCL, for all GPUs) are kernels, where they pay; `tests.rs` holds the kernels to the
//! reference in value and gradient. `dispatch.rs` chooses by where a tensor is. With the feature `reference` it always chooses
//! the reference, and the same tests pass: to see what a kernel is worth, or what breaks without it.
//!
//! [`on_worker_pool`] runs a step of many operations on the CPU without waking threads for each.
//!
//! # Letters
//!
//! B sequences in a batch, T tokens in a sequence, N = B·T positions, C channels, H heads, D = C/H channels of a head, F channels
//! inside the MLP, V tokens in the vocabulary, P earlier positions, L blocks, U rows that a step reads, E elements of a parameter. `d_x`
//! is the gradient of the loss with respect to `x`.
//!
//! ```
//! use burn::tensor::{Device, Int, Tensor};
//!
//! let device = Device::flex();
//! let wte = Tensor::<2>::from_floats([[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]], &device); // [V, C]
//! let wpe = Tensor::<2>::from_floats([[0.0, 0.0], [0.5, 0.5]], &device); // [T, C]
//! let ids = Tensor::<2, Int>::from_ints([[1, 0]], &device); // [B, T]
//! let x = wordspace_kernels::embed(wte, Some(wpe), ids); // [N, C]
//! assert_eq!(x.into_data().try_into_vec::<f32>().unwrap(), [0.0, 1.0, 1.5, 0.5]);
//! ```

#![allow(clippy::needless_range_loop, reason = "loops over an index vectorize more reliably than zipped iterators")]

#[macro_use]
mod dispatch;

mod adamw;
mod attention;
mod backward;
mod block;
mod cross_entropy;
mod dropout;
mod embed;
mod gelu;
#[cfg(feature = "cube")]
mod gpu;
mod ids;
mod layer_norm;
mod linear;
mod mlp;
#[cfg(any(feature = "cube", feature = "flex"))]
mod node;
#[cfg(feature = "flex")]
mod operation;
mod rows;
#[cfg(test)]
mod testing;

pub use adamw::{AdamW, Moments, sum_of_squares};
pub use attention::{attend, causal_attention, queries_keys_values};
pub use backward::backward_from;
pub use block::{BlockWeights, block};
pub use cross_entropy::{cross_entropy, logits};
pub use dropout::{Dropout, dropout};
pub use embed::embed;
pub use gelu::gelu;
pub use ids::Ids;
pub use layer_norm::layer_norm;
pub use linear::{add_linear, linear};
pub use mlp::add_mlp;
#[cfg(any(feature = "cube", feature = "flex"))]
use node::run;
pub use rows::Rows;

/// Runs `work`, which computes on `device`. On the CPU it runs on the worker pool, whose other threads spin between operations
/// instead of sleeping: for work of many small operations, such as an update.
pub fn on_worker_pool<R: Send>(device: &burn::tensor::Device, work: impl FnOnce() -> R + Send) -> R {
    dispatch!(match backend_of_device(device) {
        Cpu => wordspace_gemm::on_pool(work),
        Reference => work(),
    })
}
