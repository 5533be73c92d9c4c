//! A node at which a backward pass starts.

use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, DispatchKindConversion, DispatchTensor, TensorMetadata};
use burn::tensor::{FloatDType, Shape, Tensor};

use crate::node::Node;

/// A scalar, never read, whose backward pass gives `x` the gradient `d_x`.
pub fn start<B: Backend, const D: usize>(x: Tensor<D>, d_x: Tensor<D>) -> Tensor<1>
where
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B>>,
{
    let d_x = d_x.try_into_primitive::<B>().expect("d_x is an untracked tensor on the backend of x");
    crate::run(Start::<B>(d_x), [x.into()])
}

#[derive(Debug)]
struct Start<B: Backend>(FloatTensor<B>);

impl<B: Backend> Node<1> for Start<B> {
    type Backend = B;
    type Saved = FloatTensor<B>;

    fn forward(&self, [x]: [FloatTensor<B>; 1], _: bool) -> (FloatTensor<B>, Self::Saved) {
        (B::float_zeros(Shape::new([1]), &x.device(), FloatDType::F32), self.0.clone())
    }

    fn backward(d_x: Self::Saved, _: FloatTensor<B>, _: [bool; 1]) -> [Option<FloatTensor<B>>; 1] {
        [Some(d_x)]
    }
}
