use burn::tensor::{Device, Int, Tensor, TensorData};

use super::*;
use crate::testing::{assert_agrees, assert_agrees_on, elements, random};

/// Counts up from `first`.
fn table(rows: usize, columns: usize, first: f32, device: &Device) -> Tensor<2> {
    let values: Vec<f32> = (0..rows * columns).map(|i| first + i as f32).collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

#[test]
fn each_token_gets_its_row_plus_that_of_its_position() {
    let device = Device::flex();
    let ids = Tensor::from_ints([[2, 0], [1, 1]], &device);
    let sum = embed(table(3, 2, 0.0, &device), Some(table(5, 2, 100.0, &device)), ids);
    let expected = [4.0 + 100.0, 5.0 + 101.0, 102.0, 1.0 + 103.0, 2.0 + 100.0, 3.0 + 101.0, 2.0 + 102.0, 3.0 + 103.0];
    assert_eq!(elements(sum), expected);
}

#[test]
fn a_row_sums_the_gradients_at_its_positions_and_no_others() {
    let device = Device::flex().autodiff();
    let wte = table(4, 1, 0.0, &device).require_grad();
    let wpe = table(3, 1, 0.0, &device).require_grad();
    let ids = Tensor::from_ints([[2, 0], [2, 2]], &device);
    let weights = table(4, 1, 1.0, &device); // 1, 2, 3, 4 at the four positions
    let gradients = (embed(wte.clone(), Some(wpe.clone()), ids) * weights).sum().backward();
    let gradient = |table: &Tensor<2>| elements(table.grad(&gradients).unwrap());
    assert_eq!(gradient(&wte), [2.0, 0.0, 1.0 + 3.0 + 4.0, 0.0]);
    assert_eq!(gradient(&wpe), [1.0 + 3.0, 2.0 + 4.0, 0.0]);
}

#[test]
fn the_gradient_adds_to_that_of_a_tied_head() {
    let ids = [[2, 0, 2], [1, 2, 2]];
    let tied = |embed: fn(Tensor<2>, Option<Tensor<2>>, Ids) -> Tensor<2>| {
        move |[wte, wpe]: [Tensor<2>; 2]| {
            let ids: Ids = Tensor::<2, Int>::from_ints(ids, &wte.device()).into();
            let alone = embed(wte.clone(), None, ids.clone()).matmul(wte.clone().transpose());
            embed(wte.clone(), Some(wpe), ids).matmul(wte.transpose()) * alone
        }
    };
    assert_agrees([random([4, 5], 1.0), random([3, 5], 1.0)], tied(embed), tied(reference));
}

/// Holds `embed` on `device` to the reference for different, equal and Zipf-like ids.
fn assert_agrees_for_any_ids_on(device: &Device, sizes: &[(usize, usize, usize, usize)]) {
    for &(b, t, v, c) in sizes {
        for id in [|at: usize| at * 7919, |_| 3, |at: usize| (at * at) % 11] {
            let ids: Vec<u32> = (0..b * t).map(|at| (id(at) % v) as u32).collect();
            let ids = |device: &Device| Ids::new(&ids, [b, t], device);
            assert_agrees_on(
                device,
                [random([v, c], 1.0), random([t + 2, c], 1.0)],
                |[wte, wpe]| embed(wte.clone(), Some(wpe), ids(&wte.device())),
                |[wte, wpe]| reference(wte.clone(), Some(wpe), ids(&wte.device())),
            );
            assert_agrees_on(
                device,
                [random([v, c], 1.0)],
                |[wte]| embed(wte.clone(), None, ids(&wte.device())),
                |[wte]| reference(wte.clone(), None, ids(&wte.device())),
            );
        }
    }
}

#[test]
fn agrees_with_the_reference_for_any_ids() {
    assert_agrees_for_any_ids_on(&Device::flex(), &[(1, 1, 1, 1), (3, 5, 7, 3), (40, 30, 100, 65)]);
}

#[test]
fn agrees_with_the_reference_beyond_the_caches() {
    // Rows of whole cache lines, which are stored past the caches, and of others.
    let (b, t, v) = (50, 2000, 100_003);
    for c in [64, 67] {
        let ids: Vec<u32> = (0..b * t).map(|at| (at * at % v) as u32).collect();
        let ids = Ids::new(&ids, [b, t], &Device::flex());
        let (wte, wpe) = (random([v, c], 1.0), random([t, c], 1.0));
        assert_agrees(
            [wte.clone(), wpe],
            |[wte, wpe]| embed(wte, Some(wpe), ids.clone()),
            |[wte, wpe]| reference(wte, Some(wpe), ids.clone()),
        );
        assert_agrees([wte], |[wte]| embed(wte, None, ids.clone()), |[wte]| reference(wte, None, ids.clone()));
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn agrees_on_a_gpu_for_any_ids() {
    let Some(gpu) = crate::testing::gpu("embed on a GPU") else { return };
    assert_agrees_for_any_ids_on(&gpu, &[(1, 1, 1, 1), (3, 5, 7, 3), (4, 30, 1200, 12), (40, 30, 100, 66)]);
}

#[test]
#[cfg(feature = "wgpu")]
fn on_a_gpu_a_million_ids_need_a_grid_of_several_dimensions() {
    let Some(gpu) = crate::testing::gpu("a million ids on a GPU") else { return };
    let (n, c) = (1 << 20, 17); // odd, so that vectors have one element
    let ids: Vec<u32> = (0..n).map(|at| u32::from(at == n - 1)).collect();
    let wte = table(2, c, 0.0, &gpu.clone().autodiff()).require_grad();
    let rows = embed(wte.clone(), None, Ids::new(&ids, [n / 64, 64], &gpu));
    let gradients = rows.clone().sum().backward();
    assert_eq!(elements(rows.inner().narrow(0, n - 2, 2)), elements(wte.clone().inner()));
    let expected = [vec![(n - 1) as f32; c], vec![1.0; c]].concat();
    assert_eq!(elements(wte.grad(&gradients).unwrap()), expected);
}

#[test]
#[cfg(feature = "wgpu")]
fn on_a_gpu_ids_known_to_the_device_alone_have_the_same_gradient() {
    let Some(gpu) = crate::testing::gpu("ids of a GPU") else { return };
    let gradient = |ids: Ids| {
        let wte = table(3, 4, 0.0, &gpu.clone().autodiff()).require_grad();
        let gradients = embed(wte.clone(), None, ids).sum().backward();
        elements(wte.grad(&gradients).unwrap())
    };
    let on_the_host = gradient(Ids::new(&[2, 0, 2, 2], [2, 2], &gpu));
    let on_the_device = gradient(Tensor::<2, Int>::from_ints([[2, 0], [2, 2]], &gpu).into());
    assert_eq!(on_the_host, [[1.0; 4], [0.0; 4], [3.0; 4]].concat());
    assert_eq!(on_the_device, on_the_host);
}
