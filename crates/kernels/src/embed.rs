//! Token and position embedding: `out[b, t] = wte[ids[b, t]] + wpe[t]`.
//!
//! The gradient of a row of `wte` is the sum of the gradients of all its places. On the processor each thread adds some columns
//! of all places, in the order of the places, so that a token that is everywhere costs what others cost, and every sum is
//! always made in the same order; where a tied head has made its gradient in the table already, they are added to that. A GPU
//! does it by `gpu/segments.rs`. The gradient of `wpe` is a sum over the batch. `8 C` bytes an id forward, `12 C` backward; the
//! limit is the memory.

#[cfg(feature = "cube")]
mod gpu;

use burn::tensor::Tensor;

use crate::Ids;

/// The rows of `wte` that `ids` name, each with the row of `wpe` for its place added.
///
/// # Shapes
///
/// - `wte`: `[V, C]`
/// - `wpe`: `[at least T, C]`, or none
/// - `ids`: `[B, T]`, each below V: no backend reports an id outside the table
/// - output: `[N, C]`
pub fn embed(wte: Tensor<2>, wpe: Option<Tensor<2>>, ids: impl Into<Ids>) -> Tensor<2> {
    let ids = ids.into();
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&wte) {
        let operation = processor::Embed { ids: ids.on_the_host(), t: ids.dims()[1] };
        return match wpe {
            None => crate::operation::run(operation, [wte.into()]),
            Some(wpe) => crate::operation::run(operation, [wte.into(), wpe.into()]),
        };
    }
    #[cfg(feature = "cube")]
    if crate::gpu::is_ours(&wte) && crate::gpu::is_countable(&[ids.dims()[0], ids.dims()[1], wte.dims()[1]]) {
        return match wpe {
            None => crate::gpu::run(gpu::Embed { ids }, [wte.into()]),
            Some(wpe) => crate::gpu::run(gpu::Embed { ids }, [wte.into(), wpe.into()]),
        };
    }
    stock(wte, wpe, ids)
}

/// The position rows are a slice that is broadcast, not looked up, so their gradient is a plain sum over the batch.
pub(crate) fn stock(wte: Tensor<2>, wpe: Option<Tensor<2>>, ids: Ids) -> Tensor<2> {
    let [b, t] = ids.dims();
    let c = wte.dims()[1];
    let tokens = wte.select(0, ids.tensor().reshape([b * t])); // [N, C]
    match wpe {
        None => tokens,
        Some(wpe) => {
            let positions = wpe.slice([0..t, 0..c]).reshape([1, t, c]);
            (tokens.reshape([b, t, c]) + positions).reshape([b * t, c])
        }
    }
}

#[cfg(feature = "flex")]
mod processor {
    use std::mem::{MaybeUninit, replace};
    use std::slice::from_raw_parts_mut;
    use std::sync::Arc;

    use crate::operation::{Operation, Values, View};
    use crate::processor::{LARGE, LINE, PIECE, clear, each, each_of, fetch, filled, rows_of_a_piece, written};

    #[derive(Clone, Debug)]
    pub struct Embed {
        pub ids: Arc<[u32]>,
        pub t: usize,
    }

    impl Operation<1> for Embed {
        type Saved = ();

        fn forward(&self, [wte]: [View<'_>; 1], _: bool) -> (Values, ()) {
            let (c, n) = (wte.dims()[1], self.ids.len());
            let rows = rows_of_a_piece(c);
            let write = |piece: usize, out: &mut [MaybeUninit<f32>]| {
                for (nth, out) in (piece * rows..).zip(out.chunks_exact_mut(c)) {
                    out.write_copy_of_slice(self.row(&wte, nth, c));
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
            let rows = rows_of_a_piece(c);
            let write = |piece: usize, out: &mut [MaybeUninit<f32>]| {
                for (nth, out) in (piece * rows..).zip(out.chunks_exact_mut(c)) {
                    let (token, position) = (self.row(&wte, nth, c), row(&wpe, (nth % self.t) as u32, c));
                    for i in 0..c {
                        out[i].write(token[i] + position[i]);
                    }
                }
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

    impl Embed {
        /// The row of the `nth` id; that of a later one is fetched.
        #[inline(always)]
        fn row<'a>(&self, wte: &'a [f32], nth: usize, c: usize) -> &'a [f32] {
            if let Some(later) = self.later(nth, c) {
                fetch(row(wte, later, c).as_ptr(), c);
            }
            row(wte, self.ids[nth], c)
        }

        /// The id of which so many columns are fetched when those of the `nth` are needed.
        #[inline(always)]
        fn later(&self, nth: usize, columns: usize) -> Option<u32> {
            self.ids.get(nth + AHEAD.div_ceil(columns.max(1))).copied()
        }

        /// Rows that no id names are cleared; the others are not, but begin as the gradient of their first place.
        fn table_gradient(&self, wte: View<'_>, d_out: &[f32]) -> Values {
            let [v, c] = wte.dims();
            let mut is_named = vec![false; v];
            let is_first: Vec<bool> = self.ids.iter().map(|&id| !replace(&mut is_named[id as usize], true)).collect();
            let mut d_wte = Vec::with_capacity(v * c);
            let room = &mut d_wte.spare_capacity_mut()[..v * c];
            let (rows, is_large) = (rows_of_a_piece(c), v * c > LARGE);
            each_of(room.chunks_mut(rows * c.max(1)).zip(is_named.chunks(rows)), |_, (room, is_named)| {
                let mut row = 0;
                for run in is_named.chunk_by(|a, b| a == b) {
                    if !run[0] {
                        clear(&mut room[row * c..(row + run.len()) * c], is_large);
                    }
                    row += run.len();
                }
            });
            self.add_rows(d_wte.as_mut_ptr(), v, c, d_out, |nth| is_first[nth]);
            // SAFETY: of the rows those that no id names are cleared, and each other begins as its first place's.
            unsafe { d_wte.set_len(v * c) };
            Values::new(d_wte, [v, c])
        }

        /// The head of a tied table has its gradient first.
        fn add_to_table_gradient(&self, mut so_far: Values, d_out: &[f32]) -> Values {
            let [v, c] = so_far.view().dims();
            self.add_rows(so_far.as_mut_slice().as_mut_ptr(), v, c, d_out, |_| false);
            so_far
        }

        /// Adds the gradient of each place to the row of its id, or has the row begin as it.
        fn add_rows(&self, d_wte: *mut f32, v: usize, c: usize, d_out: &[f32], begins: impl Fn(usize) -> bool + Sync) {
            assert!(self.ids.iter().all(|&id| (id as usize) < v) && d_out.len() == self.ids.len() * c, "ids below V");
            let start = Start(d_wte);
            let width = columns_of_a_task(c, d_out.len());
            each(c.div_ceil(width), |task| {
                let columns = task * width..c.min((task + 1) * width);
                let sum = |id: u32| start.at(id as usize * c + columns.start);
                for (nth, (&id, d)) in self.ids.iter().zip(d_out.chunks_exact(c)).enumerate() {
                    if let Some(later) = self.later(nth, columns.len()) {
                        fetch(sum(later), columns.len());
                    }
                    let (d, sum) = (&d[columns.clone()], sum(id));
                    // SAFETY: the row is one of the table's, of which nobody else touches these columns, and is read only
                    // where it has begun.
                    unsafe {
                        match begins(nth) {
                            true => sum.copy_from_nonoverlapping(d.as_ptr(), d.len()),
                            false => add(from_raw_parts_mut(sum, d.len()), d),
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

    fn row(table: &[f32], row: u32, c: usize) -> &[f32] {
        &table[row as usize * c..][..c]
    }

    /// As few as give every thread a task, but whole cache lines; all of them where one thread is done at once.
    fn columns_of_a_task(c: usize, numbers: usize) -> usize {
        match numbers < 2 * PIECE {
            true => c.max(1),
            false => c.div_ceil(rayon::current_num_threads()).next_multiple_of(LINE),
        }
    }

    #[inline(always)]
    fn add(sum: &mut [f32], d: &[f32]) {
        let d = &d[..sum.len()];
        // By hand: for an iterator over both there was a call for every row.
        for i in 0..sum.len() {
            sum[i] += d[i];
        }
    }

    /// Where a table starts of whose rows every thread writes other columns.
    struct Start(*mut f32);

    // SAFETY: it only says where things are.
    unsafe impl Sync for Start {}

    impl Start {
        fn at(&self, number: usize) -> *mut f32 {
            self.0.wrapping_add(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Int, TensorData};

    use super::*;
    use crate::oracle::{agrees, agrees_on, random};

    fn table(rows: usize, columns: usize, first: f32, device: &Device) -> Tensor<2> {
        let values: Vec<f32> = (0..rows * columns).map(|i| first + i as f32).collect();
        Tensor::from_data(TensorData::new(values, [rows, columns]), device)
    }

    #[test]
    fn each_token_gets_its_own_row_and_its_places_row() {
        let device = Device::flex();
        let ids = Tensor::from_ints([[2, 0], [1, 1]], &device);
        let sum = embed(table(3, 2, 0.0, &device), Some(table(5, 2, 100.0, &device)), ids);
        let expected =
            [4.0 + 100.0, 5.0 + 101.0, 102.0, 1.0 + 103.0, 2.0 + 100.0, 3.0 + 101.0, 2.0 + 102.0, 3.0 + 103.0];
        assert_eq!(sum.into_data().try_into_vec::<f32>().unwrap(), expected);
    }

    #[test]
    fn a_row_collects_the_gradients_of_all_its_places_and_other_rows_get_none() {
        let device = Device::flex().autodiff();
        let wte = table(4, 1, 0.0, &device).require_grad();
        let wpe = table(3, 1, 0.0, &device).require_grad();
        let ids = Tensor::from_ints([[2, 0], [2, 2]], &device);
        let weights = table(4, 1, 1.0, &device); // 1, 2, 3, 4 for the four places
        let gradients = (embed(wte.clone(), Some(wpe.clone()), ids) * weights).sum().backward();
        let of = |table: &Tensor<2>| table.grad(&gradients).unwrap().into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(of(&wte), [2.0, 0.0, 1.0 + 3.0 + 4.0, 0.0]);
        assert_eq!(of(&wpe), [1.0 + 3.0, 2.0 + 4.0, 0.0]);
    }

    #[test]
    fn what_others_made_of_the_gradient_in_a_table_is_added_to() {
        let ids = [[2, 0, 2], [1, 2, 2]];
        let tied = |embed: fn(Tensor<2>, Option<Tensor<2>>, Ids) -> Tensor<2>| {
            move |[wte, wpe]: [Tensor<2>; 2]| {
                let ids: Ids = Tensor::<2, Int>::from_ints(ids, &wte.device()).into();
                let alone = embed(wte.clone(), None, ids.clone()).matmul(wte.clone().transpose());
                embed(wte.clone(), Some(wpe), ids).matmul(wte.transpose()) * alone
            }
        };
        agrees([random([4, 5], 1.0), random([3, 5], 1.0)], tied(embed), tied(stock));
    }

    /// Checks `embed` on `device` for ids of many kinds.
    fn is_its_definition_on(device: &Device, sizes: &[(usize, usize, usize, usize)]) {
        for &(b, t, v, c) in sizes {
            for stream in [|at: usize| at * 7919, |_| 3, |at: usize| (at * at) % 11] {
                let ids: Vec<u32> = (0..b * t).map(|at| (stream(at) % v) as u32).collect();
                let ids = |device: &Device| Ids::new(&ids, [b, t], device);
                agrees_on(
                    device,
                    [random([v, c], 1.0), random([t + 2, c], 1.0)],
                    |[wte, wpe]| embed(wte.clone(), Some(wpe), ids(&wte.device())),
                    |[wte, wpe]| stock(wte.clone(), Some(wpe), ids(&wte.device())),
                );
                agrees_on(
                    device,
                    [random([v, c], 1.0)],
                    |[wte]| embed(wte.clone(), None, ids(&wte.device())),
                    |[wte]| stock(wte.clone(), None, ids(&wte.device())),
                );
            }
        }
    }

    #[test]
    fn it_is_its_definition_in_value_and_gradient_for_any_stream_of_ids() {
        is_its_definition_on(&Device::flex(), &[(1, 1, 1, 1), (3, 5, 7, 3), (40, 30, 100, 65)]);
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too() {
        let Some(gpu) = crate::oracle::gpu("embed on a GPU") else { return };
        is_its_definition_on(&gpu, &[(1, 1, 1, 1), (3, 5, 7, 3), (4, 30, 1200, 12), (40, 30, 100, 66)]);
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_a_million_ids_are_more_than_one_dimension_of_a_grid_and_right_to_the_last() {
        let Some(gpu) = crate::oracle::gpu("a million ids on a GPU") else { return };
        let (n, c) = (1 << 20, 17); // odd, so that a unit has one number
        let ids: Vec<u32> = (0..n).map(|at| u32::from(at == n - 1)).collect();
        let wte = table(2, c, 0.0, &gpu.clone().autodiff()).require_grad();
        let rows = embed(wte.clone(), None, Ids::new(&ids, [n / 64, 64], &gpu));
        let gradients = rows.clone().sum().backward();
        let numbers = |tensor: Tensor<2>| tensor.into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(numbers(rows.inner().narrow(0, n - 2, 2)), numbers(wte.clone().inner()));
        let expected = [vec![(n - 1) as f32; c], vec![1.0; c]].concat();
        assert_eq!(numbers(wte.grad(&gradients).unwrap()), expected);
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_ids_that_the_device_alone_knows_have_the_same_gradient() {
        let Some(gpu) = crate::oracle::gpu("ids of a GPU") else { return };
        let gradient = |ids: Ids| {
            let wte = table(3, 4, 0.0, &gpu.clone().autodiff()).require_grad();
            let gradients = embed(wte.clone(), None, ids).sum().backward();
            wte.grad(&gradients).unwrap().into_data().try_into_vec::<f32>().unwrap()
        };
        let known = gradient(Ids::new(&[2, 0, 2, 2], [2, 2], &gpu));
        let found = gradient(Tensor::<2, Int>::from_ints([[2, 0], [2, 2]], &gpu).into());
        assert_eq!(known, [[1.0; 4], [0.0; 4], [3.0; 4]].concat());
        assert_eq!(found, known);
    }
}
