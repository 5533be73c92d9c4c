//! Token and position embedding: `out[b, t] = wte[ids[b, t]] + wpe[t]`.
//!
//! The gradient of a row of `wte` is the sum of the gradients of all its places. On the processor what one place alone names is
//! written as it is, when it is read for the gradient of `wpe`; of the others each thread adds some columns of all places, in the order of the places, so that a token that
//! is everywhere costs what others cost, and every sum is always made in the same order; where a tied head has made its gradient
//! in the table already, they are added to that. A GPU does it by `gpu/segments.rs`. The gradient of `wpe` is a sum over the
//! batch. `8 C` bytes an id forward, `12 C` backward; the limit is the memory, past whose caches the processor writes what they
//! would not hold.

#[cfg(feature = "flex")]
mod cpu;
#[cfg(feature = "cube")]
mod gpu;
#[cfg(feature = "flex")]
mod gradient;

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
        let operation = cpu::Embed { ids: ids.on_the_host(), t: ids.dims()[1] };
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
    fn what_no_cache_holds_is_its_definition_too() {
        // Rows of whole lines and others, more of them and of the table than are kept near.
        let (b, t, v) = (50, 2000, 100_003);
        for c in [64, 67] {
            let ids: Vec<u32> = (0..b * t).map(|at| (at * at % v) as u32).collect();
            let ids = Ids::new(&ids, [b, t], &Device::flex());
            let tables = [random([v, c], 1.0), random([t, c], 1.0)];
            agrees(
                tables,
                |[wte, wpe]| embed(wte, Some(wpe), ids.clone()),
                |[wte, wpe]| stock(wte, Some(wpe), ids.clone()),
            );
            agrees([random([v, c], 1.0)], |[wte]| embed(wte, None, ids.clone()), |[wte]| stock(wte, None, ids.clone()));
        }
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
