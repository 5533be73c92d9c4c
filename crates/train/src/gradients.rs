//! The gradient of a step as one thing: every parameter's, flat, in the order of the parameters.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use wordspace_model::Gpt;

/// One flat gradient a parameter; none for a parameter that is not trained.
#[derive(Clone, Debug)]
pub struct StepGradient(pub Vec<Option<Tensor<1>>>);

impl StepGradient {
    /// Takes the gradients of `model`'s parameters out of a backward pass.
    pub fn take(model: &Gpt, gradients: Gradients) -> Self {
        let mut taker = Taker { gradients, taken: Vec::new() };
        model.visit(&mut taker);
        Self(taker.taken)
    }

    /// The sum of two gradients, of two parts of one batch for example.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.into_iter().zip(other.0).map(|(a, b)| Some(a? + b?)).collect())
    }

    /// The length of all gradients as one vector: `[1]`, on the device.
    pub fn norm(&self) -> Tensor<1> {
        let squares = self.0.iter().flatten().map(|gradient| wordspace_kernels::sum_of_squares(gradient.clone()));
        Tensor::cat(squares.collect::<Vec<_>>(), 0).sum().sqrt()
    }
}

struct Taker {
    gradients: Gradients,
    taken: Vec<Option<Tensor<1>>>,
}

impl ModuleVisitor for Taker {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let gradient = parameter.val().grad_remove(&mut self.gradients);
        self.taken.push(gradient.map(|gradient| gradient.flatten(0, D - 1)));
    }
}
