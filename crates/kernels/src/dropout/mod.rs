//! Dropout (Srivastava et al. 2014): elements become zero with a probability p, and the others are scaled by 1 / (1 − p), so that
//! the mean stays.
//!
//! Which elements is a function of a key and of their index, so it is the same on every device and at any number of threads, and
//! backward computes it again instead of keeping a mask:
//!
//! ```text
//! out[i] = x[i] / (1 − p), or 0 where h(h(i ⊕ key₀) + key₁) < p · 2³²
//! ```
//!
//! h is PCG-RXS-M-XS-32 as a hash (O'Neill 2014; Jarzynski and Olano 2020). 8 bytes an element, or 12 where the result is added to
//! the residual stream; the limit is the memory.

#[cfg(feature = "flex")]
mod cpu;
#[cfg(feature = "cube")]
pub(crate) mod gpu;
#[cfg(test)]
mod tests;

use burn::tensor::{Tensor, TensorData};

/// Which elements are dropped: a probability and a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    probability: f64,
    key: [u32; 2],
}

impl Dropout {
    /// No elements.
    pub const NONE: Self = Self { probability: 0.0, key: [0; 2] };

    /// Elements with this `probability`, at least 0 and below 1, chosen by `key`.
    pub fn new(probability: f64, key: u64) -> Self {
        Self { probability, key: [key as u32, (key >> 32) as u32] }
    }

    /// The same probability with an independent key for each `site` of a network.
    pub fn at(self, site: usize) -> Self {
        let site = 2 * site as u32;
        Self { key: [self.hash(site), self.hash(site + 1)], ..self }
    }

    pub(crate) fn is_none(self) -> bool {
        self.probability == 0.0
    }

    #[inline(always)]
    fn hash(self, index: u32) -> u32 {
        hash(hash(index ^ self.key[0]).wrapping_add(self.key[1]))
    }

    /// What each of `count` elements is multiplied by.
    fn factors(self, count: usize) -> Vec<f32> {
        let (threshold, scale) = self.threshold_and_scale();
        (0..count).map(|index| if self.hash(index as u32) < threshold { 0.0 } else { scale }).collect()
    }

    /// The smallest hash of an element that is kept, and what such an element is multiplied by.
    #[inline(always)]
    fn threshold_and_scale(self) -> (u32, f32) {
        ((self.probability * (1_u64 << 32) as f64) as u32, (1.0 / (1.0 - self.probability)) as f32)
    }
}

/// The constants of h.
const MULTIPLIER: u32 = 747_796_405;
const INCREMENT: u32 = 2_891_336_453;
const XOR_MULTIPLIER: u32 = 277_803_737;

#[inline(always)]
fn hash(x: u32) -> u32 {
    let x = x.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
    let x = (x >> ((x >> 28) + 4) ^ x).wrapping_mul(XOR_MULTIPLIER);
    x >> 22 ^ x
}

/// `x` after `dropout`, in its own shape.
pub fn dropout<const D: usize>(x: Tensor<D>, dropout: Dropout) -> Tensor<D> {
    if dropout.is_none() {
        return x;
    }
    dispatch!(match backend_of(&x) {
        Cpu => crate::run(cpu::Apply(dropout), [x.into()]),
        Gpu => crate::run(gpu::Apply(dropout), [x.into()]),
        Reference => reference(x, dropout),
    })
}

/// `residual` plus `x` after `dropout`.
///
/// # Shapes
///
/// - both, and the output: `[N, C]`
pub(crate) fn add_dropout(residual: Tensor<2>, x: Tensor<2>, dropout: Dropout) -> Tensor<2> {
    dispatch!(match backend_of(&x) {
        Gpu if !dropout.is_none() => crate::run(gpu::Apply(dropout), [residual.into(), x.into()]),
        Reference => residual + self::dropout(x, dropout),
    })
}

/// The factors are computed on the host.
pub(crate) fn reference<const D: usize>(x: Tensor<D>, dropout: Dropout) -> Tensor<D> {
    let factors = TensorData::new(dropout.factors(x.shape().num_elements()), x.dims());
    x.clone() * Tensor::from_data(factors, &x.device())
}
