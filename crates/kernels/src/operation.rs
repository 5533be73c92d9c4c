//! An operation of our own between burn's: slices in, slices out, and its gradient beside it.
//!
//! burn's processor backend, flex, computes most operations one after another on one thread, each into fresh memory. What an
//! [`Operation`] does in one call, flex is not asked to do in ten.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::ops::Deref;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::{Autodiff, AutodiffBackend, BackendTypes, DispatchDevice, Flex};
use burn::tensor::{DType, Device, Int, Shape, Tensor, TensorData};
use burn_flex::FlexTensor;

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

    /// Adds the gradient in the first input to `so_far`, what others made of it already, in place; says whether it did. It
    /// pays where an input is large and little of it was used.
    fn add_to_first(&self, _so_far: &mut Values, _d_out: &Values) -> bool {
        false
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

impl View<'_> {
    /// The two dimensions of a matrix.
    pub fn dims(&self) -> [usize; 2] {
        [self.shape[0], self.shape[1]]
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
    is_processor(&tensor.device()) && tensor.dtype() == DType::F32
}

/// Whether `device` is flex.
pub(crate) fn is_processor(device: &Device) -> bool {
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

/// The ids in a tensor on flex.
pub(crate) fn ids<const D: usize>(tensor: Tensor<D, Int>) -> Vec<u32> {
    let ids = tensor.into_data().convert::<i32>().try_into_vec::<i32>().expect("they were made 32-bit numbers");
    ids.into_iter().map(|id| id as u32).collect()
}

/// A tensor as an operation takes it; [`is_ours`] of it.
pub(crate) enum Input {
    /// Nothing is differentiated.
    Plain(FlexTensor),
    /// A node of a graph, or a constant in one.
    Tracked(TrackedTensor),
}

type TrackedTensor = <Autodiff<Flex> as BackendTypes>::FloatTensorPrimitive;

impl<const D: usize> From<Tensor<D>> for Input {
    fn from(tensor: Tensor<D>) -> Self {
        match tensor.device().is_autodiff() {
            true => Self::Tracked(tensor.try_into_primitive::<Autodiff<Flex>>().expect("a tracked tensor on flex")),
            false => Self::Plain(tensor.try_into_primitive::<Flex>().expect("a tensor on flex")),
        }
    }
}

/// The output of `operation`, differentiable if any of the inputs is.
pub(crate) fn run<O: Operation<N>, const N: usize, const D: usize>(operation: O, inputs: [Input; N]) -> Tensor<D> {
    if inputs.iter().all(|input| matches!(input, Input::Plain(_))) {
        let inputs = inputs.map(|input| match input {
            Input::Plain(tensor) => Values::from(tensor),
            Input::Tracked(_) => unreachable!("all are plain"),
        });
        return tensor(operation.forward(inputs.each_ref().map(Values::view), false).0);
    }
    let inputs = inputs.map(|input| match input {
        Input::Tracked(tensor) => tensor,
        Input::Plain(tensor) => Autodiff::<Flex>::from_inner(tensor),
    });
    let nodes = inputs.each_ref().map(|tensor| tensor.node());
    let first = inputs[0].clone();
    let inputs = inputs.map(|tensor| Values::from(tensor.into_primitive()));
    let prepared = Node::<O>(PhantomData).prepare::<NoCheckpointing>(nodes).compute_bound().stateful();
    Tensor::from_primitive::<Autodiff<Flex>>(match prepared {
        OpsKind::Tracked(node) => {
            let (out, saved) = operation.forward(inputs.each_ref().map(Values::view), true);
            node.finish((operation, inputs, saved, first), out.0)
        }
        OpsKind::UnTracked(node) => node.finish(operation.forward(inputs.each_ref().map(Values::view), false).0.0),
    })
}

#[derive(Debug)]
struct Node<O>(PhantomData<O>);

impl<O: Operation<N>, const N: usize> Backward<Flex, N> for Node<O> {
    /// The operation, its inputs, what it saved, and the first input again, by which its gradient so far is found.
    type State = (O, [Values; N], O::Saved, TrackedTensor);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (operation, inputs, saved, first) = ops.state;
        let d_out = Values::from(gradients.consume::<Flex>(&ops.node));
        let mut wanted = ops.parents.each_ref().map(Option::is_some);
        if let Some(so_far) = gradients.remove::<Flex>(&first) {
            let mut so_far = Values::from(so_far);
            wanted[0] &= !operation.add_to_first(&mut so_far, &d_out);
            gradients.register::<Flex>(first.id(), so_far.0);
        }
        let found = operation.backward(inputs.each_ref().map(Values::view), saved, d_out, wanted);
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<Flex>(parent.id, gradient.0);
            }
        }
    }
}
