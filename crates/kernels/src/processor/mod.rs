//! What the kernels on the processor are made of: products, exponentials, sums, and all threads.
//!
//! Every number is summed in the same order at any number of threads: what is summed is cut into pieces of a fixed size, and
//! by the number of threads only what is not.

mod arithmetic;
mod matrix;
mod memory;
mod over_rows;
mod packed;
mod product;
mod rows;
mod team;
mod tile;
mod turn;

pub(crate) use arithmetic::{exp, largest, map, simd, sum, sum_of_products};
pub(crate) use matrix::{Matrix, MatrixMut};
pub(crate) use memory::{LINE, Stream, fetch, filled, held, keep_what_is_freed, line, written};
pub(crate) use over_rows::OverRows;
pub(crate) use packed::Packed;
pub(crate) use product::{Threads, finished, multiply, product};
pub(crate) use rows::{PIECE, add, add_to, rows_of_a_piece, sum_in_order};
pub(crate) use team::{each, each_of, with_a_team};
pub(crate) use tile::{HIGHEST, Onto};
