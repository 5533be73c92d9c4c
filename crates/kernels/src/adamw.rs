//! AdamW (Loshchilov and Hutter 2019), as PyTorch computes it: decay is apart from the moments, and ε is added to the
//! square root after the bias correction.
//!
//! ```text
//! m ← β₁ m + (1 − β₁) g          v ← β₂ v + (1 − β₂) g²
//! p ← p (1 − η λ) − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
//! ```

use burn::tensor::Tensor;

/// What one update is made with; everything that changes from step to step is in here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// η.
    pub learning_rate: f64,
    /// β₁, how much of the mean gradient is kept.
    pub beta1: f64,
    /// β₂, how much of the mean squared gradient is kept.
    pub beta2: f64,
    /// ε.
    pub epsilon: f64,
    /// λ.
    pub weight_decay: f64,
    /// t, from 1.
    pub step: u64,
}

/// The running means of a parameter's gradient and of its square; zeros before the first update.
#[derive(Clone, Debug)]
pub struct Moments {
    /// m, `[P]`.
    pub first: Tensor<1>,
    /// v, `[P]`.
    pub second: Tensor<1>,
}

impl Moments {
    /// The moments of a parameter that was never updated.
    pub fn zeros_like(parameter: &Tensor<1>) -> Self {
        Self { first: parameter.zeros_like(), second: parameter.zeros_like() }
    }
}

impl AdamW {
    /// `parameter` after this update with `gradient`, and its moments; no tensor is tracked.
    ///
    /// # Shapes
    ///
    /// - all: `[P]`, the parameter made flat
    pub fn update(&self, parameter: Tensor<1>, gradient: Tensor<1>, moments: Moments) -> (Tensor<1>, Moments) {
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

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    const PLAIN: AdamW =
        AdamW { learning_rate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.0, step: 1 };

    fn update(adamw: AdamW, parameter: f32, gradient: f32) -> f32 {
        let tensor = |x: f32| Tensor::<1>::from_floats([x], &Device::flex());
        let parameter = tensor(parameter);
        let moments = Moments::zeros_like(&parameter);
        adamw.update(parameter, tensor(gradient), moments).0.into_scalar()
    }

    #[test]
    fn the_first_update_is_one_learning_rate_against_the_gradient_whatever_its_size() {
        for gradient in [1e-3, 1.0, -40.0] {
            let moved = update(PLAIN, 2.0, gradient) - 2.0;
            assert!((moved + 0.1 * gradient.signum()).abs() < 1e-5, "{moved} for {gradient}");
        }
    }

    #[test]
    fn decay_shrinks_the_parameter_apart_from_the_gradient() {
        let decayed = update(AdamW { weight_decay: 0.5, ..PLAIN }, 2.0, 0.0);
        assert!((decayed - 2.0 * 0.95).abs() < 1e-6, "{decayed}");
    }
}
