//! `xᵀ d`, the sum over N rows of the products of their numbers, which is the gradient of a weight: `[inputs, outputs]`. And the sum of
//! the rows of d alone, which is that of a bias.
//!
//! The result is small beside what it is summed of, and what is packed for a product is little used. So every thread takes rows
//! of its own, which it reads once and as they lie, and has a sum of its own; the sums are added in the end. A larger result would
//! be a lot to have many times: of it, each thread takes a part.

use std::ops::Range;
use std::sync::OnceLock;

use super::gemm::{Threads, matmul};
use super::matrix::Matrix;
use super::pool::parallel_for;
use super::reduce::{add_assign, rows_per_chunk, sum_in_order, sum_of, sum_of_rows};
use super::stores::vec_from_zeroed_chunks;
use super::transpose::to_row_major;

/// How many rows make a piece: few enough for two threads to share those of a small batch.
const CHUNK_ROWS: usize = 512;
/// How many pieces there are, at most, each with a sum of its own; those of more rows are larger.
const MAX_CHUNKS: usize = 16;
/// How many numbers a result has, at most, of which each piece has its own: a megabyte.
const MAX_SPLIT_K: usize = 1 << 18;
/// A multiple of so many columns is a part of a piece: tiles of every processor.
const PART_COLUMNS: usize = 64;

/// `xᵀ d`, the sum over the N rows of both, to be made beside a product.
pub struct WeightGradient<'a> {
    x: Matrix<'a>,
    d: Matrix<'a>,
    /// Of a piece.
    rows: usize,
    /// Of a part of a piece: all, unless there are more threads than pieces.
    columns: usize,
    /// Piece by piece, and part by part; none of a large result.
    sums: Vec<OnceLock<Sums>>,
}

/// What a part of a piece comes to.
struct Sums {
    products: Vec<f32>,
    /// Of the rows of d alone.
    rows: Vec<f32>,
}

impl<'a> WeightGradient<'a> {
    /// The gradient of a weight whose layer read `x`, `[N, inputs]`, and had the gradient `d`, `[N, outputs]`, in its output.
    pub fn new(x: Matrix<'a>, d: Matrix<'a>) -> Self {
        let ([n, inputs], [_, outputs]) = (x.dims(), d.dims());
        let is_few = n >= CHUNK_ROWS && inputs * outputs <= MAX_SPLIT_K;
        let pieces = if is_few { n.div_ceil(CHUNK_ROWS).clamp(2, MAX_CHUNKS) } else { 1 };
        let parts = rayon::current_num_threads().div_ceil(pieces);
        let (rows, columns) = (n.div_ceil(pieces), outputs.div_ceil(parts).next_multiple_of(PART_COLUMNS));
        let sums = if is_few { pieces * outputs.div_ceil(columns) } else { 0 };
        Self { x, d, rows, columns, sums: (0..sums).map(|_| OnceLock::new()).collect() }
    }

    /// How many tasks there are to be done by [`Self::task`], beside anything; what is not done then is in the end.
    pub fn tasks(&self) -> usize {
        self.sums.len()
    }

    /// Sums a part of a piece.
    pub fn task(&self, nth: usize) {
        self.sums[nth].get_or_init(|| {
            let ([n, _], [_, outputs], parts) = (self.x.dims(), self.d.dims(), self.parts());
            let rows = part(n, self.rows, nth / parts);
            let d = self.d.rows(rows.clone()).columns(part(outputs, self.columns, nth % parts));
            let products = matmul(None, 1.0, self.x.rows(rows).transposed(), d, Threads::One);
            Sums { products, rows: sum_of(d) }
        });
    }

    /// The sum of the rows of `d` alone, `[outputs]`: of pieces, if `sums` is of some.
    pub fn bias_gradient(sums: Option<&Self>, d: Matrix<'_>) -> Vec<f32> {
        let Some(sums) = sums.filter(|sums| sums.tasks() > 0) else { return sum_of_rows(d) };
        let pieces = sums.done();
        let pieces =
            pieces.chunks(sums.parts()).map(|parts| parts.iter().flat_map(|part| &part.rows).copied().collect());
        sum_in_order(pieces.collect(), d.dims()[1])
    }

    /// The whole sum.
    pub fn finish(self) -> Vec<f32> {
        let ([n, inputs], [_, outputs]) = (self.x.dims(), self.d.dims());
        if !self.sums.is_empty() {
            return self.sum_of_pieces();
        }
        // The narrower of the two is packed, where that is more saved than it takes to turn the result.
        if n * outputs.saturating_sub(inputs) > inputs * outputs {
            let columns = matmul(None, 1.0, self.d.transposed(), self.x, Threads::All);
            return to_row_major(Matrix::new(&columns, outputs, inputs).transposed());
        }
        matmul(None, 1.0, self.x.transposed(), self.d, Threads::All)
    }

    fn sum_of_pieces(self) -> Vec<f32> {
        let ([_, inputs], [_, outputs], parts) = (self.x.dims(), self.d.dims(), self.parts());
        let sums = self.done();
        vec_from_zeroed_chunks(inputs * outputs, rows_per_chunk(outputs) * outputs, |nth, out| {
            for (row, out) in (nth * rows_per_chunk(outputs)..).zip(out.chunks_mut(outputs)) {
                for (part, out) in out.chunks_mut(self.columns).enumerate() {
                    sums.iter()
                        .skip(part)
                        .step_by(parts)
                        .for_each(|sum| add_assign(out, &sum.products[row * out.len()..]));
                }
            }
        })
    }

    /// What all tasks came to, those done now that were not before.
    fn done(&self) -> Vec<&Sums> {
        if self.sums.iter().any(|sum| sum.get().is_none()) {
            parallel_for(self.tasks(), |nth| self.task(nth));
        }
        self.sums.iter().map(|sum| sum.get().expect("every task is done")).collect()
    }

    /// How many parts a piece has.
    fn parts(&self) -> usize {
        self.d.dims()[1].div_ceil(self.columns)
    }
}

/// The `nth` of the parts of so many.
fn part(all: usize, size: usize, nth: usize) -> Range<usize> {
    nth * size..all.min((nth + 1) * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sum_of_the_rows_products_and_the_same_bits_by_any_number_of_threads() {
        let numbers =
            |count: usize| -> Vec<f32> { (0..count).map(|i| (i * 7919 % 1009) as f32 / 1009.0 - 0.5).collect() };
        // Two pieces and three, unequal, with columns for many threads and few; then without pieces, turned and as they are.
        for [n, inputs, outputs] in
            [[512, 9, 170], [1100, 130, 24], [1025, 1, 1], [140, 9, 17], [3, 5, 7], [513, 640, 420], [600, 420, 640]]
        {
            let (x, d) = (numbers(n * inputs), numbers(n * outputs));
            let by = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let (x, d) = (Matrix::new(&x, n, inputs), Matrix::new(&d, n, outputs));
                    let sums = WeightGradient::new(x, d);
                    [WeightGradient::bias_gradient(Some(&sums), d), sums.finish()].concat()
                })
            };
            let one = by(1);
            for (at, found) in one.iter().enumerate() {
                // What is multiplied by one comes first.
                let x = |i: usize| at.checked_sub(outputs).map_or(1.0, |at| x[i * inputs + at / outputs]);
                let terms = (0..n).map(|i| x(i) as f64 * d[i * outputs + at % outputs] as f64);
                let expected: f64 = terms.sum();
                assert!((*found as f64 - expected).abs() < 1e-4, "{found} instead of {expected} at {at}");
            }
            for threads in [2, 7] {
                let bits = |numbers: &[f32]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
                assert!(bits(&one) == bits(&by(threads)), "{threads} threads, {n} rows of {inputs} and {outputs}");
            }
        }
    }
}
