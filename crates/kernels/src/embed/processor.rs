//! Lookups on the processor, and their gradients.

use std::mem::{MaybeUninit, replace, take};
use std::slice::from_raw_parts_mut;
use std::sync::Arc;

use crate::operation::{Operation, Values, View};
use crate::processor::{LINE, PIECE, Stream, each, each_of, fetch, filled, held, line, rows_of_a_piece, simd, written};

#[derive(Clone, Debug)]
pub struct Embed {
    pub ids: Arc<[u32]>,
    pub t: usize,
}

impl Operation<1> for Embed {
    type Saved = ();

    fn forward(&self, [wte]: [View<'_>; 1], _: bool) -> (Values, ()) {
        let (c, n) = (wte.dims()[1], self.ids.len());
        let (rows, touched) = (rows_of_a_piece(c), self.touched(wte.dims()));
        let write = |piece: usize, out: &mut [MaybeUninit<f32>]| {
            let stream = Stream::among(touched);
            for (nth, out) in (piece * rows..).zip(out.chunks_exact_mut(c)) {
                write_row(out, self.row(&wte, nth, c), &stream);
            }
        };
        // SAFETY: a piece is whole rows, and there is an id for each row.
        let out = unsafe { written(n * c, rows * c, write) };
        (Values::new(out, [n, c]), ())
    }

    fn backward(&self, [wte]: [View<'_>; 1], (): (), d_out: Values, wanted: [bool; 1]) -> [Option<Values>; 1] {
        [wanted[0].then(|| self.table_gradient(wte, &d_out.view()))]
    }

    fn backward_onto(
        &self,
        so_far: Values,
        _: [View<'_>; 1],
        (): (),
        d_out: Values,
        _: [bool; 1],
    ) -> [Option<Values>; 1] {
        [Some(self.add_to_table_gradient(so_far, &d_out.view()))]
    }
}

impl Operation<2> for Embed {
    type Saved = ();

    fn forward(&self, [wte, wpe]: [View<'_>; 2], _: bool) -> (Values, ()) {
        let (c, n) = (wte.dims()[1], self.ids.len());
        let (rows, touched) = (rows_of_a_piece(c), self.touched(wte.dims()));
        let write = |piece: usize, out: &mut [MaybeUninit<f32>]| {
            let stream = Stream::among(touched);
            simd(
                #[inline(always)]
                || {
                    for (nth, out) in (piece * rows..).zip(out.chunks_exact_mut(c)) {
                        let (token, position) = (self.row(&wte, nth, c), row(&wpe, (nth % self.t) as u32, c));
                        write_sum(out, token, position, &stream);
                    }
                },
            )
        };
        // SAFETY: a piece is whole rows, and there is an id for each row.
        let out = unsafe { written(n * c, rows * c, write) };
        (Values::new(out, [n, c]), ())
    }

    fn backward(&self, [wte, wpe]: [View<'_>; 2], (): (), d_out: Values, wanted: [bool; 2]) -> [Option<Values>; 2] {
        [
            wanted[0].then(|| self.table_gradient(wte, &d_out.view())),
            wanted[1].then(|| self.position_gradient(wpe, &d_out.view())),
        ]
    }

    fn backward_onto(
        &self,
        so_far: Values,
        [_, wpe]: [View<'_>; 2],
        (): (),
        d_out: Values,
        wanted: [bool; 2],
    ) -> [Option<Values>; 2] {
        let d_out = d_out.view();
        [Some(self.add_to_table_gradient(so_far, &d_out)), wanted[1].then(|| self.position_gradient(wpe, &d_out))]
    }
}

/// How many numbers ahead of what is copied or added the next rows are fetched.
const AHEAD: usize = 1536;

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

impl Embed {
    /// The row of the `nth` id; that of a later one is fetched.
    #[inline(always)]
    fn row<'a>(&self, wte: &'a [f32], nth: usize, c: usize) -> &'a [f32] {
        if let Some(&later) = self.ids.get(nth + ahead(c)) {
            fetch(row(wte, later, c).as_ptr(), c);
        }
        row(wte, self.ids[nth], c)
    }

    /// How many numbers a lookup in `[V, C]` reads and writes; at most, where they are few.
    fn touched(&self, [v, c]: [usize; 2]) -> usize {
        let n = self.ids.len();
        if 2 * n * c <= held() {
            return 2 * n * c;
        }
        let mut is_read = vec![false; v];
        (n + self.ids.iter().filter(|&&id| !replace(&mut is_read[id as usize], true)).count()) * c
    }

    /// Rows that no id names are cleared, those that one names are written; to the others their places are added.
    fn table_gradient(&self, wte: View<'_>, d_out: &[f32]) -> Values {
        let [v, c] = wte.dims();
        let mut times = vec![0_u8; v];
        self.ids.iter().for_each(|&id| times[id as usize] = times[id as usize].saturating_add(1));
        let mut d_wte = Vec::with_capacity(v * c);
        let room = &mut d_wte.spare_capacity_mut()[..v * c];
        let rows = rows_of_a_piece(c);
        each_of(room.chunks_mut(rows * c.max(1)).zip(times.chunks(rows)), |_, (room, times)| {
            let (stream, mut row) = (Stream::among((v + self.ids.len()) * c), 0);
            for run in times.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
                if run[0] == 0 {
                    clear(&mut room[row * c..(row + run.len()) * c], &stream);
                }
                row += run.len();
            }
        });
        let comes: Vec<Comes> = self.ids.iter().map(|&id| comes(&mut times[id as usize])).collect();
        self.write_rows(Start(d_wte.as_mut_ptr()), v, c, d_out, &comes);
        self.add_rows(Start(d_wte.as_mut_ptr()), v, c, d_out, &comes);
        // SAFETY: of the rows those that no id names are cleared, and each other is or begins as its first place's.
        unsafe { d_wte.set_len(v * c) };
        Values::new(d_wte, [v, c])
    }

    /// The head of a tied table has its gradient first.
    fn add_to_table_gradient(&self, mut so_far: Values, d_out: &[f32]) -> Values {
        let [v, c] = so_far.view().dims();
        let comes = vec![Comes::Later; self.ids.len()];
        self.add_rows(Start(so_far.as_mut_slice().as_mut_ptr()), v, c, d_out, &comes);
        so_far
    }

    /// What the rows that are written to without a further look rely on.
    fn assert_within(&self, v: usize, c: usize, d_out: &[f32]) {
        assert!(self.ids.iter().all(|&id| (id as usize) < v) && d_out.len() == self.ids.len() * c, "ids below V");
    }

    /// Writes the rows that have one place.
    fn write_rows(&self, d_wte: Start, v: usize, c: usize, d_out: &[f32], comes: &[Comes]) {
        self.assert_within(v, c, d_out);
        let rows = rows_of_a_piece(c);
        each(self.ids.len().div_ceil(rows), |piece| {
            let stream = Stream::among((v + self.ids.len()) * c);
            for nth in piece * rows..comes.len().min((piece + 1) * rows) {
                if comes[nth] == Comes::Alone {
                    let start = d_wte.at(self.ids[nth] as usize * c).cast::<MaybeUninit<f32>>();
                    // SAFETY: the row is one of the table's, and no other place's.
                    let room = unsafe { from_raw_parts_mut(start, c) };
                    write_row(room, &d_out[nth * c..][..c], &stream);
                }
            }
        });
    }

    /// Adds the gradient of each place to the row of its id, or has the row begin as it; of rows that have one place, none.
    fn add_rows(&self, d_wte: Start, v: usize, c: usize, d_out: &[f32], comes: &[Comes]) {
        self.assert_within(v, c, d_out);
        let width = columns_of_a_task(c, d_out.len());
        each(c.div_ceil(width), |task| {
            let columns = task * width..c.min((task + 1) * width);
            let sum = |id: u32| d_wte.at(id as usize * c + columns.start);
            for (nth, (&id, d)) in self.ids.iter().zip(d_out.chunks_exact(c)).enumerate() {
                let later = nth + ahead(columns.len());
                if comes.get(later) == Some(&Comes::Later) {
                    fetch(sum(self.ids[later]), columns.len());
                }
                let (d, sum) = (&d[columns.clone()], sum(id));
                // SAFETY: the row is one of the table's, of which nobody else touches these columns, and is read only where
                // it has begun.
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

    /// The sum of a place's gradients over the batch; zero of places behind T.
    fn position_gradient(&self, wpe: View<'_>, d_out: &[f32]) -> Values {
        let c = wpe.dims()[1];
        // As long as leaves tasks for all threads: every piece of every row of the batch begins to be read anew.
        let piece = (self.t / (4 * rayon::current_num_threads())).clamp(1, rows_of_a_piece(c)) * c;
        let d_wpe = filled(wpe.len(), piece, |nth, sums| {
            for batch_row in d_out.chunks_exact(self.t * c) {
                let used = (nth * piece).min(batch_row.len())..(nth * piece + sums.len()).min(batch_row.len());
                add(&mut sums[..used.len()], &batch_row[used]);
            }
        });
        Values::like(d_wpe, wpe)
    }
}

/// How the next place of an id comes into its row, where it is named so many `times`; they become none when the first has come.
fn comes(times: &mut u8) -> Comes {
    match take(times) {
        0 => Comes::Later,
        1 => Comes::Alone,
        _ => Comes::First,
    }
}

#[inline(always)]
fn row(table: &[f32], row: u32, c: usize) -> &[f32] {
    &table[row as usize * c..][..c]
}

/// How many rows ahead the row is that is fetched, of which so many columns are needed.
fn ahead(columns: usize) -> usize {
    AHEAD.div_ceil(columns.max(1))
}

/// As few as give every thread a task, but whole cache lines; all of them where one thread is done at once.
fn columns_of_a_task(c: usize, numbers: usize) -> usize {
    match numbers < 2 * PIECE {
        true => c.max(1),
        false => c.div_ceil(rayon::current_num_threads()).next_multiple_of(LINE),
    }
}

/// Writes a row; one of many, past the caches.
fn write_row(out: &mut [MaybeUninit<f32>], row: &[f32], stream: &Stream) {
    if !stream.write(out, |at| line(row, at)) {
        out.write_copy_of_slice(row);
    }
}

/// Writes the sum of two rows, likewise.
#[inline(always)]
fn write_sum(out: &mut [MaybeUninit<f32>], row: &[f32], other: &[f32], stream: &Stream) {
    let sum = |at| {
        let (mut sum, other) = (line(row, at), line(other, at));
        for i in 0..LINE {
            sum[i] += other[i];
        }
        sum
    };
    if !stream.write(out, sum) {
        let (row, other) = (&row[..out.len()], &other[..out.len()]);
        for i in 0..out.len() {
            out[i].write(row[i] + other[i]);
        }
    }
}

/// Clears rows, likewise.
fn clear(out: &mut [MaybeUninit<f32>], stream: &Stream) {
    if !stream.write(out, |_| [0.0; LINE]) {
        out.fill(MaybeUninit::new(0.0));
    }
}

#[inline(always)]
fn add(sum: &mut [f32], d: &[f32]) {
    let d = &d[..sum.len()];
    for i in 0..sum.len() {
        sum[i] += d[i];
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
