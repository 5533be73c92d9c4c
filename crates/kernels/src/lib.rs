//! The few operations that decide how fast an embedding trains, each as one function on tensors.
//!
//! - [`embed`]: rows of the token table and of the position table, summed, by [`Ids`];
//! - [`block`]: a block of the network, with its [`BlockWeights`];
//! - [`layer_norm`], [`linear`], [`add_linear`], [`add_mlp`]: what it is made of;
//! - [`queries_keys_values`], [`attend`]: attention with what the block leaves out;
//! - [`dropout`]: what is dropped while training, as a function of a key ([`Dropout`]);
//! - [`cross_entropy`]: hidden states times a table, and the loss of the next token;
//! - [`AdamW`], with [`sum_of_squares`] for the norm of a gradient: one update of one parameter;
//! - [`Rows`]: the rows of a table that a step reads, and an update of these alone;
//! - [`backward_from`]: a backward pass that begins with a given gradient;
//! - [`on_worker_pool`]: runs a step of many operations where they start fastest.
//!
//! Each file reads alike: what is computed, with its limit; the function; its definition in burn's own operations, which
//! runs on every backend and differentiates by itself; a version for the processor and one for GPUs (in a file `gpu.rs` below),
//! with gradients of their own, where that pays; and the tests, which hold these to the definition in value and gradient.
//!
//! Letters: B rows of a batch, T tokens of a row, N = B·T, C channels, V vocabulary. Absent on purpose: files, clocks,
//! the terminal.
//!
//! ```
//! use burn::tensor::{Device, Int, Tensor};
//!
//! let device = Device::flex();
//! let wte = Tensor::<2>::from_floats([[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]], &device);
//! let wpe = Tensor::<2>::from_floats([[0.0, 0.0], [0.5, 0.5]], &device);
//! let ids = Tensor::<2, Int>::from_ints([[1, 0]], &device);
//! let summed = wordspace_kernels::embed(wte, Some(wpe), ids);
//! assert_eq!(summed.into_data().try_into_vec::<f32>().unwrap(), [0.0, 1.0, 1.5, 0.5]);
//! ```

#![allow(clippy::needless_range_loop, reason = "a loop that counts by hand is compiled for the widest registers")]

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
#[cfg(test)]
mod oracle;
mod rows;

pub use adamw::{AdamW, Moments, sum_of_squares};
pub use attention::{attend, queries_keys_values};
pub use backward::backward_from;
pub use block::{BlockWeights, block};
pub use cross_entropy::{cross_entropy, logits};
pub use dropout::{Dropout, dropout};
pub use embed::embed;
pub use ids::Ids;
pub use layer_norm::layer_norm;
pub use linear::{add_linear, linear};
pub use mlp::add_mlp;
pub use rows::Rows;

/// Runs `work`, which computes on `device`, where its kernels start fastest: on the CPU, on a thread of the worker pool, whose
/// other threads spin between operations instead of sleeping. For work of many small operations, such as an update.
pub fn on_worker_pool<R: Send>(device: &burn::tensor::Device, work: impl FnOnce() -> R + Send) -> R {
    #[cfg(feature = "flex")]
    if operation::is_cpu(device) {
        return wordspace_gemm::on_pool(work);
    }
    let _ = device;
    work()
}
