use burn::tensor::{Device, TensorData};

use super::*;
use crate::testing::{assert_agrees, random};

fn targets(n: usize, v: usize, device: &Device) -> Tensor<1, Int> {
    let targets: Vec<i32> = (0..n).map(|at| (at * 31 % v) as i32).collect();
    Tensor::from_data(TensorData::new(targets, [n]), device)
}

#[test]
fn equal_logits_cost_the_logarithm_of_the_vocabulary() {
    let device = Device::flex();
    let hidden = Tensor::<2>::ones([3, 4], &device);
    let table = Tensor::<2>::ones([7, 4], &device);
    let loss = cross_entropy(hidden, table, Tensor::from_ints([0, 3, 6], &device)).into_scalar::<f32>();
    assert!((loss - 7_f32.ln()).abs() < 1e-6, "{loss}");
}

#[test]
fn large_logits_do_not_overflow() {
    let device = Device::flex();
    let hidden = Tensor::<2>::from_floats([[1000.0]], &device);
    let table = Tensor::<2>::from_floats([[1.0], [-1.0]], &device);
    let loss = |target: i32| {
        cross_entropy(hidden.clone(), table.clone(), Tensor::from_ints([target], &device)).into_scalar::<f32>()
    };
    assert_eq!(loss(0), 0.0);
    assert_eq!(loss(1), 2000.0);
}

#[test]
fn a_certain_prediction_costs_nothing_and_never_less() {
    for seed in 1..40 {
        // Each hidden state is far along the row of its target, at no round number.
        let table = random([seed + 1, 37], 9.0).inner();
        let n = seed + 1;
        let loss = cross_entropy(table.clone() * 1.7, table, Tensor::arange(0..n as i64, &Device::flex()));
        let loss = loss.into_scalar::<f32>();
        assert!((0.0..1e-3).contains(&loss), "{loss}");
    }
}

#[test]
fn a_nan_makes_the_loss_nan() {
    let device = Device::flex();
    let table = Tensor::<2>::from_floats([[1.0], [f32::NAN], [2.0]], &device);
    let hidden = Tensor::<2>::from_floats([[1.0]], &device);
    let loss = cross_entropy(hidden, table, Tensor::from_ints([0], &device)).into_scalar::<f32>();
    assert!(loss.is_nan(), "{loss}");
}

#[test]
fn agrees_with_the_reference() {
    for (n, c, v, scale) in [
        (1, 1, 1, 1.0),
        (5, 3, 7, 1.0),
        (300, 8, 50, 1.0),
        (40, 16, 3000, 1.0),
        (300, 4, 60_000, 1.0),
        (9, 8, 70, 20.0),
    ] {
        assert_agrees(
            [random([n, c], scale), random([v, c], scale)],
            |[hidden, table]| cross_entropy(hidden.clone(), table, targets(n, v, &hidden.device())),
            |[hidden, table]| reference(hidden.clone(), table, targets(n, v, &hidden.device())),
        );
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn agrees_on_a_gpu_by_chunks_of_the_hidden_states() {
    let Some(gpu) = crate::testing::gpu("cross-entropy on a GPU") else { return };
    // Multiples of four and others.
    for (n, c, v) in [(20, 8, 300), (20, 8, 301), (150, 12, 7)] {
        crate::testing::assert_agrees_on(
            &gpu,
            [random([n, c], 1.0), random([v, c], 1.0)],
            |[hidden, table]| {
                let by_seven = gpu::CrossEntropy { targets: targets(n, v, &hidden.device()), rows: 7 };
                crate::run(by_seven, [hidden.into(), table.into()])
            },
            |[hidden, table]| reference(hidden.clone(), table, targets(n, v, &hidden.device())),
        );
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn on_a_gpu_loss_and_gradient_agree_for_any_logits() {
    use crate::testing::{elements, on};

    let Some(gpu) = crate::testing::gpu("the loss of logits on a GPU") else { return };
    for (n, v) in [(1, 1), (1, 2), (5, 7), (300, 50), (3, 70_001)] {
        let logits = random([n, v], 30.0).require_grad();
        let loss = of_logits(logits.clone(), targets(n, v, &logits.device()));
        let expected = elements(logits.grad(&loss.backward()).unwrap());
        let on_gpu = on(logits.inner(), &gpu);
        let losses = |is_tracked| {
            let logits = crate::gpu::primitive(on_gpu.clone());
            gpu::losses(logits, v, targets(n, v, &gpu), 0, is_tracked)
        };
        let untracked = losses(false).0.sum().into_scalar::<f32>();
        let (losses, found) = losses(true);
        let (sum, loss) = (losses.sum().into_scalar::<f32>(), loss.into_scalar::<f32>());
        assert!((sum - loss).abs() <= 2e-5 * loss.abs(), "{sum} instead of {loss}");
        assert_eq!(untracked, sum);
        for (found, expected) in elements::<2>(crate::gpu::tensor(found)).into_iter().zip(expected) {
            assert!((found - expected).abs() <= 2e-5 / n as f32, "{found} instead of {expected}");
        }
    }
}
