//! Segment sums: each row of a table is the sum of the rows at some positions, the gradient of a lookup.
//!
//! There are no atomics, so every sum has one order and the same bits each time. The host sorts the positions by id; then a thread
//! sums a vector of columns over all positions of one id. Ids are as frequent as words: a few are everywhere. The positions of a
//! frequent id are cut into chunks, whose sums come first, side by side. `8 C` bytes a position and `4 C` a row of the table; the
//! limit is the memory.

use burn::tensor::{Device, Int, Tensor, TensorData};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use super::queue::{Queued, int, one, queue};
use super::{empty, grid, width};

/// Which positions are summed into each row of a table, and in which order.
#[derive(Clone, Debug)]
pub(crate) struct Segments {
    /// The positions, `[N]`.
    order: Tensor<1, Int>,
    /// Where the positions of each row start in `order`, and the last end: `[V + 1]`. Rows of frequent ids are empty.
    rows: Tensor<1, Int>,
    /// The positions of frequent ids, if there are any.
    frequent: Option<Frequent>,
}

#[derive(Clone, Debug)]
struct Frequent {
    /// Where the positions of each chunk start in the order, and the last end: `[chunks + 1]`.
    chunks: Tensor<1, Int>,
    /// Where the chunks of each row start, and the last end: `[V + 1]`.
    rows: Tensor<1, Int>,
}

impl Segments {
    /// The positions of `ids`, each below `v`, for sums on `device`.
    pub fn of(ids: &[u32], v: usize, device: &Device) -> Self {
        let order = Order::of(ids, v, max_positions(ids.len()));
        let tensor = |values: Vec<u32>| {
            let values: Vec<i32> = values.into_iter().map(|value| value as i32).collect();
            let count = [values.len()];
            Tensor::from_data(TensorData::new(values, count), device)
        };
        let is_any_frequent = order.chunks.len() > 1;
        Self {
            order: tensor(order.positions),
            rows: tensor(order.rows),
            frequent: is_any_frequent
                .then(|| Frequent { chunks: tensor(order.chunks), rows: tensor(order.chunks_of_rows) }),
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
        let inputs = [values, order, rows, int(frequent.chunks.clone()), int(frequent.rows.clone())];
        one(queue("sum_segments", inputs, [shape.into()], move |[values, order, rows, chunks, chunks_of_rows]| {
            let sums = empty(&values, [chunks.meta.num_elements() - 1, shape[1]]);
            launch(&values, &order, &chunks, None, &sums);
            let out = empty(&values, shape);
            launch(&values, &order, &rows, Some((&sums, &chunks_of_rows)), &out);
            [out]
        }))
    }
}

/// How many positions a thread sums alone: few enough that many threads have work even if all ids are the same, many enough that
/// the chunks' sums are little beside what they sum.
fn max_positions(positions: usize) -> usize {
    (positions.isqrt() / 4).clamp(32, 256)
}

/// [`Segments`] on the host.
struct Order {
    positions: Vec<u32>,
    rows: Vec<u32>,
    chunks: Vec<u32>,
    chunks_of_rows: Vec<u32>,
}

impl Order {
    /// First the ids with no more than `max_positions` positions, then the frequent ones, each in the order of ids; the positions
    /// of one id in their own order.
    fn of(ids: &[u32], v: usize, max_positions: usize) -> Self {
        let mut counts = vec![0; v];
        ids.iter().for_each(|&id| counts[id as usize] += 1);
        let mut next = Vec::with_capacity(v); // the slot of the next position of each id

        let mut rows = Vec::with_capacity(v + 1);
        let mut end = 0;
        for &count in &counts {
            rows.push(end as u32);
            next.push(end);
            end += if count <= max_positions { count } else { 0 };
        }
        rows.push(end as u32);

        let (mut chunks, mut chunks_of_rows) = (Vec::new(), Vec::with_capacity(v + 1));
        for (id, &count) in counts.iter().enumerate() {
            chunks_of_rows.push(chunks.len() as u32);
            if count > max_positions {
                next[id] = end;
                chunks.extend((end..end + count).step_by(max_positions).map(|start| start as u32));
                end += count;
            }
        }
        chunks_of_rows.push(chunks.len() as u32);
        chunks.push(end as u32);

        let mut positions = vec![0; ids.len()];
        for (position, &id) in ids.iter().enumerate() {
            positions[next[id as usize]] = position as u32;
            next[id as usize] += 1;
        }
        Self { positions, rows, chunks, chunks_of_rows }
    }
}

/// Writes to each row of `out` the sum of the rows of `values` in its segment of `order`, plus those of its chunks' sums.
fn launch(
    values: &CubeTensor,
    order: &CubeTensor,
    rows: &CubeTensor,
    chunks: Option<(&CubeTensor, &CubeTensor)>,
    out: &CubeTensor,
) {
    let columns = out.meta.shape()[1];
    let width = width(columns);
    let (count, cube) = grid(&out.client, out.meta.num_elements() / width);
    let has_chunks = chunks.is_some();
    // A kernel's arguments cannot be optional: without chunks, any buffers are bound.
    let (sums, chunks_of_rows) = chunks.unwrap_or((values, rows));
    sum_segments::launch(
        &out.client,
        count,
        cube,
        width,
        values.clone().into_buffer_arg(),
        order.clone().into_buffer_arg(),
        rows.clone().into_buffer_arg(),
        sums.clone().into_buffer_arg(),
        chunks_of_rows.clone().into_buffer_arg(),
        out.clone().into_buffer_arg(),
        columns / width,
        has_chunks,
    );
}

/// A thread for each vector of `out`; `columns` vectors are a row.
#[cube(launch)]
fn sum_segments<W: Size>(
    values: &[Vector<f32, W>],
    order: &[i32],
    rows: &[i32],
    sums: &[Vector<f32, W>],
    chunks_of_rows: &[i32],
    out: &mut [Vector<f32, W>],
    columns: usize,
    #[comptime] has_chunks: bool,
) {
    if ABSOLUTE_POS >= out.len() {
        terminate!();
    }
    let row = ABSOLUTE_POS / columns;
    let column = ABSOLUTE_POS % columns;
    let mut sum = Vector::<f32, W>::new(0.0);
    let mut at = usize::cast_from(rows[row]);
    let end = usize::cast_from(rows[row + 1]);
    // Four loads at a time hide each other's latency.
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
    if has_chunks {
        let mut chunk = usize::cast_from(chunks_of_rows[row]);
        let end = usize::cast_from(chunks_of_rows[row + 1]);
        while chunk + 4 <= end {
            let at = chunk * columns + column;
            sum += (sums[at] + sums[at + columns]) + (sums[at + 2 * columns] + sums[at + 3 * columns]);
            chunk += 4;
        }
        while chunk < end {
            sum += sums[chunk * columns + column];
            chunk += 1;
        }
    }
    out[ABSOLUTE_POS] = sum;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_summed_once_into_the_row_of_its_id() {
        let zipf = |at: usize| (1000 / (1 + (at * 7919) % 1000)) % 11;
        for (v, id) in [(11, &zipf as &dyn Fn(usize) -> usize), (11, &|_| 3), (700, &|at| at), (11, &|at| at % 11)] {
            let ids: Vec<u32> = (0..700).map(|at| id(at) as u32).collect();
            let order = Order::of(&ids, v, 32);
            let range = |starts: &[u32], nth: usize| starts[nth] as usize..starts[nth + 1] as usize;
            for id in 0..v {
                let mut found = order.positions[range(&order.rows, id)].to_vec();
                for chunk in range(&order.chunks_of_rows, id) {
                    let positions = &order.positions[range(&order.chunks, chunk)];
                    assert!(positions.len() <= 32);
                    found.extend(positions);
                }
                let expected: Vec<u32> = (0..700).filter(|&position| ids[position as usize] == id as u32).collect();
                assert_eq!(found, expected, "id {id}");
            }
        }
    }

    #[test]
    fn no_thread_sums_more_than_a_small_share_of_all_positions() {
        for positions in [1, 1000, 1 << 16, 1 << 20] {
            let max_positions = max_positions(positions);
            let chunks = Order::of(&vec![0; positions], 1, max_positions).chunks.len() - 1;
            assert!(max_positions <= 256 && chunks <= 4096, "{positions} positions: {chunks} of {max_positions}");
        }
    }
}
