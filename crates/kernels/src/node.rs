//! A node of our own in burn's graph: what is computed forward, and its gradient beside it.

use std::fmt::Debug;
use std::marker::PhantomData;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, AutodiffBackend, Backend, DispatchKindConversion, DispatchTensor};
use burn::tensor::Tensor;

/// A function from N tensors to one on the backend B, whose gradient is known.
pub(crate) trait Node<B: Backend, const N: usize>: Debug + Send + 'static {
    /// What the gradients are computed from.
    type Saved: Clone + Debug + Send + 'static;

    /// The output, and what is saved if it `is_tracked`, that is if the gradients will be asked for.
    fn forward(&self, inputs: [FloatTensor<B>; N], is_tracked: bool) -> (FloatTensor<B>, Self::Saved);

    /// The gradients in the inputs, given `d_out`, that in the output; none where it is not wanted.
    fn backward(saved: Self::Saved, d_out: FloatTensor<B>, wanted: [bool; N]) -> [Option<FloatTensor<B>>; N];

    /// The same where the gradient in the first input is wanted, which is added to `so_far`, what others made of it already.
    fn backward_onto(
        so_far: FloatTensor<B>,
        saved: Self::Saved,
        d_out: FloatTensor<B>,
        wanted: [bool; N],
    ) -> [Option<FloatTensor<B>>; N] {
        let mut found = Self::backward(saved, d_out, wanted);
        found[0] = found[0].take().map(|gradient| B::float_add(gradient, so_far));
        found
    }
}

/// A tensor as a node takes it.
pub(crate) enum Input<B: Backend> {
    /// Nothing is differentiated.
    Plain(FloatTensor<B>),
    /// A node of a graph, or a constant in one.
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

/// The output of `node`, differentiable if any of the inputs is.
pub(crate) fn run<B: Backend, O: Node<B, N>, const N: usize, const D: usize>(
    node: O,
    inputs: [Input<B>; N],
) -> Tensor<D>
where
    DispatchTensor: DispatchKindConversion<B> + DispatchKindConversion<Autodiff<B>>,
{
    if inputs.iter().all(|input| matches!(input, Input::Plain(_))) {
        let inputs = inputs.map(|input| match input {
            Input::Plain(tensor) => tensor,
            Input::Tracked(_) => unreachable!("all are plain"),
        });
        return Tensor::from_primitive::<B>(node.forward(inputs, false).0);
    }
    let inputs = inputs.map(|input| match input {
        Input::Tracked(tensor) => tensor,
        Input::Plain(tensor) => Autodiff::<B>::from_inner(tensor),
    });
    let parents = inputs.each_ref().map(|tensor| tensor.node());
    let first = inputs[0].clone();
    let inputs = inputs.map(|tensor| tensor.into_primitive());
    let prepared = Step::<O>(PhantomData).prepare::<NoCheckpointing>(parents).compute_bound().stateful();
    Tensor::from_primitive::<Autodiff<B>>(match prepared {
        OpsKind::Tracked(step) => {
            let (out, saved) = node.forward(inputs, true);
            step.finish((saved, first), out)
        }
        OpsKind::UnTracked(step) => step.finish(node.forward(inputs, false).0),
    })
}

#[derive(Debug)]
struct Step<O>(PhantomData<O>);

impl<B: Backend, O: Node<B, N>, const N: usize> Backward<B, N> for Step<O> {
    /// What the node saved, and its first input, by which the gradient in it so far is found.
    type State = (O::Saved, FloatTensor<Autodiff<B>>);

    fn backward(self, ops: Ops<Self::State, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let (saved, first) = ops.state;
        let d_out = gradients.consume::<B>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = match gradients.remove::<B>(&first) {
            Some(so_far) => O::backward_onto(so_far, saved, d_out, wanted),
            None => O::backward(saved, d_out, wanted),
        };
        for (parent, gradient) in ops.parents.into_iter().zip(found) {
            if let (Some(parent), Some(gradient)) = (parent, gradient) {
                gradients.register::<B>(parent.id, gradient);
            }
        }
    }
}
