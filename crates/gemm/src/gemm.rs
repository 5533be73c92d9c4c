//! Dense products `C = β C + α A B` on all threads, with an epilogue on each part of C while it is in cache: loop 5,
//! and how C is cut into tasks.
//!
//! - C taller than wide: B is packed once for all threads, and a task is some rows of C.
//! - C wider than tall: a task is some columns of C, at most NC, and packs its columns of B itself (loop 5). All tasks
//!   read all of A, which is transposed for all of them if its rows are strided.
//!
//! Every element of C is summed over K in the same order, K-slice by K-slice, whatever the tasks: results are
//! bit-identical at any number of threads. 2 M N K operations; for all but small matrices the limit is the FMA rate.

use std::ops::Range;

use crate::macrokernel::gemm_serial;
use crate::matrix::{Matrix, MatrixMut};
use crate::microkernel::{Accumulate, MR, native_nr};
use crate::pack::KC;
use crate::packed_b::PackedB;
use crate::pool::{TaskList, Threads, run_both};
use crate::transpose::to_row_major;

/// Columns of C in a task, at most: its packed K-slice of B, KC × NC, stays in L2.
const NC: usize = 512;
/// Rows or columns of C in a task, at least: each task reads all of the other matrix.
const MIN_TASK: usize = 24;
/// Multiply-adds that are worth a task: some ten microseconds.
const TASK_FMAS: usize = 1 << 19;
/// Elements of B that are packed at a time for all threads: 4 MiB.
const MAX_PACKED_B: usize = 1 << 20;

/// `C = β C + α A B`.
///
/// # Shapes
///
/// - `c`: `[M, N]`
/// - `a`: `[M, K]`, `b`: `[K, N]`, K > 0
pub fn gemm(
    mut c: MatrixMut<'_>,
    accumulate: Accumulate<'_>,
    alpha: f32,
    a: Matrix<'_>,
    b: Matrix<'_>,
    threads: Threads,
) {
    assert_dimensions(a, b);
    assert_eq!((a.rows, b.columns), (c.rows, c.columns), "dimensions of C = A B");
    match threads {
        _ if c.rows * c.columns == 0 => (),
        Threads::One => gemm_serial(&mut c, accumulate, alpha, a, b),
        Threads::All => gemm_parallel(&mut c, accumulate, alpha, a, b, None, |_, _, _| ()),
    }
}

/// `α A B`, plus `row` in each of its rows, if there is one.
///
/// # Shapes
///
/// - `row`: `[N]`
/// - `a`: `[M, K]`, `b`: `[K, N]`, K > 0
/// - output: `[M, N]`
pub fn matmul(row: Option<&[f32]>, alpha: f32, a: Matrix<'_>, b: Matrix<'_>, threads: Threads) -> Vec<f32> {
    let accumulate = row.map_or(Accumulate::Overwrite, Accumulate::Row);
    // SAFETY: a product writes every element of C, and reads C only for `Accumulate::Add`.
    unsafe { new_matrix(a.rows, b.columns, |c| gemm(c, accumulate, alpha, a, b, threads)) }
}

/// `epilogue(A B + row)` on all threads: `epilogue` gets each finished part of a row, with the row-major index of its
/// first element, on the thread that computed it, while it is in that thread's cache. The tasks `alongside` run in the
/// same parallel region, so that no thread waits between the two.
///
/// # Shapes
///
/// As for [`matmul`].
pub fn matmul_then(
    row: Option<&[f32]>,
    a: Matrix<'_>,
    b: Matrix<'_>,
    alongside: Option<TaskList<'_>>,
    epilogue: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    let (rows, columns) = (a.rows, b.columns);
    assert_dimensions(a, b);
    if rows * columns == 0 {
        run_both(alongside.as_ref(), [1, 0], |_, _| ());
        return Vec::new();
    }
    let accumulate = row.map_or(Accumulate::Overwrite, Accumulate::Row);
    let write = |mut c: MatrixMut<'_>| {
        gemm_parallel(&mut c, accumulate, 1.0, a, b, alongside.as_ref(), |first_row, first_column, mut part| {
            // SAFETY: `gemm_parallel` passes a part when all of its elements are written.
            for (row, values) in (first_row..).zip(unsafe { part.rows_mut() }) {
                epilogue(row * columns + first_column, values);
            }
        });
    };
    // SAFETY: the product writes every element of C and does not read C before.
    unsafe { new_matrix(rows, columns, write) }
}

fn assert_dimensions(a: Matrix<'_>, b: Matrix<'_>) {
    assert_eq!(a.columns, b.rows, "the depth of A and of B");
    assert!(a.columns > 0, "a product of depth 0");
}

/// A new row-major matrix, not cleared before `write`.
///
/// # Safety
///
/// `write` writes every element, and reads none before.
unsafe fn new_matrix(rows: usize, columns: usize, write: impl FnOnce(MatrixMut<'_>)) -> Vec<f32> {
    let mut values = Vec::with_capacity(rows * columns);
    // SAFETY: the capacity is `rows * columns` elements, which only `write` accesses; by this function's contract it
    // reads none that it has not written, and has initialised all when the length is set.
    unsafe {
        write(MatrixMut::from_raw_parts(values.as_mut_ptr(), rows, columns, columns));
        values.set_len(rows * columns);
    }
    values
}

/// `C = β C + α A B`, C not empty, on all threads. `epilogue` gets each part of C when it is finished, with its first
/// row and column, on the thread that computed it.
fn gemm_parallel(
    c: &mut MatrixMut<'_>,
    accumulate: Accumulate<'_>,
    alpha: f32,
    a: Matrix<'_>,
    b: Matrix<'_>,
    alongside: Option<&TaskList<'_>>,
    epilogue: impl Fn(usize, usize, MatrixMut<'_>) + Sync,
) {
    // Shared by the tasks, each of which takes its own block.
    let c = &*c;
    if c.columns > c.rows {
        let transposed = if a.column_stride == 1 { Vec::new() } else { to_row_major(a) };
        let a = if a.column_stride == 1 { a } else { Matrix::new(&transposed, a.rows, a.columns) };
        let split = Split { length: c.columns, unit: native_nr(), min: min_task(c.rows * a.columns), max: NC };
        // Loop 5.
        return split.run(alongside, |columns| {
            // SAFETY: no two tasks have a column in common, and `c` is borrowed mutably until all tasks are done.
            let mut part = unsafe { c.block(0..c.rows, columns.clone()) };
            gemm_serial(&mut part, accumulate.columns(columns.clone()), alpha, a, b.columns(columns.clone()));
            epilogue(0, columns.start, part);
        });
    }
    let split = Split { length: c.rows, unit: MR, min: min_task(c.columns * a.columns), max: usize::MAX };
    // Loop 4, outside of the tasks: B is packed for as many K-slices as fit into `MAX_PACKED_B`.
    let depth = (MAX_PACKED_B / b.columns / KC).max(1) * KC;
    for start in (0..a.columns).step_by(depth) {
        let slices = start..a.columns.min(start + depth);
        let is_last = slices.end == a.columns;
        let accumulate = if start == 0 { accumulate } else { Accumulate::Add };
        let (a, b) = (a.columns(slices.clone()), PackedB::new(b.rows(slices), Threads::All));
        split.run(alongside.filter(|_| is_last), |rows| {
            // SAFETY: no two tasks have a row in common, and `c` is borrowed mutably until all tasks are done.
            let mut part = unsafe { c.block(rows.clone(), 0..c.columns) };
            b.gemm(&mut part, accumulate, alpha, a.rows(rows.clone()));
            if is_last {
                epilogue(rows.start, 0, part);
            }
        });
    }
}

/// Rows or columns of C, of `fmas` multiply-adds each, that are worth a task.
fn min_task(fmas: usize) -> usize {
    (TASK_FMAS / fmas).max(MIN_TASK)
}

/// How the rows or columns of C are cut into tasks.
struct Split {
    length: usize,
    /// Tasks start at multiples of it.
    unit: usize,
    min: usize,
    max: usize,
}

impl Split {
    /// Runs `task` for all rows or columns, each thread's share in tasks of decreasing size, as OpenMP's
    /// `schedule(guided)`: half of the share, half of the rest, and so on. So most of the work is done in few tasks,
    /// and all threads finish at about the same time.
    fn run(&self, alongside: Option<&TaskList<'_>>, task: impl Fn(Range<usize>) + Sync) {
        let share = self.length.div_ceil(rayon::current_num_threads()).next_multiple_of(self.unit);
        let mut starts = vec![0];
        while let Some(left) = starts.last().map(|start| share - start).filter(|left| *left > 0) {
            let size = (left / 2).max(self.min).min(self.max).next_multiple_of(self.unit);
            starts.push(share - left + size.min(left));
        }
        let shares = self.length.div_ceil(share);
        run_both(alongside, [shares, starts.len() - 1], |nth, part| {
            let [start, end] = [0, 1].map(|next| self.length.min(nth * share + starts[part + next]));
            if start < end {
                task(start..end);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(count: usize) -> Vec<f32> {
        (0..count).map(|i| (i * 7919 % 1009) as f32 / 1009.0 - 0.5).collect()
    }

    /// The bits of `2 A B` by so many threads, with B row-major or column-major.
    fn bits(threads: usize, [m, k, n]: [usize; 3], is_b_column_major: bool) -> Vec<u32> {
        let (a, b) = (values(m * k), values(k * n));
        let b = if is_b_column_major { Matrix::new(&b, n, k).transposed() } else { Matrix::new(&b, k, n) };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| matmul(None, 2.0, Matrix::new(&a, m, k), b, Threads::All));
        found.into_iter().map(f32::to_bits).collect()
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        for dims in [
            [130, 700, 64],
            [64, 700, 130],
            [300, 2000, 17],
            [17, 2000, 300],
            [257, 64, 1024],
            [90, 3, 90],
            [1300, 70, 90],
        ] {
            for is_b_column_major in [false, true] {
                let one = bits(1, dims, is_b_column_major);
                for threads in [2, 3, 7] {
                    assert!(one == bits(threads, dims, is_b_column_major), "{threads} threads, {dims:?}");
                }
            }
        }
    }

    #[test]
    fn every_layout_gives_the_product_computed_in_double_precision() {
        for [m, k, n] in [[1, 1, 1], [3, 5, 7], [200, 9, 170], [20, 700, 333], [37, 530, 100]] {
            let (a, b, row) = (values(m * k), values(k * n), values(n));
            let transpose = |x: &[f32], columns: usize| -> Vec<f32> {
                (0..x.len()).map(|at| x[at % (x.len() / columns) * columns + at / (x.len() / columns)]).collect()
            };
            let (a_transposed, b_transposed) = (transpose(&a, k), transpose(&b, n));
            for a_matrix in [Matrix::new(&a, m, k), Matrix::new(&a_transposed, k, m).transposed()] {
                for b_matrix in [Matrix::new(&b, k, n), Matrix::new(&b_transposed, n, k).transposed()] {
                    for threads in [Threads::One, Threads::All] {
                        let mut found = matmul(Some(&row), 2.0, a_matrix, b_matrix, threads);
                        let c = MatrixMut::new(&mut found, m, n);
                        gemm(c, Accumulate::Add, -0.5, a_matrix, b_matrix, threads);
                        for (at, found) in found.into_iter().enumerate() {
                            let terms = (0..k).map(|i| a[at / n * k + i] as f64 * b[i * n + at % n] as f64);
                            let expected = row[at % n] as f64 + 1.5 * terms.sum::<f64>();
                            assert!((found as f64 - expected).abs() < 1e-4, "{found} instead of {expected}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_epilogue_sees_every_element_once_and_tasks_run_alongside() {
        for [m, k, n] in [[1, 1, 1], [200, 9, 17], [20, 300, 333], [0, 4, 3]] {
            let (a, b) = (values(m * k), values(k * n));
            let (a, b) = (Matrix::new(&a, m, k), Matrix::new(&b, k, n));
            let runs = std::sync::atomic::AtomicUsize::new(0);
            let alongside = TaskList::new(5, |_| _ = runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            let found = matmul_then(None, a, b, Some(alongside), |first, part| {
                (first..).zip(part).for_each(|(index, value)| *value += index as f32);
            });
            let expected = matmul(None, 1.0, a, b, Threads::One).into_iter().enumerate();
            assert!(found.iter().copied().eq(expected.map(|(index, value)| value + index as f32)));
            assert_eq!(runs.into_inner(), 5);
        }
    }
}
