//! An operation of our own between burn's: slices in, slices out, and its gradient beside it.
//!
//! burn's processor backend, flex, computes most operations one after another on one thread, each into fresh memory. What an
//! [`Operation`] does in one call, flex is not asked to do in ten.

use std::fmt::Debug;
use std::ops::Deref;

use burn::backend::{DispatchDevice, Flex};
use burn::tensor::{DType, Device, Shape, Tensor, TensorData};
use burn_flex::FlexTensor;

use crate::node::{self, Node};
use wordspace_gemm::{Matrix, parallel_add_assign};

/// A tensor as an operation takes it; [`is_ours`] of it.
pub(crate) type Input = node::Input<Flex>;

/// What burn cannot do fast enough on the processor, from N tensors to one.
pub(crate) trait Operation<const N: usize>: Clone + Debug + Send + 'static {
    /// What the gradients are computed from, besides the inputs.
    type Saved: Clone + Debug + Send + 'static;

    /// The output; `is_tracked` says whether the gradients will be asked for.
    fn forward(&self, inputs: [View<'_>; N], is_tracked: bool) -> (Values, Self::Saved);

    /// The gradients in the inputs, given `d_out`, that in the output; none where it is not wanted.
    fn backward(
        &self,
        inputs: [View<'_>; N],
        saved: Self::Saved,
        d_out: Values,
        wanted: [bool; N],
    ) -> [Option<Values>; N];

    /// The same where the gradient in the first input is wanted, which is added to `so_far`, what others made of it already.
    fn backward_onto(
        &self,
        mut so_far: Values,
        inputs: [View<'_>; N],
        saved: Self::Saved,
        d_out: Values,
        wanted: [bool; N],
    ) -> [Option<Values>; N] {
        let mut found = self.backward(inputs, saved, d_out, wanted);
        found[0] = found[0].take().map(|gradient| {
            parallel_add_assign(so_far.as_mut_slice(), &gradient.view());
            so_far
        });
        found
    }
}

/// 32-bit numbers in the processor's memory, one after another, with their shape.
#[derive(Clone, Debug)]
pub(crate) struct Values(FlexTensor);

impl Values {
    /// `values` in the shape of `dims`.
    pub fn new<const D: usize>(values: Vec<f32>, dims: [usize; D]) -> Self {
        Self(FlexTensor::from_data(TensorData::new(values, dims)))
    }

    /// `values` in the shape of `like`.
    pub fn like(values: Vec<f32>, like: View<'_>) -> Self {
        Self(FlexTensor::from_data(TensorData::new(values, like.shape.clone())))
    }

    /// To be read.
    pub fn view(&self) -> View<'_> {
        let numbers = self.0.as_slice().expect("values are contiguous 32-bit numbers");
        View { numbers, shape: self.0.layout().shape() }
    }

    /// To be written over; copied first if anybody else reads them.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        self.0.storage_mut()
    }
}

impl From<FlexTensor> for Values {
    fn from(tensor: FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }
}

/// [`Values`] to read. Looking up where they lie takes longer than adding two of them, so it is done once.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    numbers: &'a [f32],
    shape: &'a Shape,
}

impl<'a> View<'a> {
    /// The two dimensions of a matrix.
    pub fn dims(&self) -> [usize; 2] {
        [self.shape[0], self.shape[1]]
    }

    /// A matrix, row after row.
    pub fn matrix(self) -> Matrix<'a> {
        let [rows, columns] = self.dims();
        Matrix::new(self.numbers, rows, columns)
    }
}

impl Deref for View<'_> {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        self.numbers
    }
}

/// Whether `tensor` lies where operations of ours compute.
pub(crate) fn is_ours<const D: usize>(tensor: &Tensor<D>) -> bool {
    is_cpu(&tensor.device()) && tensor.dtype() == DType::F32
}

/// Whether `device` is flex.
pub(crate) fn is_cpu(device: &Device) -> bool {
    matches!(device.clone().without_autodiff().as_dispatch(), DispatchDevice::Flex(_))
}

/// The numbers of a tensor that nothing is differentiated in; [`is_ours`] of it.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Values {
    tensor.try_into_primitive::<Flex>().expect("a tensor on flex that is not tracked").into()
}

/// The opposite of [`values`].
pub(crate) fn tensor<const D: usize>(values: Values) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(values.0)
}

/// The output of `operation`, differentiable if any of the inputs is.
pub(crate) fn run<O: Operation<N>, const N: usize, const D: usize>(operation: O, inputs: [Input; N]) -> Tensor<D> {
    node::run::<Flex, O, N, D>(operation, inputs)
}

impl<O: Operation<N>, const N: usize> Node<Flex, N> for O {
    type Saved = (O, [Values; N], O::Saved);

    fn forward(&self, inputs: [FlexTensor; N], is_tracked: bool) -> (FlexTensor, Self::Saved) {
        let inputs = inputs.map(Values::from);
        let (out, saved) = Operation::forward(self, inputs.each_ref().map(Values::view), is_tracked);
        (out.0, (self.clone(), inputs, saved))
    }

    fn backward(
        (operation, inputs, saved): Self::Saved,
        d_out: FlexTensor,
        wanted: [bool; N],
    ) -> [Option<FlexTensor>; N] {
        let inputs = inputs.each_ref().map(Values::view);
        Operation::backward(&operation, inputs, saved, d_out.into(), wanted).map(|gradient| gradient.map(|x| x.0))
    }

    fn backward_onto(
        so_far: FlexTensor,
        (operation, inputs, saved): Self::Saved,
        d_out: FlexTensor,
        wanted: [bool; N],
    ) -> [Option<FlexTensor>; N] {
        let inputs = inputs.each_ref().map(Values::view);
        let found = Operation::backward_onto(&operation, so_far.into(), inputs, saved, d_out.into(), wanted);
        found.map(|gradient| gradient.map(|x| x.0))
    }
}
