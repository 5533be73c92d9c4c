//! AdamW (Loshchilov and Hutter 2019), as PyTorch computes it: weight decay is decoupled from the moments, and ε is added to the
//! square root after the bias correction.
//!
//! ```text
//! m ← β₁ m + (1 − β₁) g          v ← β₂ v + (1 − β₂) g²
//! p ← p (1 − η λ) − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
//! ```
//!
//! The gradient is scaled in the same pass, so clipping by the global norm needs none of its own: 28 bytes an element; the limit is
//! the memory.

#[cfg(feature = "flex")]
pub(crate) mod cpu;
#[cfg(feature = "cube")]
pub(crate) mod gpu;
#[cfg(test)]
mod tests;

use burn::tensor::Tensor;
#[cfg(feature = "cube")]
use burn_cubecl::cubecl::{self, prelude::*};

/// The hyperparameters of one update; all that changes from step to step is here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// η.
    pub learning_rate: f64,
    /// β₁, the decay of the mean gradient.
    pub beta1: f64,
    /// β₂, the decay of the mean squared gradient.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
    /// λ.
    pub weight_decay: f64,
    /// t, from 1.
    pub step: u64,
}

/// The moving averages of a parameter's gradient and of its square; zeros before the first update.
#[derive(Clone, Debug)]
pub struct Moments {
    /// m, `[E]`.
    pub first: Tensor<1>,
    /// v, `[E]`.
    pub second: Tensor<1>,
}

impl Moments {
    /// The moments before the first update of `parameter`.
    pub fn zeros_like(parameter: &Tensor<1>) -> Self {
        Self { first: parameter.zeros_like(), second: parameter.zeros_like() }
    }
}

impl AdamW {
    /// `parameter` and its moments after this update with `gradient · scale`. Tensors are untracked.
    ///
    /// # Shapes
    ///
    /// - `scale`: `[1]`
    /// - all others: `[E]`, the parameter flattened
    pub fn update(
        &self,
        parameter: Tensor<1>,
        gradient: Tensor<1>,
        scale: Tensor<1>,
        moments: Moments,
    ) -> (Tensor<1>, Moments) {
        dispatch!(match backend_of(&parameter) {
            Cpu => cpu::update(self, parameter, gradient, scale, moments),
            Gpu => gpu::update(self, parameter, None, gradient, scale, moments),
            Reference => self.reference(parameter, gradient, scale, moments),
        })
    }

    pub(crate) fn reference(
        &self,
        parameter: Tensor<1>,
        gradient: Tensor<1>,
        scale: Tensor<1>,
        moments: Moments,
    ) -> (Tensor<1>, Moments) {
        let gradient = gradient * scale;
        let correction1 = 1.0 - self.beta1.powf(self.step as f64);
        let correction2 = 1.0 - self.beta2.powf(self.step as f64);

        let first = moments.first * self.beta1 + gradient.clone() * (1.0 - self.beta1);
        let second = moments.second * self.beta2 + gradient.square() * (1.0 - self.beta2);
        let denominator = second.clone().sqrt() * (1.0 / correction2.sqrt()) + self.epsilon;
        let change = first.clone() / denominator * (self.learning_rate / correction1);
        let parameter = parameter * (1.0 - self.learning_rate * self.weight_decay) - change;
        (parameter, Moments { first, second })
    }
}

/// An update as kernels compute it: what is the same for all elements.
#[cfg(any(feature = "cube", feature = "flex"))]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "cube", derive(CubeType, CubeLaunch))]
pub(crate) struct Factors {
    /// β₁ and 1 − β₁.
    beta1: f32,
    one_minus_beta1: f32,
    /// β₂ and 1 − β₂.
    beta2: f32,
    one_minus_beta2: f32,
    /// 1 / √(1 − β₂ᵗ).
    root_correction: f32,
    epsilon: f32,
    /// η / (1 − β₁ᵗ).
    rate: f32,
    /// 1 − η λ.
    decay: f32,
}

#[cfg(any(feature = "cube", feature = "flex"))]
impl AdamW {
    fn factors(&self) -> Factors {
        let correction1 = 1.0 - self.beta1.powf(self.step as f64);
        let correction2 = 1.0 - self.beta2.powf(self.step as f64);
        Factors {
            beta1: self.beta1 as f32,
            one_minus_beta1: (1.0 - self.beta1) as f32,
            beta2: self.beta2 as f32,
            one_minus_beta2: (1.0 - self.beta2) as f32,
            root_correction: (1.0 / correction2.sqrt()) as f32,
            epsilon: self.epsilon as f32,
            rate: (self.learning_rate / correction1) as f32,
            decay: (1.0 - self.learning_rate * self.weight_decay) as f32,
        }
    }
}

/// The sum of the squares of all elements of all `gradients`, of which there is at least one. Tensors are untracked.
///
/// # Shapes
///
/// - `gradients`: `[E]` each, of any P
/// - output: `[1]`
pub fn sum_of_squares(gradients: impl IntoIterator<Item = Tensor<1>>) -> Tensor<1> {
    let gradients: Vec<_> = gradients.into_iter().collect();
    dispatch!(match backend_of(&gradients[0]) {
        Cpu => cpu::sum_of_squares(gradients),
        Gpu => total(gradients, gpu::sum_of_squares),
        Reference => total(gradients, |gradient| gradient.square().sum()),
    })
}

/// The sum of what `sum` makes of each of `gradients`.
fn total(gradients: Vec<Tensor<1>>, sum: impl Fn(Tensor<1>) -> Tensor<1>) -> Tensor<1> {
    let mut sums: Vec<_> = gradients.into_iter().map(sum).collect();
    if sums.len() == 1 { sums.remove(0) } else { Tensor::cat(sums, 0).sum() }
}
