//! An operation on the CPU: slices in, one new tensor out, and its gradients.
//!
//! burn's CPU backend, flex, runs most operations on one thread and allocates for each. An [`Operation`] is one node of the
//! graph where flex would have ten.

use std::fmt::Debug;
use std::ops::Deref;

use burn::backend::Flex;
use burn::tensor::{Shape, Tensor, TensorData};
use burn_flex::FlexTensor;

use crate::node::Node;
use wordspace_gemm::{Matrix, parallel_add_assign};

/// A function of N tensors on the CPU, with its gradients.
pub(crate) trait Operation<const N: usize>: Clone + Debug + Send + 'static {
    /// What forward keeps for backward, besides the inputs.
    type Saved: Clone + Debug + Send + 'static;

    /// The output, and what backward needs if the operation `is_tracked`, that is, if backward may be called.
    fn forward(&self, inputs: [View<'_>; N], is_tracked: bool) -> (Values, Self::Saved);

    /// The gradients of the inputs that are `wanted`, given `d_out`, the gradient of the output.
    fn backward(
        &self,
        inputs: [View<'_>; N],
        saved: Self::Saved,
        d_out: Values,
        wanted: [bool; N],
    ) -> [Option<Values>; N];

    /// [`Self::backward`] where the gradient of the first input is wanted and `so_far` is what other nodes have contributed to
    /// it: returns their sum.
    fn backward_onto(
        &self,
        mut so_far: Values,
        inputs: [View<'_>; N],
        saved: Self::Saved,
        d_out: Values,
        wanted: [bool; N],
    ) -> [Option<Values>; N] {
        let mut gradients = self.backward(inputs, saved, d_out, wanted);
        gradients[0] = gradients[0].take().map(|gradient| {
            parallel_add_assign(so_far.as_mut_slice(), &gradient.view());
            so_far
        });
        gradients
    }
}

/// An owned, contiguous buffer of 32-bit floats with its shape.
#[derive(Clone, Debug)]
pub(crate) struct Values(FlexTensor);

impl Values {
    /// `values` in the shape `dims`.
    pub fn new<const D: usize>(values: Vec<f32>, dims: [usize; D]) -> Self {
        Self(FlexTensor::from_data(TensorData::new(values, dims)))
    }

    /// `values` in the shape of `like`.
    pub fn like(values: Vec<f32>, like: View<'_>) -> Self {
        Self(FlexTensor::from_data(TensorData::new(values, like.shape.clone())))
    }

    /// Borrows the elements and the shape.
    pub fn view(&self) -> View<'_> {
        let elements = self.0.as_slice().expect("values are contiguous 32-bit floats");
        View { elements, shape: self.0.layout().shape() }
    }

    /// The elements, to be overwritten; the buffer is copied first if it is shared.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        self.0.storage_mut()
    }
}

impl From<FlexTensor> for Values {
    fn from(tensor: FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }
}

/// [`Values`], borrowed: a slice and its shape. Kept apart, because to ask flex for the slice takes longer than to add two
/// elements of it.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    elements: &'a [f32],
    shape: &'a Shape,
}

impl<'a> View<'a> {
    /// Rows and columns of a tensor of two dimensions.
    pub fn dims(&self) -> [usize; 2] {
        [self.shape[0], self.shape[1]]
    }

    /// The same as a matrix, row-major.
    pub fn matrix(self) -> Matrix<'a> {
        let [rows, columns] = self.dims();
        Matrix::new(self.elements, rows, columns)
    }
}

impl Deref for View<'_> {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        self.elements
    }
}

/// The elements of an untracked tensor on the CPU, which must be 32-bit floats.
pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Values {
    tensor.try_into_primitive::<Flex>().expect("a tensor on flex that is not tracked").into()
}

/// The inverse of [`values`].
pub(crate) fn tensor<const D: usize>(values: Values) -> Tensor<D> {
    Tensor::from_primitive::<Flex>(values.0)
}

impl<O: Operation<N>, const N: usize> Node<N> for O {
    type Backend = Flex;
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
        let gradients = Operation::backward_onto(&operation, so_far.into(), inputs, saved, d_out.into(), wanted);
        gradients.map(|gradient| gradient.map(|x| x.0))
    }
}
