use burn::tensor::Device;

use super::*;
use crate::testing::{assert_agrees, elements, random};

/// The formula with tanh, and its derivative.
fn formula(x: f64) -> [f64; 2] {
    let root = (2.0 / std::f64::consts::PI).sqrt();
    let tanh = (root * (x + 0.044715 * x.powi(3))).tanh();
    let derivative = (1.0 + tanh) / 2.0 + x / 2.0 * (1.0 - tanh * tanh) * root * (1.0 + 3.0 * 0.044715 * x * x);
    [x / 2.0 * (1.0 + tanh), derivative]
}

fn points() -> Vec<f32> {
    (-800..=600).map(|i| i as f32 / 100.0).collect()
}

#[test]
fn the_reference_is_the_formula_with_tanh() {
    let x = Tensor::<1>::from_floats(points().as_slice(), &Device::flex()).reshape([1, -1]);
    for (x, found) in points().into_iter().zip(elements(reference(x))) {
        let [expected, _] = formula(x as f64);
        assert!((found as f64 - expected).abs() < 1e-6, "{x}: {found} instead of {expected}");
    }
}

#[test]
fn activations_and_derivatives_are_the_formula_too() {
    let x = Tensor::<1>::from_floats(points().as_slice(), &Device::flex().autodiff()).reshape([1, -1]).require_grad();
    let y = gelu(x.clone());
    let derivatives = elements(x.grad(&y.clone().sum().backward()).unwrap());
    for ((x, found), derivative) in points().into_iter().zip(elements(y.inner())).zip(derivatives) {
        let expected = formula(x as f64);
        assert!((found as f64 - expected[0]).abs() < 1e-6, "{x}: {found} instead of {}", expected[0]);
        // 1 − tanh² is exact to the last bit of 1 only, and is multiplied by up to 30.
        assert!((derivative as f64 - expected[1]).abs() < 4e-6, "{x}: {derivative} instead of {}", expected[1]);
    }
}

#[test]
fn agrees_with_the_reference() {
    for shape in [[1, 1], [3, 7], [130, 256]] {
        assert_agrees([random(shape, 3.0)], |[x]| gelu(x), |[x]| reference(x));
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn agrees_on_a_gpu() {
    let Some(gpu) = crate::testing::gpu("GELU on a GPU") else { return };
    for shape in [[1, 1], [3, 7], [130, 256]] {
        crate::testing::assert_agrees_on(&gpu, [random(shape, 3.0)], |[x]| gelu(x), |[x]| reference(x));
    }
}
