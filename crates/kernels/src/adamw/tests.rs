use burn::tensor::{Device, Tensor};

use super::*;
use crate::testing::{elements, random};

const ADAMW: AdamW = AdamW { learning_rate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.0, step: 1 };

fn update(adamw: AdamW, parameter: f32, gradient: f32) -> f32 {
    let tensor = |x: f32| Tensor::<1>::from_floats([x], &Device::flex());
    let parameter = tensor(parameter);
    let moments = Moments::zeros_like(&parameter);
    adamw.update(parameter, tensor(gradient), tensor(1.0), moments).0.into_scalar()
}

/// Holds three updates of `count` elements on `device` to the reference on the CPU.
fn assert_agrees_on(device: &Device, count: usize) {
    let flat = |salt: usize, size, device: &Device| {
        let last = random([salt, count], size).narrow(0, salt - 1, 1);
        Tensor::<1>::from_data(last.flatten::<1>(0, 1).into_data(), device)
    };
    let after = |update: &dyn Fn(AdamW, Tensor<1>, Tensor<1>, Tensor<1>, Moments) -> _, device| {
        let mut parameter: Tensor<1> = flat(1, 1.0, device);
        let mut moments = Moments::zeros_like(&parameter);
        for step in 1..=3 {
            let gradient = flat(1 + step as usize, 0.1, device);
            let scale = Tensor::from_floats([0.5], device);
            let adamw = AdamW { weight_decay: 0.1, step, ..ADAMW };
            (parameter, moments) = update(adamw, parameter, gradient, scale, moments);
        }
        [parameter, moments.first, moments.second].map(elements).concat()
    };
    let found = after(&|adamw, p, g, scale, moments| adamw.update(p, g, scale, moments), device);
    let expected = after(&|adamw, p, g, scale, moments| adamw.reference(p, g, scale, moments), &Device::flex());
    for (found, expected) in found.into_iter().zip(expected) {
        assert!((found - expected).abs() <= 2e-6 * expected.abs().max(0.1), "{found} instead of {expected}");
    }
}

#[test]
fn agrees_with_the_reference_over_several_updates() {
    assert_agrees_on(&Device::flex(), 40_000);
}

#[test]
#[cfg(feature = "wgpu")]
fn agrees_on_a_gpu_for_any_number_of_elements() {
    let Some(gpu) = crate::testing::gpu("AdamW on a GPU") else { return };
    for count in [1, 6, 4096, 40_001] {
        assert_agrees_on(&gpu, count);
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn on_a_gpu_a_shared_tensor_is_not_overwritten() {
    let Some(gpu) = crate::testing::gpu("AdamW of a shared tensor on a GPU") else { return };
    let parameter = Tensor::<1>::from_floats([1.0, 2.0], &gpu);
    let moments = Moments::zeros_like(&parameter);
    let ones = Tensor::ones([1], &gpu);
    let (updated, after) = ADAMW.update(parameter.clone(), parameter.ones_like(), ones, moments.clone());
    assert_eq!(elements(parameter), [1.0, 2.0]);
    assert_eq!(elements(moments.second), [0.0; 2]);
    assert!(elements(updated)[0] < 1.0 && elements(after.first)[0] > 0.0);
}

/// Asserts that `sum` on `device` is exact to one in a million, which burn's own sum is not.
#[cfg(any(feature = "flex", feature = "wgpu"))]
fn assert_sums_precisely(device: &Device, sum: impl Fn(Vec<Tensor<1>>) -> Tensor<1>) {
    for count in [1, 255, 4099, 200_000] {
        let x: Vec<f32> = (0..count).map(|i| (i % 17 + 1) as f32 / 16.0).collect();
        let exact: f64 = x.iter().map(|&x| x as f64 * x as f64).sum();
        for length in [count, 70_000] {
            let parts = x.chunks(length).map(|part| Tensor::from_floats(part, device));
            let found: f32 = sum(parts.collect()).into_scalar();
            assert!((found as f64 / exact - 1.0).abs() < 1e-6, "{found} instead of {exact}");
        }
    }
}

#[test]
#[cfg(feature = "flex")]
fn squares_are_summed_to_full_precision() {
    assert_sums_precisely(&Device::flex(), cpu::sum_of_squares);
}

#[test]
#[cfg(feature = "wgpu")]
fn squares_are_summed_to_full_precision_on_a_gpu() {
    let Some(gpu) = crate::testing::gpu("sum of squares on a GPU") else { return };
    assert_sums_precisely(&gpu, |parts| total(parts, gpu::sum_of_squares));
}

#[test]
fn several_gradients_are_summed_together() {
    let parts = [vec![1.0, 2.0], vec![3.0]].map(|part| Tensor::from_floats(part.as_slice(), &Device::flex()));
    assert_eq!(elements(sum_of_squares(parts)), [14.0]);
}

#[test]
fn the_first_update_is_one_learning_rate_for_any_gradient() {
    for gradient in [1e-3, 1.0, -40.0] {
        let moved = update(ADAMW, 2.0, gradient) - 2.0;
        assert!((moved + 0.1 * gradient.signum()).abs() < 1e-5, "{moved} for {gradient}");
    }
}

#[test]
fn weight_decay_does_not_depend_on_the_gradient() {
    let decayed = update(AdamW { weight_decay: 0.5, ..ADAMW }, 2.0, 0.0);
    assert!((decayed - 2.0 * 0.95).abs() < 1e-6, "{decayed}");
}
