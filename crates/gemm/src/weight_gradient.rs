//! The gradient of a weight, `xᵀ d`, and of its bias, the column sums of `d`: products whose depth is the batch.
//!
//! Small weights are summed split-K: the N rows are cut into chunks, each task computes the partial product of a chunk
//! and the partial sums are added in order, so the result does not depend on the number of threads. A chunk is read
//! once, and in place: each packed element would be used too little. For larger weights the partial sums would take too
//! much memory: they are one ordinary product.

use std::ops::Range;
use std::sync::OnceLock;

use crate::gemm::matmul;
use crate::matrix::Matrix;
use crate::parallel_vec::vec_from_zeroed_chunks;
use crate::pool::{TaskList, Threads, parallel_for};
use crate::reduce::{add_assign, column_sums, column_sums_serial, rows_per_chunk, sum_in_order};
use crate::transpose::to_row_major;

/// Rows in a chunk: few enough that two threads share a small batch.
const CHUNK_ROWS: usize = 512;
/// Chunks at most; a larger batch has longer chunks.
const MAX_CHUNKS: usize = 16;
/// Elements of a weight that is summed split-K, at most: 1 MiB for each chunk's partial sum.
const MAX_SPLIT_K: usize = 1 << 18;
/// Columns of a task are a multiple of it: of NR on every CPU.
const COLUMN_UNIT: usize = 64;

/// `xᵀ d`, `[inputs, outputs]`, as tasks that can run alongside a product.
pub struct WeightGradient<'a> {
    x: Matrix<'a>,
    d: Matrix<'a>,
    /// Rows of a chunk.
    rows: usize,
    /// Columns of a task: all, unless there are more threads than chunks.
    columns: usize,
    /// The partial sums, chunk by chunk, each block of columns by block; empty if the weight is not summed split-K.
    partial_sums: Vec<OnceLock<PartialSum>>,
}

/// The sums over one chunk, for one block of columns.
struct PartialSum {
    /// `[inputs, columns]`
    weight: Vec<f32>,
    /// `[columns]`
    bias: Vec<f32>,
}

impl<'a> WeightGradient<'a> {
    /// The gradient of the weight of a layer that read `x`, given the derivative `d` of its output.
    ///
    /// # Shapes
    ///
    /// - `x`: `[N, inputs]`
    /// - `d`: `[N, outputs]`
    pub fn new(x: Matrix<'a>, d: Matrix<'a>) -> Self {
        let ([n, inputs], [_, outputs]) = (x.dims(), d.dims());
        let is_split = n >= CHUNK_ROWS && inputs * outputs <= MAX_SPLIT_K;
        let chunks = if is_split { n.div_ceil(CHUNK_ROWS).clamp(2, MAX_CHUNKS) } else { 1 };
        let blocks = rayon::current_num_threads().div_ceil(chunks);
        let (rows, columns) = (n.div_ceil(chunks), outputs.div_ceil(blocks).next_multiple_of(COLUMN_UNIT));
        let tasks = if is_split { chunks * outputs.div_ceil(columns) } else { 0 };
        Self { x, d, rows, columns, partial_sums: (0..tasks).map(|_| OnceLock::new()).collect() }
    }

    /// The tasks of the partial sums, to run alongside a product. [`Self::finish`] runs those that have not run.
    pub fn tasks(&self) -> TaskList<'_> {
        TaskList::new(self.partial_sums.len(), |nth| self.task(nth))
    }

    fn task(&self, nth: usize) {
        self.partial_sums[nth].get_or_init(|| {
            let ([n, _], [_, outputs], blocks) = (self.x.dims(), self.d.dims(), self.blocks());
            let rows = chunk(n, self.rows, nth / blocks);
            let d = self.d.rows(rows.clone()).columns(chunk(outputs, self.columns, nth % blocks));
            let weight = matmul(None, 1.0, self.x.rows(rows).transposed(), d, Threads::One);
            PartialSum { weight, bias: column_sums_serial(d) }
        });
    }

    /// The gradient of the bias, `[outputs]`: the column sums of `d`, from the partial sums if `gradient` has some.
    pub fn bias_gradient(gradient: Option<&Self>, d: Matrix<'_>) -> Vec<f32> {
        let Some(gradient) = gradient.filter(|gradient| !gradient.partial_sums.is_empty()) else {
            return column_sums(d);
        };
        let of_chunk = |blocks: &[&PartialSum]| blocks.iter().flat_map(|block| &block.bias).copied().collect();
        let chunks = gradient.partial_sums().chunks(gradient.blocks()).map(of_chunk).collect();
        sum_in_order(chunks, d.dims()[1])
    }

    /// The gradient of the weight, `[inputs, outputs]`.
    pub fn finish(self) -> Vec<f32> {
        let ([n, inputs], [_, outputs]) = (self.x.dims(), self.d.dims());
        if !self.partial_sums.is_empty() {
            return self.sum();
        }
        // The right-hand matrix is packed: let it be the narrower one, if that saves more than transposing the result
        // costs.
        if n * outputs.saturating_sub(inputs) > inputs * outputs {
            let transposed = matmul(None, 1.0, self.d.transposed(), self.x, Threads::All);
            return to_row_major(Matrix::new(&transposed, outputs, inputs).transposed());
        }
        matmul(None, 1.0, self.x.transposed(), self.d, Threads::All)
    }

    /// The sum of the partial sums, in the order of the chunks.
    fn sum(self) -> Vec<f32> {
        let ([_, inputs], [_, outputs], blocks) = (self.x.dims(), self.d.dims(), self.blocks());
        let partial_sums = self.partial_sums();
        vec_from_zeroed_chunks(inputs * outputs, rows_per_chunk(outputs) * outputs, |nth, out| {
            for (row, out) in (nth * rows_per_chunk(outputs)..).zip(out.chunks_mut(outputs)) {
                for (block, out) in out.chunks_mut(self.columns).enumerate() {
                    let of_block = partial_sums.iter().skip(block).step_by(blocks);
                    of_block.for_each(|partial_sum| add_assign(out, &partial_sum.weight[row * out.len()..]));
                }
            }
        })
    }

    /// All partial sums; runs the tasks that have not run.
    fn partial_sums(&self) -> Vec<&PartialSum> {
        if self.partial_sums.iter().any(|sum| sum.get().is_none()) {
            parallel_for(self.partial_sums.len(), |nth| self.task(nth));
        }
        self.partial_sums.iter().map(|sum| sum.get().expect("every task has run")).collect()
    }

    /// Blocks of columns in a chunk.
    fn blocks(&self) -> usize {
        self.d.dims()[1].div_ceil(self.columns)
    }
}

/// The `nth` chunk of `0..length`.
fn chunk(length: usize, size: usize, nth: usize) -> Range<usize> {
    nth * size..length.min((nth + 1) * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_threads_gives_the_same_sums_of_rows() {
        let values =
            |count: usize| -> Vec<f32> { (0..count).map(|i| (i * 7919 % 1009) as f32 / 1009.0 - 0.5).collect() };
        // Split-K in two and three uneven chunks, with one block of columns and several; then one product, transposed
        // and not.
        for [n, inputs, outputs] in
            [[512, 9, 170], [1100, 130, 24], [1025, 1, 1], [140, 9, 17], [3, 5, 7], [513, 640, 420], [600, 420, 640]]
        {
            let (x, d) = (values(n * inputs), values(n * outputs));
            let by = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let (x, d) = (Matrix::new(&x, n, inputs), Matrix::new(&d, n, outputs));
                    let gradient = WeightGradient::new(x, d);
                    [WeightGradient::bias_gradient(Some(&gradient), d), gradient.finish()].concat()
                })
            };
            let one = by(1);
            for (at, found) in one.iter().enumerate() {
                // The bias comes first: its inputs are ones.
                let x = |i: usize| at.checked_sub(outputs).map_or(1.0, |at| x[i * inputs + at / outputs]);
                let terms = (0..n).map(|i| x(i) as f64 * d[i * outputs + at % outputs] as f64);
                let expected: f64 = terms.sum();
                assert!((*found as f64 - expected).abs() < 1e-4, "{found} instead of {expected} at {at}");
            }
            for threads in [2, 7] {
                let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                assert!(bits(&one) == bits(&by(threads)), "{threads} threads, {n} rows of {inputs} and {outputs}");
            }
        }
    }
}
