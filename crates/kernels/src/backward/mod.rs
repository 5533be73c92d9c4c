//! A backward pass from a given gradient: `d_p = Σ d_x · ∂x/∂p` for every p that x was computed from.
//!
//! burn starts a backward pass with ones. What is benchmarked or trained apart from a loss starts with the gradient that a layer
//! above would pass on. In burn's operations that is the sum of the products of x and d_x; here a node passes `d_x` on as it is, at
//! no cost.

#[cfg(any(feature = "cube", feature = "flex"))]
mod start;
#[cfg(test)]
mod tests;

use burn::tensor::{Gradients, Tensor};

/// The gradients of all that `x` was computed from, where `d_x` is the gradient of `x`: PyTorch's `x.backward(d_x)`.
///
/// # Shapes
///
/// - `x`, tracked, and `d_x`, tracked or not: the same
///
/// # Panics
///
/// If `x` was computed from nothing that is differentiated, or the shapes differ.
pub fn backward_from<const D: usize>(x: Tensor<D>, d_x: Tensor<D>) -> Gradients {
    assert_eq!(x.dims(), d_x.dims(), "a gradient for every element of x");
    let d_x = if d_x.device().is_autodiff() { d_x.inner() } else { d_x };
    dispatch!(match backend_of(&x) {
        Cpu => start::start::<burn::backend::Flex, D>(x, d_x).backward(),
        Gpu => start::start::<crate::gpu::Gpu, D>(x, d_x).backward(),
        Reference => reference(x, d_x),
    })
}

pub(crate) fn reference<const D: usize>(x: Tensor<D>, d_x: Tensor<D>) -> Gradients {
    (x * Tensor::from_inner(d_x)).sum().backward()
}
