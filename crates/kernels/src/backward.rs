//! A backward pass from the middle: `d_p = Σ d_x · ∂x/∂p` for every p that x was computed from.
//!
//! burn begins a backward pass with ones. What is measured or learnt apart begins with what a layer above would hand down; as
//! x times that, summed, it is burn's own operations. Here a node hands it down as it is, and nothing is computed.

use burn::tensor::{Gradients, Tensor};

/// The gradients of all that `x` was computed from, where `d_x` is the gradient in `x`: PyTorch's `x.backward(d_x)`.
///
/// # Shapes
///
/// - `x`, tracked, and `d_x`, which need not be: the same
///
/// # Panics
///
/// If nothing is differentiated in what `x` was computed from.
pub fn backward_from<const D: usize>(x: Tensor<D>, d_x: Tensor<D>) -> Gradients {
    assert_eq!(x.dims(), d_x.dims(), "a gradient for every number of x");
    let d_x = if d_x.device().is_autodiff() { d_x.inner() } else { d_x };
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&x) && crate::operation::is_ours(&d_x) {
        return node::start::<burn::backend::Flex, D>(x, d_x).backward();
    }
    #[cfg(feature = "cube")]
    if crate::gpu::is_ours(&x) && crate::gpu::is_ours(&d_x) {
        return node::start::<crate::gpu::Gpu, D>(x, d_x).backward();
    }
    stock(x, d_x)
}

pub(crate) fn stock<const D: usize>(x: Tensor<D>, d_x: Tensor<D>) -> Gradients {
    (x * Tensor::from_inner(d_x)).sum().backward()
}

#[cfg(any(feature = "cube", feature = "flex"))]
mod node {
    use burn::backend::tensor::FloatTensor;
    use burn::backend::{Autodiff, Backend, DispatchKindConversion, DispatchTensor, TensorMetadata};
    use burn::tensor::{FloatDType, Shape, Tensor};

    use crate::node::{self, Node};

    /// A number that nobody reads; the gradient in it is turned into the one that is given.
    pub fn start<B: Backend, const D: usize>(x: Tensor<D>, d_x: Tensor<D>) -> Tensor<1>
    where
        DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B>>,
    {
        let d_x = d_x.try_into_primitive::<B>().expect("a tensor on the backend that is not tracked");
        node::run::<B, Start<B>, 1, 1>(Start(d_x), [x.into()])
    }

    #[derive(Debug)]
    struct Start<B: Backend>(FloatTensor<B>);

    impl<B: Backend> Node<B, 1> for Start<B> {
        type Saved = FloatTensor<B>;

        fn forward(&self, [x]: [FloatTensor<B>; 1], _: bool) -> (FloatTensor<B>, Self::Saved) {
            (B::float_zeros(Shape::new([1]), &x.device(), FloatDType::F32), self.0.clone())
        }

        fn backward(d_x: Self::Saved, _: FloatTensor<B>, _: [bool; 1]) -> [Option<FloatTensor<B>>; 1] {
            [Some(d_x)]
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::oracle::{on, random};

    fn is_its_definition_on(device: &Device) {
        let x = on(random([5, 7], 1.0), &device.clone().autodiff()).require_grad();
        let d = on(random([5, 7], 3.0), device);
        let of = |backward: fn(Tensor<2>, Tensor<2>) -> Gradients| {
            let gradients = backward(x.clone() * x.clone(), d.clone());
            x.grad(&gradients).unwrap().into_data().try_into_vec::<f32>().unwrap()
        };
        assert_eq!(of(backward_from), of(stock));
    }

    #[test]
    fn it_is_the_gradient_of_the_sum_of_products() {
        is_its_definition_on(&Device::flex());
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too() {
        let Some(gpu) = crate::oracle::gpu("a backward pass from the middle on a GPU") else { return };
        is_its_definition_on(&gpu);
    }
}
