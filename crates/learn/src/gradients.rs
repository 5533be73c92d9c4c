//! The gradient of one update: the gradients of all parameters, flat, in the order of the parameters.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};
use wordspace_kernels::Rows;
use wordspace_model::Gpt;

/// One flat gradient per parameter; `None` for a parameter that is not trained.
#[derive(Clone, Debug)]
pub struct StepGradient {
    /// In the order of the parameters.
    pub of_parameters: Vec<Option<Tensor<1>>>,
    /// The rows of the token table that its gradient covers; `None` if it covers all. The token table is the first parameter.
    pub token_rows: Option<Rows>,
}

impl StepGradient {
    /// Takes the gradients of `model`'s parameters out of a backward pass; `token_rows` are the rows of the token table
    /// that `model` [has](Gpt::with_rows), if not all.
    pub fn take(model: &Gpt, gradients: Gradients, token_rows: Option<Rows>) -> Self {
        let mut taker = Taker { gradients, taken: Vec::new() };
        model.visit(&mut taker);
        Self { of_parameters: taker.taken, token_rows }
    }

    /// The sum of two gradients over the same rows, for example of two batches of one update.
    pub fn plus(self, other: Self) -> Self {
        let both = self.of_parameters.into_iter().zip(other.of_parameters);
        Self { of_parameters: both.map(|(a, b)| Some(a? + b?)).collect(), token_rows: self.token_rows }
    }

    /// The Euclidean norm of all gradients as one vector: `[1]`, on the device.
    pub fn norm(&self) -> Tensor<1> {
        wordspace_kernels::sum_of_squares(self.of_parameters.iter().flatten().cloned()).sqrt()
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
