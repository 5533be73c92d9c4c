//! The gradient of a token table on the CPU, a scatter-add without atomics.
//!
//! A row whose id is at one position is a copy of the gradient there, written by whoever has that in its cache. Rows without a
//! position are cleared. To the others each thread adds some columns of all positions, in the order of the positions: a frequent id
//! costs no more than a rare one, and every sum has the same order at any number of threads.

use std::mem::{MaybeUninit, take};

use wordspace_gemm::{
    CACHE_LINE, CHUNK, MatrixMut, NonTemporal, add_assign, parallel_for, parallel_map, prefetch, rows_per_chunk,
};

use super::rows::{rows_ahead, write_row};
use crate::operation::Values;

/// The gradient of a table, `[V, C]`, and what `write_all` returns.
///
/// # Safety
///
/// `write_all` calls [`TableGradient::write`] once for each position.
pub unsafe fn table_gradient<R>(
    ids: &[u32],
    [v, c]: [usize; 2],
    d_out: &[f32],
    write_all: impl FnOnce(&TableGradient<'_>) -> R,
) -> (Values, R) {
    assert_in_table(ids, [v, c], d_out);
    let mut counts = vec![0_u8; v]; // up to 255
    ids.iter().for_each(|&id| counts[id as usize] = counts[id as usize].saturating_add(1));
    let mut values = Vec::with_capacity(v * c);
    clear_unread(&mut values.spare_capacity_mut()[..v * c], c, &counts, ids.len());
    // SAFETY: `values` has this capacity, and is used through this matrix alone until `add_rows` is done. What is uninitialized is
    // written before it is read.
    let table = unsafe { MatrixMut::from_raw_parts(values.as_mut_ptr(), v, c, c) };
    let roles = ids.iter().map(|&id| next_role(&mut counts[id as usize])).collect();
    let gradient = TableGradient { ids, d_out, dims: [v, c], roles, table };
    let result = write_all(&gradient);
    add_rows(ids, &gradient.table, [v, c], d_out, &gradient.roles);
    // SAFETY: each of the V rows is written: those without a position by `clear_unread`, those with one by `write`, for which the
    // caller vouches, and those with several by `add_rows`, which starts them as a copy of the first.
    unsafe { values.set_len(v * c) };
    (Values::new(values, [v, c]), result)
}

/// The gradient of a table while [`table_gradient`] writes it.
pub struct TableGradient<'a> {
    ids: &'a [u32],
    d_out: &'a [f32],
    dims: [usize; 2],
    roles: Vec<Role>,
    table: MatrixMut<'a>,
}

impl TableGradient<'_> {
    /// How a task stores rows.
    pub fn stores(&self) -> NonTemporal {
        NonTemporal::among((self.dims[0] + self.ids.len()) * self.dims[1])
    }

    /// Writes the row of the id at position `nth` if the id is at no other position.
    ///
    /// # Safety
    ///
    /// It is called once for each position.
    pub unsafe fn write(&self, nth: usize, stores: &NonTemporal) {
        if self.roles[nth] == Role::Only {
            let [_, c] = self.dims;
            // SAFETY: the row's id is at no other position, and the caller calls once for each: no other thread has the row.
            let row = unsafe { self.table.row(self.ids[nth] as usize, 0..c) };
            write_row(row, &self.d_out[nth * c..][..c], stores);
        }
    }
}

/// Clears the rows of a table, `[V, C]`, that none of the `n` ids names: those whose count is zero.
fn clear_unread(table: &mut [MaybeUninit<f32>], c: usize, counts: &[u8], n: usize) {
    let rows = rows_per_chunk(c);
    parallel_map(table.chunks_mut(rows * c.max(1)).zip(counts.chunks(rows)), |_, (table, chunk)| {
        let (stores, mut row) = (NonTemporal::among((counts.len() + n) * c), 0);
        for run in chunk.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
            if run[0] == 0 {
                clear(&mut table[row * c..(row + run.len()) * c], &stores);
            }
            row += run.len();
        }
    });
}

/// What the gradient at a position is to the row of its id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// All of it.
    Only,
    /// The first term of the sum.
    First,
    /// A later term.
    Later,
}

/// The role of the next position of an id with so many positions; `count` is zero afterwards.
fn next_role(count: &mut u8) -> Role {
    match take(count) {
        0 => Role::Later,
        1 => Role::Only,
        _ => Role::First,
    }
}

/// Adds the gradient of a lookup to that of a tied head.
pub fn add_to_table_gradient(mut so_far: Values, ids: &[u32], d_out: &[f32]) -> Values {
    let [v, c] = so_far.view().dims();
    let roles = vec![Role::Later; ids.len()];
    add_rows(ids, &MatrixMut::new(so_far.as_mut_slice(), v, c), [v, c], d_out, &roles);
    so_far
}

/// What the callers owe.
fn assert_in_table(ids: &[u32], [v, c]: [usize; 2], d_out: &[f32]) {
    assert!(ids.iter().all(|&id| (id as usize) < v), "ids below V");
    assert_eq!(d_out.len(), ids.len() * c, "a gradient for each id");
}

/// Adds the gradient at each position to the row of its id, or starts the row with it; leaves rows with one position alone. A row that
/// is not started is initialized.
fn add_rows(ids: &[u32], table: &MatrixMut<'_>, dims: [usize; 2], d_out: &[f32], roles: &[Role]) {
    assert_in_table(ids, dims, d_out);
    let [_, c] = dims;
    let width = columns_of_a_task(c, d_out.len());
    parallel_for(c.div_ceil(width), |task| {
        let columns = task * width..c.min((task + 1) * width);
        // SAFETY: no other task has these columns, and this one uses one row at a time.
        let row = |id: u32| unsafe { table.row(id as usize, columns.clone()) };
        for (nth, (&id, d)) in ids.iter().zip(d_out.chunks_exact(c)).enumerate() {
            let later = nth + rows_ahead(columns.len());
            if roles.get(later) == Some(&Role::Later) {
                prefetch(row(ids[later]).as_ptr().cast(), columns.len());
            }
            let d = &d[columns.clone()];
            match roles[nth] {
                Role::Only => (),
                Role::First => _ = row(id).write_copy_of_slice(d),
                // SAFETY: the row was started at an earlier position, or before.
                Role::Later => add_assign(unsafe { row(id).assume_init_mut() }, d),
            }
        }
    });
}

/// Whole cache lines, enough tasks for all threads; all columns where one thread is done at once.
fn columns_of_a_task(c: usize, elements: usize) -> usize {
    match elements < 2 * CHUNK {
        true => c.max(1),
        false => c.div_ceil(rayon::current_num_threads()).next_multiple_of(CACHE_LINE),
    }
}

/// Clears rows, by non-temporal stores where `stores` says so.
fn clear(out: &mut [MaybeUninit<f32>], stores: &NonTemporal) {
    if !stores.write(out, |_| [0.0; CACHE_LINE]) {
        out.fill(MaybeUninit::new(0.0));
    }
}
