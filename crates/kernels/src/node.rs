//! A node of our own in burn's autodiff graph: an output, and the gradients of its inputs.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, DispatchKindConversion, DispatchTensor};
use burn::tensor::Tensor;

/// A differentiable function of N tensors on one of burn's backends.
pub(crate) trait Node<const N: usize>: Debug + Send + 'static {
    /// Where the tensors are.
    type Backend: Backend;
    /// What forward keeps for backward.
    type Saved: Clone + Debug + Send + 'static;

    /// The output, and what backward needs if the node `is_tracked`, that is, if backward may be called.
    fn forward(
        &self,
        inputs: [FloatTensor<Self::Backend>; N],
        is_tracked: bool,
    ) -> (FloatTensor<Self::Backend>, Self::Saved);

    /// The gradients of the inputs that are `wanted`, given `d_out`, the gradient of the output.
    fn backward(
        saved: Self::Saved,
        d_out: FloatTensor<Self::Backend>,
        wanted: [bool; N],
    ) -> [Option<FloatTensor<Self::Backend>>; N];

    /// [`Self::backward`] where the gradient of the first input is wanted and `so_far` is what other nodes have contributed to
    /// it: returns their sum.
    fn backward_onto(
        so_far: FloatTensor<Self::Backend>,
        saved: Self::Saved,
        d_out: FloatTensor<Self::Backend>,
        wanted: [bool; N],
    ) -> [Option<FloatTensor<Self::Backend>>; N] {
        let mut gradients = Self::backward(saved, d_out, wanted);
        gradients[0] = gradients[0].take().map(|gradient| Self::Backend::float_add(gradient, so_far));
        gradients
    }
}

/// An input of a node.
pub(crate) enum Input<B: Backend> {
    /// Outside any graph.
    Plain(FloatTensor<B>),
    /// In a graph, be it as a constant.
    Tracked(FloatTensor<Autodiff<B>>),
}

impl<B: Backend, const D: usize> From<Tensor<D>> for Input<B>
where
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B>>,
{
    fn from(tensor: Tensor<D>) -> Self {
        match tensor.device().is_autodiff() {
            true => Self::Tracked(tensor.try_into_primitive::<Autodiff<B>>().expect("a tracked tensor on the backend")),
            false => Self::Plain(tensor.try_into_primitive::<B>().expect("a tensor on the backend")),
        }
    }
}

/// The output of `node`, itself a node of the graph if any input is.
pub(crate) fn run<T: Node<N>, const N: usize, const D: usize>(node: T, inputs: [Input<T::Backend>; N]) -> Tensor<D>
where
    DispatchTensor: DispatchKindConversion<T::Backend> + DispatchKindConversion<Autodiff<T::Backend>>,
{
    if inputs.iter().all(|input| matches!(input, Input::Plain(_))) {
        let inputs = inputs.map(|input| match input {
            Input::Plain(tensor) => tensor,
            Input::Tracked(_) => unreachable!("all are plain"),
        });
        return Tensor::from_primitive::<T::Backend>(node.forward(inputs, false).0);
    }
    let inputs = inputs.map(|input| match input {
        Input::Tracked(tensor) => tensor,
        Input::Plain(tensor) => Autodiff::<T::Backend>::from_inner(tensor),
    });
    let parents = inputs.each_ref().map(|tensor| tensor.node());
    let first = inputs[0].clone();
    let inputs = inputs.map(|tensor| tensor.into_primitive());
    let prepared = Step::<T>(PhantomData).prepare::<NoCheckpointing>(parents).compute_bound().stateful();
    Tensor::from_primitive::<Autodiff<T::Backend>>(match prepared {
        OpsKind::Tracked(step) => {
            let (out, saved) = node.forward(inputs, true);
            step.finish((saved, first), out)
        }
        OpsKind::UnTracked(step) => step.finish(node.forward(inputs, false).0),
    })
}

/// The step of burn's backward pass that calls a node's `backward`.
#[derive(Debug)]
struct Step<T>(PhantomData<T>);

impl<T: Node<N>, const N: usize> Backward<T::Backend, N> for Step<T> {
    /// What the node saved, and its first input, under which the gradient accumulated so far is found.
    type State = (T::Saved, FloatTensor<Autodiff<T::Backend>>);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (saved, first) = ops.state;
        let d_out = gradients.consume::<T::Backend>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = match gradients.remove::<T::Backend>(&first) {
            Some(so_far) => T::backward_onto(so_far, saved, d_out, wanted),
            None => T::backward(saved, d_out, wanted),
        };
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<T::Backend>(parent.id, gradient);
            }
        }
    }
}
