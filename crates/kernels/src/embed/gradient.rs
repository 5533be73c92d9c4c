//! The gradient in a token table, on the processor.

use std::mem::{MaybeUninit, take};
use std::slice::from_raw_parts_mut;

use super::cpu::{ahead, write_row};
use crate::operation::Values;
use wordspace_gemm::{
    CACHE_LINE, CHUNK, NonTemporal, add_assign, parallel_for, parallel_map, prefetch, rows_per_chunk,
};

/// The gradient in a table: rows that no id names are cleared, and a row that one place alone names is written by who has that
/// gradient near; to the others their places are added in the end.
pub struct TableGradient<'a> {
    ids: &'a [u32],
    d_out: &'a [f32],
    dims: [usize; 2],
    comes: Vec<Comes>,
    /// With room for the table.
    numbers: Vec<f32>,
    start: Start,
}

impl<'a> TableGradient<'a> {
    pub fn new(ids: &'a [u32], dims: [usize; 2], d_out: &'a [f32]) -> Self {
        let [v, c] = dims;
        assert_within(ids, dims, d_out);
        let mut times = vec![0_u8; v];
        ids.iter().for_each(|&id| times[id as usize] = times[id as usize].saturating_add(1));
        let mut numbers = Vec::with_capacity(v * c);
        let room = &mut numbers.spare_capacity_mut()[..v * c];
        let rows = rows_per_chunk(c);
        parallel_map(room.chunks_mut(rows * c.max(1)).zip(times.chunks(rows)), |_, (room, times)| {
            let (stream, mut row) = (NonTemporal::among((v + ids.len()) * c), 0);
            for run in times.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
                if run[0] == 0 {
                    clear(&mut room[row * c..(row + run.len()) * c], &stream);
                }
                row += run.len();
            }
        });
        let comes = ids.iter().map(|&id| comes(&mut times[id as usize])).collect();
        let start = Start(numbers.as_mut_ptr());
        Self { ids, d_out, dims, comes, numbers, start }
    }

    /// What a task writes past the caches.
    pub fn stream(&self) -> NonTemporal {
        NonTemporal::among((self.dims[0] + self.ids.len()) * self.dims[1])
    }

    /// Writes the row of the `nth` place, if that is its only one.
    ///
    /// # Safety
    ///
    /// Of each place it is called once.
    pub unsafe fn write(&self, nth: usize, stream: &NonTemporal) {
        if self.comes[nth] == Comes::Alone {
            let [_, c] = self.dims;
            let start = self.start.at(self.ids[nth] as usize * c).cast::<MaybeUninit<f32>>();
            // SAFETY: the row is one of the table's, and no other place's; the caller sees to the rest.
            let room = unsafe { from_raw_parts_mut(start, c) };
            write_row(room, &self.d_out[nth * c..][..c], stream);
        }
    }

    /// The whole.
    ///
    /// # Safety
    ///
    /// Each place was given to [`Self::write`].
    pub unsafe fn end(mut self) -> Values {
        let [v, c] = self.dims;
        add_rows(self.ids, self.start, self.dims, self.d_out, &self.comes);
        // SAFETY: of the rows those that no id names are cleared, and each other is or begins as its first place's; of those that
        // have one place, the caller sees to that.
        unsafe { self.numbers.set_len(v * c) };
        Values::new(self.numbers, [v, c])
    }
}

/// How the gradient of a place comes into the row of its id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comes {
    /// It is all of the row.
    Alone,
    /// The row begins as it.
    First,
    /// It is added.
    Later,
}

/// How the next place of an id comes into its row, where it is named so many `times`; they become none when the first has come.
fn comes(times: &mut u8) -> Comes {
    match take(times) {
        0 => Comes::Later,
        1 => Comes::Alone,
        _ => Comes::First,
    }
}

/// The gradient in a table that has one already, of a tied head.
pub fn add_to_table_gradient(mut so_far: Values, ids: &[u32], d_out: &[f32]) -> Values {
    let dims = so_far.view().dims();
    let comes = vec![Comes::Later; ids.len()];
    add_rows(ids, Start(so_far.as_mut_slice().as_mut_ptr()), dims, d_out, &comes);
    so_far
}

/// What the rows that are written to without a further look rely on.
fn assert_within(ids: &[u32], [v, c]: [usize; 2], d_out: &[f32]) {
    assert!(ids.iter().all(|&id| (id as usize) < v) && d_out.len() == ids.len() * c, "ids below V");
}

/// Adds the gradient of each place to the row of its id, or has the row begin as it; of rows that have one place, none.
fn add_rows(ids: &[u32], d_wte: Start, dims: [usize; 2], d_out: &[f32], comes: &[Comes]) {
    assert_within(ids, dims, d_out);
    let [_, c] = dims;
    let width = columns_of_a_task(c, d_out.len());
    parallel_for(c.div_ceil(width), |task| {
        let columns = task * width..c.min((task + 1) * width);
        let sum = |id: u32| d_wte.at(id as usize * c + columns.start);
        for (nth, (&id, d)) in ids.iter().zip(d_out.chunks_exact(c)).enumerate() {
            let later = nth + ahead(columns.len());
            if comes.get(later) == Some(&Comes::Later) {
                prefetch(sum(ids[later]), columns.len());
            }
            let (d, sum) = (&d[columns.clone()], sum(id));
            // SAFETY: the row is one of the table's, of which nobody else touches these columns, and is read only where it has
            // begun.
            unsafe {
                match comes[nth] {
                    Comes::Alone => (),
                    Comes::First => sum.copy_from_nonoverlapping(d.as_ptr(), d.len()),
                    Comes::Later => add(from_raw_parts_mut(sum, d.len()), d),
                }
            }
        }
    });
}

/// As few as give every thread a task, but whole cache lines; all of them where one thread is done at once.
fn columns_of_a_task(c: usize, numbers: usize) -> usize {
    match numbers < 2 * CHUNK {
        true => c.max(1),
        false => c.div_ceil(rayon::current_num_threads()).next_multiple_of(CACHE_LINE),
    }
}

/// Clears rows; many of them, past the caches.
fn clear(out: &mut [MaybeUninit<f32>], stream: &NonTemporal) {
    if !stream.write(out, |_| [0.0; CACHE_LINE]) {
        out.fill(MaybeUninit::new(0.0));
    }
}

/// Where a table starts of whose rows every thread writes others, or other columns.
#[derive(Clone, Copy)]
struct Start(*mut f32);

// SAFETY: it only says where things are.
unsafe impl Sync for Start {}

impl Start {
    fn at(&self, number: usize) -> *mut f32 {
        self.0.wrapping_add(number)
    }
}
