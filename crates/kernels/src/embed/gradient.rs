//! The gradient of a token table on the CPU, a scatter-add without atomics.
//!
//! A row whose id is at one position is a copy of the gradient there, written by whoever has that in its cache. Rows without a
//! position are cleared. To the others each thread adds some columns of all positions, in the order of the positions: a frequent id
//! costs no more than a rare one, and every sum has the same order at any number of threads.

use std::mem::{MaybeUninit, take};
use std::slice::from_raw_parts_mut;

use wordspace_gemm::{
    CACHE_LINE, CHUNK, NonTemporal, add_assign, parallel_for, parallel_map, prefetch, rows_per_chunk,
};

use super::cpu::{rows_ahead, write_row};
use crate::operation::Values;

/// The gradient of a table while it is written: first [`TableGradient::write`] for each position, then
/// [`TableGradient::finish`].
pub struct TableGradient<'a> {
    ids: &'a [u32],
    d_out: &'a [f32],
    dims: [usize; 2],
    roles: Vec<Role>,
    /// Capacity for the table, of which `start` is the start.
    values: Vec<f32>,
    start: Start,
}

impl<'a> TableGradient<'a> {
    /// Clears the rows of `[V, C]` that no id names.
    pub fn new(ids: &'a [u32], dims: [usize; 2], d_out: &'a [f32]) -> Self {
        let [v, c] = dims;
        assert_in_table(ids, dims, d_out);
        let mut counts = vec![0_u8; v]; // saturating
        ids.iter().for_each(|&id| counts[id as usize] = counts[id as usize].saturating_add(1));
        let mut values = Vec::with_capacity(v * c);
        let spare = &mut values.spare_capacity_mut()[..v * c];
        let rows = rows_per_chunk(c);
        parallel_map(spare.chunks_mut(rows * c.max(1)).zip(counts.chunks(rows)), |_, (spare, counts)| {
            let (stores, mut row) = (NonTemporal::among((v + ids.len()) * c), 0);
            for run in counts.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
                if run[0] == 0 {
                    clear(&mut spare[row * c..(row + run.len()) * c], &stores);
                }
                row += run.len();
            }
        });
        let roles = ids.iter().map(|&id| next_role(&mut counts[id as usize])).collect();
        let start = Start(values.as_mut_ptr());
        Self { ids, d_out, dims, roles, values, start }
    }

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
            let start = self.start.at(self.ids[nth] as usize * c).cast::<MaybeUninit<f32>>();
            // SAFETY: ids are below V (`assert_in_table`), so the row is within the capacity of `values`. Its id is at no other
            // position, and the caller calls once for each: no other thread writes the row, and none reads before `finish`.
            let row = unsafe { from_raw_parts_mut(start, c) };
            write_row(row, &self.d_out[nth * c..][..c], stores);
        }
    }

    /// Adds what is at all other positions; the whole gradient, `[V, C]`.
    ///
    /// # Safety
    ///
    /// [`Self::write`] was called for each position.
    pub unsafe fn finish(mut self) -> Values {
        let [v, c] = self.dims;
        add_rows(self.ids, self.start, self.dims, self.d_out, &self.roles);
        // SAFETY: each of the V rows is written: those without a position by `new`, those with one by `write`, for which the caller
        // vouches, and those with several by `add_rows`, which starts them as a copy of the first.
        unsafe { self.values.set_len(v * c) };
        Values::new(self.values, [v, c])
    }
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
    let dims = so_far.view().dims();
    let roles = vec![Role::Later; ids.len()];
    add_rows(ids, Start(so_far.as_mut_slice().as_mut_ptr()), dims, d_out, &roles);
    so_far
}

/// What the unsafe code below relies on.
fn assert_in_table(ids: &[u32], [v, c]: [usize; 2], d_out: &[f32]) {
    assert!(ids.iter().all(|&id| (id as usize) < v), "ids below V");
    assert_eq!(d_out.len(), ids.len() * c, "a gradient for each id");
}

/// Adds the gradient at each position to the row of its id, or starts the row with it; leaves rows with one position alone.
fn add_rows(ids: &[u32], d_wte: Start, dims: [usize; 2], d_out: &[f32], roles: &[Role]) {
    assert_in_table(ids, dims, d_out);
    let [_, c] = dims;
    let width = columns_of_a_task(c, d_out.len());
    parallel_for(c.div_ceil(width), |task| {
        let columns = task * width..c.min((task + 1) * width);
        let sum = |id: u32| d_wte.at(id as usize * c + columns.start);
        for (nth, (&id, d)) in ids.iter().zip(d_out.chunks_exact(c)).enumerate() {
            let later = nth + rows_ahead(columns.len());
            if roles.get(later) == Some(&Role::Later) {
                prefetch(sum(ids[later]), columns.len());
            }
            let (d, sum) = (&d[columns.clone()], sum(id));
            // SAFETY: ids are below V, so the row is in the table; no other task has these columns; `Later` reads only what `First`,
            // or a tied head, has written.
            unsafe {
                match roles[nth] {
                    Role::Only => (),
                    Role::First => sum.copy_from_nonoverlapping(d.as_ptr(), d.len()),
                    Role::Later => add_assign(from_raw_parts_mut(sum, d.len()), d),
                }
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

/// The start of a table of which each thread writes other rows, or other columns.
#[derive(Clone, Copy)]
struct Start(*mut f32);

// SAFETY: it only computes addresses; whoever dereferences them argues that no other thread does.
unsafe impl Sync for Start {}

impl Start {
    fn at(&self, index: usize) -> *mut f32 {
        self.0.wrapping_add(index)
    }
}
