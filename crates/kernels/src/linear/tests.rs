use burn::tensor::Tensor;

use crate::testing::{assert_agrees, random};
use crate::{Dropout, add_linear, dropout};

fn random_inputs([n, inputs, outputs]: [usize; 3]) -> [Tensor<2>; 3] {
    [random([n, inputs], 1.0), random([inputs, outputs], 0.3), random([1, outputs], 1.0)]
}

fn ours([x, weight, bias]: [Tensor<2>; 3]) -> Tensor<2> {
    super::linear(x, weight, bias.flatten(0, 1))
}

fn reference([x, weight, bias]: [Tensor<2>; 3]) -> Tensor<2> {
    super::reference(x, weight, bias.flatten(0, 1))
}

#[test]
fn agrees_with_the_reference() {
    for sizes in [[1, 1, 1], [5, 3, 7], [300, 64, 192], [300, 192, 64], [1100, 16, 24], [1100, 24, 130]] {
        assert_agrees(random_inputs(sizes), ours, reference);
    }
}

#[test]
fn the_residual_is_added_once_and_not_dropped() {
    for sizes in [[1, 1, 1], [5, 3, 7], [300, 64, 192], [40, 9, 130]] {
        for some in [Dropout::NONE, Dropout::new(0.2, 9)] {
            let ([x, weight, bias], residual) = (random_inputs(sizes), random([sizes[0], sizes[2]], 2.0));
            assert_agrees(
                [residual, x, weight, bias],
                |[residual, x, weight, bias]| add_linear(residual, x, weight, bias.flatten(0, 1), some),
                |[residual, x, weight, bias]| residual + dropout::reference(reference([x, weight, bias]), some),
            );
        }
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn agrees_on_a_gpu_for_few_rows_ragged_tiles_and_split_k() {
    let Some(gpu) = crate::testing::gpu("a linear layer on a GPU") else { return };
    for sizes in [[1, 4, 8], [5, 3, 7], [130, 20, 132], [1300, 16, 24], [20, 1300, 12]] {
        crate::testing::assert_agrees_on(&gpu, random_inputs(sizes), ours, reference);
    }
}
