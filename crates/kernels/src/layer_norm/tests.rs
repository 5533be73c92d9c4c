use burn::tensor::Tensor;

use crate::testing::{assert_agrees, random};

fn random_inputs([n, c]: [usize; 2]) -> [Tensor<2>; 3] {
    [random([n, c], 2.0), random([1, c], 1.0), random([1, c], 1.0)]
}

fn ours([x, weight, bias]: [Tensor<2>; 3]) -> Tensor<2> {
    super::layer_norm(x, weight.flatten(0, 1), bias.flatten(0, 1), 1e-5)
}

fn reference([x, weight, bias]: [Tensor<2>; 3]) -> Tensor<2> {
    super::reference(x, weight.flatten(0, 1), bias.flatten(0, 1), 1e-5)
}

/// As in a block, where the residual has a gradient before that of the norm is added.
fn with_residual(norm: fn([Tensor<2>; 3]) -> Tensor<2>) -> impl Fn([Tensor<2>; 3]) -> Tensor<2> {
    move |[x, weight, bias]| x.clone() + norm([x, weight, bias])
}

#[test]
fn agrees_with_the_reference() {
    for shape in [[1, 2], [3, 7], [700, 64]] {
        assert_agrees(random_inputs(shape), ours, reference);
    }
}

#[test]
fn its_gradient_adds_to_that_of_the_residual() {
    assert_agrees(random_inputs([700, 64]), with_residual(ours), with_residual(reference));
}

#[test]
#[cfg(feature = "wgpu")]
fn agrees_on_a_gpu() {
    use crate::testing::assert_agrees_on;

    let Some(gpu) = crate::testing::gpu("layer normalisation on a GPU") else { return };
    for shape in [[1, 4], [3, 7], [150, 64], [70, 516]] {
        assert_agrees_on(&gpu, random_inputs(shape), ours, reference);
    }
    assert_agrees_on(&gpu, random_inputs([150, 64]), with_residual(ours), with_residual(reference));
}
