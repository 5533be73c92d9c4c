use burn::tensor::Device;

use super::*;
use crate::testing::{elements, on, random};

fn assert_agrees_on(device: &Device) {
    let x = on(random([5, 7], 1.0), &device.clone().autodiff()).require_grad();
    let d = on(random([5, 7], 3.0), device);
    let gradient = |backward: fn(Tensor<2>, Tensor<2>) -> Gradients| {
        let gradients = backward(x.clone() * x.clone(), d.clone());
        elements(x.grad(&gradients).unwrap())
    };
    assert_eq!(gradient(backward_from), gradient(reference));
}

#[test]
fn it_is_the_gradient_of_the_sum_of_products() {
    assert_agrees_on(&Device::flex());
}

#[test]
#[cfg(feature = "wgpu")]
fn on_a_gpu_too() {
    let Some(gpu) = crate::testing::gpu("a backward pass from a given gradient on a GPU") else { return };
    assert_agrees_on(&gpu);
}
