//! Sums of rows, as many as a table has, each of the rows at some places: the gradient of a lookup.
//!
//! Nobody waits for anybody, and every sum is always made in the same order, so that the same bits come out each time. The
//! host puts the places in the order of their ids; then a unit adds up four columns of all places of one id. Ids are as
//! frequent as words, a few of them everywhere: a frequent one's places are cut into pieces, whose sums are made first, side
//! by side. `8 C` bytes a place and `4 C` a row of the table; the limit is the memory.

use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::queue::{Queued, int, one, queue};
use super::{empty, grid, width};

/// In which order the rows at places are summed into the rows of a table.
#[derive(Clone, Debug)]
pub(crate) struct Segments {
    /// The places, `[N]`.
    order: Tensor<1, Int>,
    /// Where the places of each row begin in `order`, and where the last end: `[V + 1]`. Those of frequent ids are left out.
    rows: Tensor<1, Int>,
    /// What is left out there, if any.
    frequent: Option<Frequent>,
}

#[derive(Clone, Debug)]
struct Frequent {
    /// Where the places of each piece begin in the order, and where the last end: `[P + 1]`.
    pieces: Tensor<1, Int>,
    /// Where the pieces of each row begin, and where the last end: `[V + 1]`.
    rows: Tensor<1, Int>,
}

impl Segments {
    /// The places of `ids`, each of which is below `v`, for sums on `device`.
    pub fn of(ids: &[u32], v: usize, device: &Device) -> Self {
        let order = Order::of(ids, v, longest(ids.len()));
        let tensor = |numbers: Vec<u32>| {
            let numbers: Vec<i32> = numbers.into_iter().map(|number| number as i32).collect();
            let count = [numbers.len()];
            Tensor::from_data(TensorData::new(numbers, count), device)
        };
        let is_any_frequent = order.pieces.len() > 1;
        Self {
            order: tensor(order.places),
            rows: tensor(order.rows),
            frequent: is_any_frequent
                .then(|| Frequent { pieces: tensor(order.pieces), rows: tensor(order.pieces_of_rows) }),
        }
    }

    /// V.
    pub fn rows(&self) -> usize {
        self.rows.dims()[0] - 1
    }

    /// The sums, `[V, C]`, of the rows of `values`, `[N, C]`.
    pub fn sum(&self, values: Queued) -> Queued {
        let shape = [self.rows(), values.shape[1]];
        let (order, rows) = (int(self.order.clone()), int(self.rows.clone()));
        let Some(frequent) = &self.frequent else {
            return one(queue("sum_segments", [values, order, rows], [shape.into()], move |[values, order, rows]| {
                let out = empty(&values, shape);
                launch(&values, &order, &rows, None, &out);
                [out]
            }));
        };
        let inputs = [values, order, rows, int(frequent.pieces.clone()), int(frequent.rows.clone())];
        one(queue("sum_segments", inputs, [shape.into()], move |[values, order, rows, pieces, pieces_of_rows]| {
            let sums = empty(&values, [pieces.meta.num_elements() - 1, shape[1]]);
            launch(&values, &order, &pieces, None, &sums);
            let out = empty(&values, shape);
            launch(&values, &order, &rows, Some((&sums, &pieces_of_rows)), &out);
            [out]
        }))
    }
}

/// How many places a unit adds up alone: few enough that many units have work even if all ids are the same, many enough that
/// the sums of pieces are little beside what they sum.
fn longest(places: usize) -> usize {
    (places.isqrt() / 4).clamp(32, 256)
}

/// [`Segments`] on the host.
struct Order {
    places: Vec<u32>,
    rows: Vec<u32>,
    pieces: Vec<u32>,
    pieces_of_rows: Vec<u32>,
}

impl Order {
    /// Rare ids first, which are at no more than `longest` places, in the order of ids; the places of one id in theirs.
    fn of(ids: &[u32], v: usize, longest: usize) -> Self {
        let mut counts = vec![0; v];
        ids.iter().for_each(|&id| counts[id as usize] += 1);
        let mut next = Vec::with_capacity(v); // where the next place of each id goes

        let mut rows = Vec::with_capacity(v + 1);
        let mut end = 0;
        for &count in &counts {
            rows.push(end as u32);
            next.push(end);
            end += if count <= longest { count } else { 0 };
        }
        rows.push(end as u32);

        let (mut pieces, mut pieces_of_rows) = (Vec::new(), Vec::with_capacity(v + 1));
        for (id, &count) in counts.iter().enumerate() {
            pieces_of_rows.push(pieces.len() as u32);
            if count > longest {
                next[id] = end;
                pieces.extend((end..end + count).step_by(longest).map(|start| start as u32));
                end += count;
            }
        }
        pieces_of_rows.push(pieces.len() as u32);
        pieces.push(end as u32);

        let mut places = vec![0; ids.len()];
        for (place, &id) in ids.iter().enumerate() {
            places[next[id as usize]] = place as u32;
            next[id as usize] += 1;
        }
        Self { places, rows, pieces, pieces_of_rows }
    }
}

/// Writes to each row of `out` the sum of the rows of `values` that its part of `order` names, and of its part of the sums of
/// pieces.
fn launch(
    values: &CubeTensor,
    order: &CubeTensor,
    rows: &CubeTensor,
    pieces: Option<(&CubeTensor, &CubeTensor)>,
    out: &CubeTensor,
) {
    let columns = out.meta.shape()[1];
    let width = width(columns);
    let (count, cube) = grid(&out.client, out.meta.num_elements() / width);
    let has_pieces = pieces.is_some();
    // Something must be bound in place of what is not there.
    let (sums, pieces_of_rows) = pieces.unwrap_or((values, rows));
    sum_segments::launch(
        &out.client,
        count,
        cube,
        width,
        values.clone().into_buffer_arg(),
        order.clone().into_buffer_arg(),
        rows.clone().into_buffer_arg(),
        sums.clone().into_buffer_arg(),
        pieces_of_rows.clone().into_buffer_arg(),
        out.clone().into_buffer_arg(),
        columns / width,
        has_pieces,
    );
}

/// A unit for each vector of `out`; `columns` of them are a row.
#[cube(launch)]
fn sum_segments<W: Size>(
    values: &[Vector<f32, W>],
    order: &[i32],
    rows: &[i32],
    sums: &[Vector<f32, W>],
    pieces_of_rows: &[i32],
    out: &mut [Vector<f32, W>],
    columns: usize,
    #[comptime] has_pieces: bool,
) {
    if ABSOLUTE_POS >= out.len() {
        terminate!();
    }
    let row = ABSOLUTE_POS / columns;
    let column = ABSOLUTE_POS % columns;
    let mut sum = Vector::<f32, W>::new(0.0);
    let mut at = usize::cast_from(rows[row]);
    let end = usize::cast_from(rows[row + 1]);
    // Four are read at a time, so that they are waited for once.
    while at + 4 <= end {
        let first = values[usize::cast_from(order[at]) * columns + column];
        let second = values[usize::cast_from(order[at + 1]) * columns + column];
        let third = values[usize::cast_from(order[at + 2]) * columns + column];
        let fourth = values[usize::cast_from(order[at + 3]) * columns + column];
        sum += (first + second) + (third + fourth);
        at += 4;
    }
    while at < end {
        sum += values[usize::cast_from(order[at]) * columns + column];
        at += 1;
    }
    if has_pieces {
        let mut piece = usize::cast_from(pieces_of_rows[row]);
        let end = usize::cast_from(pieces_of_rows[row + 1]);
        while piece + 4 <= end {
            let at = piece * columns + column;
            sum += (sums[at] + sums[at + columns]) + (sums[at + 2 * columns] + sums[at + 3 * columns]);
            piece += 4;
        }
        while piece < end {
            sum += sums[piece * columns + column];
            piece += 1;
        }
    }
    out[ABSOLUTE_POS] = sum;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_summed_once_into_the_row_of_its_id() {
        let zipf = |at: usize| (1000 / (1 + (at * 7919) % 1000)) % 11;
        for (v, stream) in [(11, &zipf as &dyn Fn(usize) -> usize), (11, &|_| 3), (700, &|at| at), (11, &|at| at % 11)]
        {
            let ids: Vec<u32> = (0..700).map(|at| stream(at) as u32).collect();
            let order = Order::of(&ids, v, 32);
            let part = |all: &[u32], nth: usize| all[nth] as usize..all[nth + 1] as usize;
            for id in 0..v {
                let mut found = order.places[part(&order.rows, id)].to_vec();
                for piece in part(&order.pieces_of_rows, id) {
                    let places = &order.places[part(&order.pieces, piece)];
                    assert!(places.len() <= 32);
                    found.extend(places);
                }
                let expected: Vec<u32> = (0..700).filter(|&place| ids[place as usize] == id as u32).collect();
                assert_eq!(found, expected, "id {id}");
            }
        }
    }

    #[test]
    fn no_unit_adds_up_more_than_a_small_share_of_all_places() {
        for places in [1, 1000, 1 << 16, 1 << 20] {
            let longest = longest(places);
            let pieces = Order::of(&vec![0; places], 1, longest).pieces.len() - 1;
            assert!(longest <= 256 && pieces <= 4096, "{places} places: {pieces} pieces of {longest}");
        }
    }
}
