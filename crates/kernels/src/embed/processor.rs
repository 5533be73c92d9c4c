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
        [wanted[0].then(|| {
            let (d_out, rows) = (d_out.view(), rows_of_a_piece(wte.dims()[1]));
            let gradient = TableGradient::new(&self.ids, wte.dims(), &d_out);
            each(self.ids.len().div_ceil(rows), |piece| {
                let stream = gradient.stream();
                (piece * rows..self.ids.len().min((piece + 1) * rows)).for_each(|nth| gradient.write(nth, &stream));
            });
            gradient.end()
        })]
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
        if !wanted[1] {
            let [d_wte] = Operation::<1>::backward(self, [wte], (), d_out, [wanted[0]]);
            return [d_wte, None];
        }
        let d_out = d_out.view();
        let gradient = wanted[0].then(|| TableGradient::new(&self.ids, wte.dims(), &d_out));
        let d_wpe = self.position_gradient(wpe, &d_out, gradient.as_ref());
        [gradient.map(TableGradient::end), Some(d_wpe)]
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
        [Some(self.add_to_table_gradient(so_far, &d_out)), wanted[1].then(|| self.position_gradient(wpe, &d_out, None))]
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

    /// The head of a tied table has its gradient first.
    fn add_to_table_gradient(&self, mut so_far: Values, d_out: &[f32]) -> Values {
        let dims = so_far.view().dims();
        let comes = vec![Comes::Later; self.ids.len()];
        add_rows(&self.ids, Start(so_far.as_mut_slice().as_mut_ptr()), dims, d_out, &comes);
        so_far
    }

    /// The sum of a place's gradients over the batch; zero of places behind T. That in the token table, if it is wanted, has each
    /// place when it was read and is near.
    fn position_gradient(&self, wpe: View<'_>, d_out: &[f32], tokens: Option<&TableGradient<'_>>) -> Values {
        let c = wpe.dims()[1];
        // As long as leaves tasks for all threads: every piece of every row of the batch begins to be read anew.
        let rows = (self.t / (4 * rayon::current_num_threads())).clamp(1, rows_of_a_piece(c));
        let d_wpe = filled(wpe.len(), rows * c, |nth, sums| {
            let tokens = tokens.map(|tokens| (tokens, tokens.stream()));
            for first in (0..self.ids.len()).step_by(self.t) {
                for (place, sum) in (nth * rows..self.t).zip(sums.chunks_exact_mut(c)) {
                    let nth = first + place;
                    simd(
                        #[inline(always)]
                        || add(sum, &d_out[nth * c..][..c]),
                    );
                    if let Some((tokens, stream)) = &tokens {
                        tokens.write(nth, stream);
                    }
                }
            }
        });
        Values::like(d_wpe, wpe)
    }
}

/// The gradient in a table: rows that no id names are cleared, and a row that one place alone names is written by who has that
/// gradient near; to the others their places are added in the end.
struct TableGradient<'a> {
    ids: &'a [u32],
    d_out: &'a [f32],
    dims: [usize; 2],
    comes: Vec<Comes>,
    /// With room for the table.
    numbers: Vec<f32>,
    start: Start,
}

impl<'a> TableGradient<'a> {
    fn new(ids: &'a [u32], dims: [usize; 2], d_out: &'a [f32]) -> Self {
        let [v, c] = dims;
        assert_within(ids, dims, d_out);
        let mut times = vec![0_u8; v];
        ids.iter().for_each(|&id| times[id as usize] = times[id as usize].saturating_add(1));
        let mut numbers = Vec::with_capacity(v * c);
        let room = &mut numbers.spare_capacity_mut()[..v * c];
        let rows = rows_of_a_piece(c);
        each_of(room.chunks_mut(rows * c.max(1)).zip(times.chunks(rows)), |_, (room, times)| {
            let (stream, mut row) = (Stream::among((v + ids.len()) * c), 0);
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
    fn stream(&self) -> Stream {
        Stream::among((self.dims[0] + self.ids.len()) * self.dims[1])
    }

    /// Writes the row of the `nth` place, if that is the only one; to be called once for each place.
    fn write(&self, nth: usize, stream: &Stream) {
        if self.comes[nth] == Comes::Alone {
            let [_, c] = self.dims;
            let start = self.start.at(self.ids[nth] as usize * c).cast::<MaybeUninit<f32>>();
            // SAFETY: the row is one of the table's, and no other place's.
            let room = unsafe { from_raw_parts_mut(start, c) };
            write_row(room, &self.d_out[nth * c..][..c], stream);
        }
    }

    /// The whole, when each place was given to [`Self::write`].
    fn end(mut self) -> Values {
        let [v, c] = self.dims;
        add_rows(self.ids, self.start, self.dims, self.d_out, &self.comes);
        // SAFETY: of the rows those that no id names are cleared, and each other is or begins as its first place's.
        unsafe { self.numbers.set_len(v * c) };
        Values::new(self.numbers, [v, c])
    }
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
    each(c.div_ceil(width), |task| {
        let columns = task * width..c.min((task + 1) * width);
        let sum = |id: u32| d_wte.at(id as usize * c + columns.start);
        for (nth, (&id, d)) in ids.iter().zip(d_out.chunks_exact(c)).enumerate() {
            let later = nth + ahead(columns.len());
            if comes.get(later) == Some(&Comes::Later) {
                fetch(sum(ids[later]), columns.len());
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
