use burn::tensor::Tensor;

use super::add_mlp;
use crate::testing::{assert_agrees, random};
use crate::{Dropout, dropout, gelu, linear};

fn random_inputs([n, c, f]: [usize; 3]) -> [Tensor<2>; 6] {
    let [residual, x] = [2.0, 1.0].map(|scale| random([n, c], scale));
    [residual, x, random([c, f], 0.3), random([1, f], 1.0), random([f, c], 0.3), random([1, c], 1.0)]
}

fn ours(dropout: Dropout) -> impl Fn([Tensor<2>; 6]) -> Tensor<2> {
    move |[residual, x, w_1, b_1, w_2, b_2]| {
        add_mlp(residual, x, (w_1, b_1.flatten(0, 1)), (w_2, b_2.flatten(0, 1)), dropout)
    }
}

fn reference(some: Dropout) -> impl Fn([Tensor<2>; 6]) -> Tensor<2> {
    move |[residual, x, w_1, b_1, w_2, b_2]| {
        let activations = gelu::reference(linear::reference(x, w_1, b_1.flatten(0, 1)));
        residual + dropout::reference(linear::reference(activations, w_2, b_2.flatten(0, 1)), some)
    }
}

#[test]
fn agrees_with_the_reference() {
    for sizes in [[1, 1, 1], [5, 3, 7], [300, 64, 192], [40, 9, 130], [1100, 9, 20]] {
        for dropout in [Dropout::NONE, Dropout::new(0.2, 9)] {
            assert_agrees(random_inputs(sizes), ours(dropout), reference(dropout));
        }
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn agrees_on_a_gpu() {
    let Some(gpu) = crate::testing::gpu("an MLP on a GPU") else { return };
    for dropout in [Dropout::NONE, Dropout::new(0.2, 9)] {
        crate::testing::assert_agrees_on(&gpu, random_inputs([130, 20, 132]), ours(dropout), reference(dropout));
    }
}
