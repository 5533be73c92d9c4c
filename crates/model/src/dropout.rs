//! Dropout.

use burn::tensor::{Distribution, Tensor};

/// While training, zeroes a random `share` of `x` and scales the rest up, so that the mean stays (Srivastava et al. 2014).
///
/// The random numbers are the device's; the trainer seeds it from (seed, step) before each step.
pub(crate) fn dropout<const D: usize>(x: Tensor<D>, share: f64) -> Tensor<D> {
    if !drops(&x, share) {
        return x;
    }
    let kept = x.random_like(Distribution::Bernoulli(1.0 - share));
    x * kept * (1.0 / (1.0 - share))
}

/// Whether [`dropout`] does anything to `x`.
pub(crate) fn drops<const D: usize>(x: &Tensor<D>, share: f64) -> bool {
    share != 0.0 && x.device().is_autodiff()
}
