//! Dense single-precision matrix products on the CPU, with the same bits at any number of threads, and the worker pool,
//! reductions and stores that they are made of. For one core the structure is that of BLIS (Van Zee and van de Geijn
//! 2015), whose names it keeps.
//!
//! ```
//! use wordspace_gemm::{Matrix, Threads, WeightGradient, matmul, matmul_then, on_pool};
//!
//! let x = [1.0, 2.0, 3.0, 4.0]; // [2, 2]
//! let weight = [1.0, 0.0, -1.0, 0.0, 1.0, 1.0]; // [2, 3]
//! let (x, weight) = (Matrix::new(&x, 2, 2), Matrix::new(&weight, 2, 3));
//!
//! // Many products in a row: the workers spin between them instead of sleeping.
//! on_pool(|| {
//!     // A linear layer, with a ReLU as its epilogue.
//!     let bias = [0.5, 0.5, -9.0];
//!     let y = matmul_then(Some(&bias), x, weight, None, |_, part| part.iter_mut().for_each(|y| *y = y.max(0.0)));
//!     assert_eq!(y, [1.5, 2.5, 0.0, 3.5, 4.5, 0.0]);
//!
//!     // Its gradients, given the derivative d of its output. The tasks of the weight's run alongside the input's.
//!     let d = [1.0, 1.0, 0.0, 1.0, 1.0, 0.0];
//!     let d = Matrix::new(&d, 2, 3);
//!     let gradient = WeightGradient::new(x, d);
//!     let d_x = matmul_then(None, d, weight.transposed(), Some(gradient.tasks()), |_, _| ());
//!     assert_eq!(d_x, matmul(None, 1.0, d, weight.transposed(), Threads::One));
//!     assert_eq!(WeightGradient::bias_gradient(Some(&gradient), d), [2.0, 2.0, 0.0]);
//!     assert_eq!(gradient.finish(), [4.0, 4.0, 0.0, 6.0, 6.0, 0.0]);
//! });
//! ```
//!
//! # The five loops of `C = β C + α A B`
//!
//! ```text
//! loop 5   columns of C in blocks of NC     a task each, if C is wider than tall       gemm.rs
//! loop 4   depth K in slices of KC          B is packed: micropanels of NR columns     macrokernel.rs, pack.rs
//! loop 3   rows of C in blocks of MC        A is read in place, or packed into         macrokernel.rs, pack.rs
//!                                           micropanels of MR rows if it is strided
//! loop 2   micropanels of B                 KC × NR, in L1                             macrokernel.rs
//! loop 1   MR rows of A                     the microkernel: an MR × NR tile of C      microkernel.rs
//!                                           in registers, over KC rank-1 updates
//! ```
//!
//! # Around them
//!
//! - **Epilogue** ([`matmul_then`]): an activation, a residual or a dropout mask is applied to each part of C on the
//!   thread that computed it, while it is in cache.
//! - **Split-K** ([`WeightGradient`]): a weight's gradient is a small matrix summed over a deep batch, so the batch is
//!   cut into chunks whose partial products are added in order.
//! - **Packed once** ([`PackedB`]): for a B that is multiplied several times, as the keys of attention.
//! - **Worker pool** ([`on_pool`], [`parallel_for`]): fork-join on rayon's threads, which spin between regions. Two
//!   lists of tasks can share a region ([`TaskList`]).
//! - **Non-temporal stores** ([`NonTemporal`]) and **prefetching** ([`prefetch`]) for work that is bound by memory.
//! - **The ceiling** ([`fma_rate`]): the machine's rate of fused multiply-adds, which no product exceeds.
//! - **SIMD** ([`vectorized`], [`dot`], [`exp`]): loops compiled for each instruction set, chosen at run time.
//!
//! Every sum has one order, whatever the threads: where the order matters, work is cut into chunks of a fixed size;
//! only independent work is cut by the number of threads.

#![allow(clippy::needless_range_loop, reason = "loops that index by hand are vectorized as written")]

mod cache;
mod fma_rate;
mod fork_join;
mod gemm;
mod macrokernel;
mod matrix;
mod microkernel;
mod pack;
mod packed_b;
mod parallel_vec;
mod pool;
mod reduce;
mod stores;
mod sync;
mod transpose;
mod vectorize;
mod weight_gradient;

pub use cache::{CACHE_LINE, cache_elements, cache_line, prefetch};
pub use fma_rate::fma_rate;
pub use gemm::{gemm, matmul, matmul_then};
pub use matrix::{Matrix, MatrixMut};
pub use microkernel::{Accumulate, MR};
pub use packed_b::PackedB;
pub use parallel_vec::{vec_from_chunks, vec_from_zeroed_chunks};
pub use pool::{TaskList, Threads, on_pool, parallel_for, parallel_map};
pub use reduce::{CHUNK, add_assign, parallel_add_assign, rows_per_chunk, sum_in_order};
pub use stores::NonTemporal;
pub use vectorize::{dot, exp, map_in_place, max, sum, vectorized};
pub use weight_gradient::WeightGradient;
