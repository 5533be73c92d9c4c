//! Dense products of single-precision matrices on the CPU, and the worker pool, reductions and stores that they are made of.
//!
//! Every sum has the same order at any number of threads: work whose result depends on the order is cut into chunks of a
//! fixed size; only independent work is cut by the number of threads.

#![allow(clippy::needless_range_loop, reason = "a loop that counts by hand is compiled for the widest registers")]

mod gemm;
mod matrix;
mod microkernel;
mod pack;
mod pool;
mod reduce;
mod stores;
mod transpose;
mod vectorize;
mod weight_gradient;

pub use gemm::{Threads, gemm, matmul, matmul_then};
pub use matrix::{Matrix, MatrixMut};
pub use microkernel::{Accumulate, MR};
pub use pack::PackedB;
pub use pool::{on_pool, parallel_for, parallel_map};
pub use reduce::{CHUNK, add_assign, parallel_add_assign, rows_per_chunk, sum_in_order};
pub use stores::{
    CACHE_LINE, NonTemporal, cache_elements, cache_line, prefetch, vec_from_chunks, vec_from_zeroed_chunks,
};
pub use vectorize::{dot, exp, map_in_place, max, sum, vectorized};
pub use weight_gradient::WeightGradient;
