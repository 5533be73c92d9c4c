//! The matrix on the right of a product, packed as tiles read it, and products with it.

use std::cell::RefCell;
use std::mem::MaybeUninit;
use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::gemm::Threads;
use super::matrix::{Matrix, MatrixMut};
use super::microkernel::{self, Accumulate, MR, NR_VECTORS, Strip};
use super::pool::parallel_map;
use super::stores::CACHE_LINE;
use super::transpose::{LONG, high, transpose};
use super::{CHUNK, prefetch};

/// How many rows of it are multiplied at a time: with the columns of a tile they fit into the nearest cache, and with some
/// dozens of them into the next.
pub(super) const KC: usize = 256;
/// How many rows of the other matrix stay near meanwhile.
const MC: usize = 96;
/// How many columns ahead of what is copied are fetched.
const COLUMNS_AHEAD: usize = 8;
/// And how many rows: a weight that was just updated is not near when it is packed.
const ROWS_AHEAD: usize = 4;
/// For how many tiles rows are packed side by side: so much of a row is read as it lies, and few enough places are written to.
const SIDE_BY_SIDE: usize = 16;

/// How many numbers a task packs, unless a tile has more: so few that no thread waits long for the last.
const AT_ONCE: usize = CHUNK / 4;

/// How many columns a tile has on this processor.
pub(super) fn width() -> usize {
    struct Width;

    impl WithSimd for Width {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            microkernel::nr::<S>()
        }
    }

    Arch::new().dispatch(Width)
}

/// A matrix on the right of products.
pub struct PackedB {
    rows: usize,
    columns: usize,
    /// Of every [`KC`] rows the columns of one tile, row after row, and then those of the next; there are zeros behind the
    /// last column.
    numbers: Vec<f32>,
}

impl PackedB {
    /// `b`, packed.
    pub fn new(b: Matrix<'_>, threads: Threads) -> Self {
        let all = b.columns.next_multiple_of(width());
        let mut numbers = Vec::with_capacity(b.rows * all);
        let room = &mut numbers.spare_capacity_mut()[..b.rows * all];
        let pieces = depths(b.rows).map(|depth| b.rows(depth)).zip(room.chunks_mut(KC * all));
        match threads {
            Threads::One => pieces.for_each(|(b, room)| _ = pack(b, room)),
            Threads::All => {
                _ = parallel_map(pieces.flat_map(|(b, room)| parts(b, room)), |_, (b, room)| _ = pack(b, room))
            }
        }
        // SAFETY: all of its room was packed.
        unsafe { numbers.set_len(b.rows * all) };
        Self { rows: b.rows, columns: b.columns, numbers }
    }

    /// `row + a b` by the thread that calls, written to `room` of its size.
    pub fn write<'r>(&self, room: &'r mut [MaybeUninit<f32>], row: &[f32], a: Matrix<'_>) -> &'r mut [f32] {
        assert_eq!(room.len(), a.rows * row.len(), "room for the product");
        // SAFETY: the room is as large and the caller's; it is written whole, and not read before.
        unsafe {
            let out = MatrixMut::part(room.as_mut_ptr().cast(), a.rows, row.len(), row.len());
            self.multiply(&out, Accumulate::Row(row), 1.0, a);
            room.assume_init_mut()
        }
    }

    /// `out = onto + factor · a b` by the thread that calls.
    pub fn multiply(&self, out: &MatrixMut<'_>, onto: Accumulate<'_>, factor: f32, a: Matrix<'_>) {
        assert_eq!((self.columns, a.columns), (out.columns, self.rows), "the inner dimensions agree");
        self.multiply_first(out, onto, factor, a);
    }

    /// The same of the first rows of `b`, as many as `a` has columns, and of its first columns, as many as `out` has.
    pub fn multiply_first(&self, out: &MatrixMut<'_>, onto: Accumulate<'_>, factor: f32, a: Matrix<'_>) {
        assert!(a.rows == out.rows && a.columns <= self.rows && out.columns <= self.columns, "the dimensions agree");
        assert!(a.columns > 0, "a sum of something");
        ROOM.with_borrow_mut(|(near, _)| {
            let pieces = self.numbers.chunks(KC * self.columns.next_multiple_of(width()));
            for ((depth, packed), b) in depths(a.columns).zip(depths(self.rows)).zip(pieces) {
                let onto = if depth.start == 0 { onto } else { Accumulate::Add };
                Arch::new().dispatch(Part { out, onto, factor, a: a.columns(depth), b, b_rows: packed.len(), near });
            }
        });
    }
}

/// The rows of the packed matrix, piece by piece.
fn depths(all: usize) -> impl Iterator<Item = Range<usize>> {
    (0..all).step_by(KC).map(move |start| start..all.min(start + KC))
}

/// The tasks of packing not more than [`KC`] rows: some columns each, and their room.
fn parts<'a>(
    b: Matrix<'a>,
    room: &'a mut [MaybeUninit<f32>],
) -> impl Iterator<Item = (Matrix<'a>, &'a mut [MaybeUninit<f32>])> {
    let columns = (AT_ONCE / b.rows / width()).max(1) * width();
    let starts = (0..b.columns).step_by(columns).zip(room.chunks_mut(b.rows * columns));
    starts.map(move |(start, room)| (b.columns(start..b.columns.min(start + columns)), room))
}

/// `out = onto + factor · a b` by the thread that calls, which packs `b` for itself.
pub(super) fn multiply(out: &MatrixMut<'_>, onto: Accumulate<'_>, factor: f32, a: Matrix<'_>, b: Matrix<'_>) {
    let all = b.columns.next_multiple_of(width());
    ROOM.with_borrow_mut(|(near, packed)| {
        for depth in depths(b.rows) {
            let onto = if depth.start == 0 { onto } else { Accumulate::Add };
            let numbers = pack(b.rows(depth.clone()), packed.numbers(depth.len() * all));
            let b_rows = depth.len();
            Arch::new().dispatch(Part { out, onto, factor, a: a.columns(depth), b: numbers, b_rows, near });
        }
    });
}

thread_local! {
    /// Where a thread has rows of the matrix on the left near, and what it packs for itself.
    static ROOM: RefCell<(Room, Room)> = RefCell::default();
}

/// Memory that is kept from product to product.
#[derive(Default)]
struct Room(Vec<MaybeUninit<f32>>);

impl Room {
    /// Room for so many numbers, from the start of a line of the cache on.
    fn numbers(&mut self, count: usize) -> &mut [MaybeUninit<f32>] {
        if self.0.len() < count + CACHE_LINE {
            self.0.resize(count + CACHE_LINE, MaybeUninit::uninit());
        }
        let start = self.0.as_ptr().align_offset(CACHE_LINE * size_of::<f32>()).min(CACHE_LINE);
        &mut self.0[start..start + count]
    }
}

/// A product with the first of at most [`KC`] rows, which are packed.
struct Part<'a> {
    out: &'a MatrixMut<'a>,
    onto: Accumulate<'a>,
    factor: f32,
    a: Matrix<'a>,
    b: &'a [f32],
    b_rows: usize,
    near: &'a mut Room,
}

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { out, onto, factor, a, b, b_rows, near } = self;
        let width = microkernel::nr::<S>();
        for start in (0..a.rows).step_by(MC) {
            let a = a.rows(start..a.rows.min(start + MC));
            let tiles = out.columns.div_ceil(width);
            // Numbers of a row that lie far apart would push each other out of the caches.
            let copied = (a.column_stride > MC).then(|| panels(a, near.numbers(a.rows * a.columns)));
            let height = if copied.is_some() { MR } else { a.rows };
            // Of the rows that come next, each tile has some columns fetched, if they will be read where they lie.
            let share = if a.column_stride == 1 { a.columns.div_ceil(tiles).next_multiple_of(CACHE_LINE) } else { 0 };
            for (nth, b) in b.chunks_exact(width * b_rows).take(tiles).enumerate() {
                let columns = nth * width..out.columns.min((nth + 1) * width);
                for first in (0..a.rows).step_by(height) {
                    let rows = height.min(a.rows - first);
                    let a = match copied {
                        Some(panels) => Matrix::new(&panels[first * a.columns..], a.columns, rows).transposed(),
                        None => a,
                    };
                    let strip = Strip {
                        out: out.start.wrapping_add((start + first) * out.row_stride + columns.start),
                        out_row_stride: out.row_stride,
                        rows,
                        columns: columns.len(),
                        onto: onto.columns(columns.clone()),
                        factor,
                        a: a.values.as_ptr(),
                        a_row_stride: a.row_stride,
                        a_column_stride: a.column_stride,
                        b: &b[..width * a.columns],
                        next: a.values.as_ptr().wrapping_add(a.rows * a.row_stride + nth * share),
                        next_lines: share.min(a.columns.saturating_sub(nth * share)).div_ceil(CACHE_LINE),
                    };
                    // SAFETY: the rows of `out` and `a` are there, and `out` is written to by nobody else, as who made it saw to.
                    unsafe { strip.run(simd) }
                }
            }
        }
    }
}

/// Copies a matrix whose columns lie one after another in rows of another into panels of [`MR`] rows, each column after column
/// as a tile reads it.
fn panels<'r>(a: Matrix<'_>, room: &'r mut [MaybeUninit<f32>]) -> &'r [f32] {
    assert_eq!(room.len(), a.rows * a.columns, "room for the matrix");
    for nth in 0..a.columns {
        prefetch(a.values.as_ptr().wrapping_add((nth + COLUMNS_AHEAD) * a.column_stride), a.rows);
        let (whole, rest) = a.values[nth * a.column_stride..][..a.rows].as_chunks::<MR>();
        for (panel, column) in whole.iter().enumerate() {
            let room = &mut room[(panel * a.columns + nth) * MR..][..MR];
            // SAFETY: there is room for as many. As a whole, as the C library would be called for every slice.
            unsafe { room.as_mut_ptr().cast::<[f32; MR]>().write(*column) };
        }
        let before = whole.len() * MR * a.columns;
        room[before + nth * rest.len()..][..rest.len()].write_copy_of_slice(rest);
    }
    // SAFETY: of every panel every column was written.
    unsafe { room.assume_init_ref() }
}

/// Packs the rows of a matrix, not more than [`KC`], into all of `room`.
fn pack<'r>(b: Matrix<'_>, room: &'r mut [MaybeUninit<f32>]) -> &'r [f32] {
    struct Pack<'a>(Matrix<'a>, &'a mut [MaybeUninit<f32>]);

    impl WithSimd for Pack<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let Self(b, room) = self;
            match b.column_stride {
                1 => pack_rows(simd, b, room),
                _ => pack_columns(simd, b, room),
            }
        }
    }

    assert_eq!(room.len(), b.rows * b.columns.next_multiple_of(width()), "room for whole tiles");
    Arch::new().dispatch(Pack(b, room));
    // SAFETY: of every row of every tile all numbers were written, those behind the last column as zeros.
    unsafe { room.assume_init_ref() }
}

/// Packs rows whose numbers lie one after another.
#[inline(always)]
fn pack_rows<S: Simd>(simd: S, b: Matrix<'_>, room: &mut [MaybeUninit<f32>]) {
    let width = microkernel::nr::<S>();
    let wide = SIDE_BY_SIDE * width;
    for (nth, tiles) in room.chunks_mut(wide * b.rows).enumerate() {
        let columns = nth * wide..b.columns.min((nth + 1) * wide);
        for row in 0..b.rows {
            prefetch(b.values.as_ptr().wrapping_add((row + ROWS_AHEAD) * b.row_stride + columns.start), columns.len());
            let mut tiles = tiles.chunks_exact_mut(width * b.rows);
            // By registers, and not as slices, for which the C library would be called every time.
            let (from, rest) = S::as_simd_f32s(&b.values[row * b.row_stride..][columns.clone()]);
            let (whole, single) = from.as_chunks::<NR_VECTORS>();
            for (from, tile) in whole.iter().zip(tiles.by_ref()) {
                let (to, _) = S::as_uninit_mut_simd_f32s(&mut tile[row * width..][..width]);
                for i in 0..NR_VECTORS {
                    to[i].write(from[i]);
                }
            }
            if let Some(tile) = tiles.next() {
                let (to, _) = S::as_uninit_mut_simd_f32s(&mut tile[row * width..][..width]);
                for i in 0..NR_VECTORS {
                    to[i].write(match single.get(i) {
                        Some(numbers) => *numbers,
                        None if i == single.len() && !rest.is_empty() => simd.partial_load_f32s(rest),
                        None => simd.splat_f32s(0.0),
                    });
                }
            }
        }
    }
}

/// Packs columns whose numbers lie one after another.
#[inline(always)]
fn pack_columns<S: Simd>(simd: S, b: Matrix<'_>, tiles: &mut [MaybeUninit<f32>]) {
    let width = microkernel::nr::<S>();
    for (nth, tile) in tiles.chunks_exact_mut(width * b.rows).enumerate() {
        for start in (0..width).step_by(high::<S>()) {
            let first = nth * width + start;
            let is_whole = start + high::<S>() <= width && first + high::<S>() <= b.columns;
            let turned = if is_whole { b.rows / LONG * LONG } else { 0 };
            if is_whole {
                transpose(
                    simd,
                    &b.values[first * b.column_stride..],
                    b.column_stride,
                    turned,
                    &mut tile[start..],
                    width,
                );
            }
            for row in turned..b.rows {
                for i in 0..high::<S>().min(width - start) {
                    let is_there = first + i < b.columns;
                    let number = if is_there { b.values[(first + i) * b.column_stride + row] } else { 0.0 };
                    tile[row * width + start + i].write(number);
                }
            }
        }
    }
}
