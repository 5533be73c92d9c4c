//! AdamW (Loshchilov and Hutter 2019), as PyTorch computes it: decay is apart from the moments, and ε is added to the
//! square root after the bias correction.
//!
//! ```text
//! m ← β₁ m + (1 − β₁) g          v ← β₂ v + (1 − β₂) g²
//! p ← p (1 − η λ) − η · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
//! ```
//!
//! The gradient is scaled on the way, so that clipping by the norm of all gradients costs no pass of its own: 28 bytes a
//! number, and the limit is the memory.

#[cfg(feature = "cube")]
mod gpu;

use burn::tensor::Tensor;
#[cfg(feature = "cube")]
use burn_cubecl::cubecl::{self, prelude::*};

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
    /// `parameter` after this update with `gradient` times `scale`, and its moments; no tensor is tracked.
    ///
    /// # Shapes
    ///
    /// - `scale`: `[1]`
    /// - all others: `[P]`, the parameter made flat
    pub fn update(
        &self,
        parameter: Tensor<1>,
        gradient: Tensor<1>,
        scale: Tensor<1>,
        moments: Moments,
    ) -> (Tensor<1>, Moments) {
        #[cfg(feature = "flex")]
        if crate::operation::is_ours(&parameter) {
            return self.update_in_place(parameter, gradient, scale, moments);
        }
        #[cfg(feature = "cube")]
        if crate::gpu::is_ours(&parameter) {
            return self.update_on_a_gpu(parameter, None, gradient, scale, moments);
        }
        self.stock(parameter, gradient, scale, moments)
    }

    #[cfg(any(feature = "cube", feature = "flex"))]
    fn factors(&self) -> Factors {
        let correction1 = 1.0 - self.beta1.powf(self.step as f64);
        let correction2 = 1.0 - self.beta2.powf(self.step as f64);
        Factors {
            beta1: self.beta1 as f32,
            fresh1: (1.0 - self.beta1) as f32,
            beta2: self.beta2 as f32,
            fresh2: (1.0 - self.beta2) as f32,
            second: (1.0 / correction2.sqrt()) as f32,
            epsilon: self.epsilon as f32,
            rate: (self.learning_rate / correction1) as f32,
            kept: (1.0 - self.learning_rate * self.weight_decay) as f32,
        }
    }

    fn stock(
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

/// What a kernel computes an update with; the same for all numbers.
#[cfg(any(feature = "cube", feature = "flex"))]
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "cube", derive(CubeType, CubeLaunch))]
struct Factors {
    /// β₁ and what it leaves of 1.
    beta1: f32,
    fresh1: f32,
    /// β₂ and what it leaves of 1.
    beta2: f32,
    fresh2: f32,
    /// Of √v, for the bias correction.
    second: f32,
    epsilon: f32,
    /// η, with the bias correction of m.
    rate: f32,
    /// What decay leaves of a parameter.
    kept: f32,
}

/// The sum of the squares of all numbers of all `gradients`, which are not tracked; there is at least one.
///
/// # Shapes
///
/// - `gradients`: `[P]` each, of any P
/// - output: `[1]`
pub fn sum_of_squares(gradients: impl IntoIterator<Item = Tensor<1>>) -> Tensor<1> {
    let gradients: Vec<_> = gradients.into_iter().collect();
    #[cfg(feature = "flex")]
    if gradients.iter().all(crate::operation::is_ours) {
        return cpu::sum_of_squares(gradients);
    }
    let mut sums: Vec<_> = gradients.into_iter().map(sum_of_squares_of_one).collect();
    if sums.len() == 1 { sums.remove(0) } else { Tensor::cat(sums, 0).sum() }
}

fn sum_of_squares_of_one(x: Tensor<1>) -> Tensor<1> {
    #[cfg(feature = "cube")]
    if crate::gpu::is_ours(&x) {
        return crate::gpu::tensor(crate::gpu::sum(crate::gpu::primitive(x), true));
    }
    x.square().sum()
}

#[cfg(feature = "flex")]
pub(crate) use cpu::Pass;

#[cfg(feature = "flex")]
mod cpu {
    use super::{AdamW, Factors, Moments};
    use crate::operation::{Values, tensor, values};
    use burn::tensor::Tensor;
    use wordspace_gemm::{CACHE_LINE, CHUNK, dot, parallel_map, vectorized};

    impl AdamW {
        /// As the definition, in one pass over all numbers, each written where it was read.
        pub(super) fn update_in_place(
            &self,
            parameter: Tensor<1>,
            gradient: Tensor<1>,
            scale: Tensor<1>,
            moments: Moments,
        ) -> (Tensor<1>, Moments) {
            let (mut p, g, scale) = (values(parameter), values(gradient), values(scale));
            let (mut m, mut v) = (values(moments.first), values(moments.second));
            let g = g.view();
            // So many that no thread waits long for the last.
            let piece = (g.len() / 16).clamp(CHUNK / 8, CHUNK).next_multiple_of(CACHE_LINE);
            let pieces = p.as_mut_slice().chunks_mut(piece).zip(g.chunks(piece));
            let moments = m.as_mut_slice().chunks_mut(piece).zip(v.as_mut_slice().chunks_mut(piece));
            let pass = Pass::of(self, scale.view()[0]);
            parallel_map(pieces.zip(moments), |_, ((p, g), (m, v))| {
                vectorized(
                    #[inline(always)]
                    || pass.run(p, g, m, v),
                )
            });
            (tensor(p), Moments { first: tensor(m), second: tensor(v) })
        }
    }

    /// What an update on the processor is made with.
    pub struct Pass {
        scale: f32,
        by: Factors,
    }

    impl Pass {
        pub fn of(adamw: &AdamW, scale: f32) -> Self {
            Self { scale, by: adamw.factors() }
        }

        /// Updates some numbers; to be called in [`simd`].
        #[inline(always)]
        pub fn run(&self, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
            let (n, by) = (p.len(), &self.by);
            let (g, m, v) = (&g[..n], &mut m[..n], &mut v[..n]);
            for i in 0..n {
                let g = g[i] * self.scale;
                m[i] = m[i] * by.beta1 + g * by.fresh1;
                v[i] = v[i] * by.beta2 + g * g * by.fresh2;
                p[i] = p[i] * by.kept - m[i] / (v[i].sqrt() * by.second + by.epsilon) * by.rate;
            }
        }
    }

    pub fn sum_of_squares(gradients: Vec<Tensor<1>>) -> Tensor<1> {
        let gradients: Vec<_> = gradients.into_iter().map(values).collect();
        let views: Vec<_> = gradients.iter().map(Values::view).collect();
        let pieces = parallel_map(views.iter().flat_map(|x| x.chunks(4 * CHUNK)), |_, x| {
            vectorized(
                #[inline(always)]
                || dot(x, x),
            )
        });
        let sum: f64 = pieces.into_iter().map(f64::from).sum();
        tensor(Values::new(vec![sum as f32], [1]))
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    use crate::oracle::random;

    const PLAIN: AdamW =
        AdamW { learning_rate: 0.1, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.0, step: 1 };

    fn update(adamw: AdamW, parameter: f32, gradient: f32) -> f32 {
        let tensor = |x: f32| Tensor::<1>::from_floats([x], &Device::flex());
        let parameter = tensor(parameter);
        let moments = Moments::zeros_like(&parameter);
        adamw.update(parameter, tensor(gradient), tensor(1.0), moments).0.into_scalar()
    }

    /// Holds three updates of so many numbers on `device` to the definition on the processor.
    fn is_its_definition_on(device: &Device, count: usize) {
        let flat = |salt: usize, size, device: &Device| {
            let last = random([salt, count], size).narrow(0, salt - 1, 1);
            Tensor::<1>::from_data(last.flatten::<1>(0, 1).into_data(), device)
        };
        let after = |update: &dyn Fn(AdamW, Tensor<1>, Tensor<1>, Tensor<1>, Moments) -> _, device| {
            let mut parameter: Tensor<1> = flat(1, 1.0, device);
            let mut moments = Moments::zeros_like(&parameter);
            for step in 1..=3 {
                let gradient = flat(1 + step as usize, 0.1, device);
                let scale = Tensor::from_floats([0.5], device);
                let adamw = AdamW { weight_decay: 0.1, step, ..PLAIN };
                (parameter, moments) = update(adamw, parameter, gradient, scale, moments);
            }
            let numbers = |tensor: Tensor<1>| tensor.into_data().try_into_vec::<f32>().unwrap();
            [parameter, moments.first, moments.second].map(numbers).concat()
        };
        let found = after(&|adamw, p, g, scale, moments| adamw.update(p, g, scale, moments), device);
        let expected = after(&|adamw, p, g, scale, moments| adamw.stock(p, g, scale, moments), &Device::flex());
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() <= 2e-6 * expected.abs().max(0.1), "{found} instead of {expected}");
        }
    }

    #[test]
    fn it_is_its_definition_in_every_number_over_several_updates() {
        is_its_definition_on(&Device::flex(), 40_000);
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too_for_any_count() {
        let Some(gpu) = crate::oracle::gpu("AdamW on a GPU") else { return };
        for count in [1, 6, 4096, 40_001] {
            is_its_definition_on(&gpu, count);
        }
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_what_somebody_still_reads_is_not_written_over() {
        let Some(gpu) = crate::oracle::gpu("AdamW beside a reader on a GPU") else { return };
        let parameter = Tensor::<1>::from_floats([1.0, 2.0], &gpu);
        let moments = Moments::zeros_like(&parameter);
        let ones = Tensor::ones([1], &gpu);
        let (updated, after) = PLAIN.update(parameter.clone(), parameter.ones_like(), ones, moments.clone());
        let numbers = |tensor: Tensor<1>| tensor.into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(numbers(parameter), [1.0, 2.0]);
        assert_eq!(numbers(moments.second), [0.0; 2]);
        assert!(numbers(updated)[0] < 1.0 && numbers(after.first)[0] > 0.0);
    }

    /// Sums many squares on `device`. What burn itself sums is less exact.
    #[cfg(any(feature = "flex", feature = "wgpu"))]
    fn sums_exactly_on(device: &Device) {
        for count in [1, 255, 4099, 200_000] {
            let x: Vec<f32> = (0..count).map(|i| (i % 17 + 1) as f32 / 16.0).collect();
            let exact: f64 = x.iter().map(|&x| x as f64 * x as f64).sum();
            let found: f32 = sum_of_squares([Tensor::from_floats(x.as_slice(), device)]).into_scalar();
            assert!((found as f64 / exact - 1.0).abs() < 1e-6, "{found} instead of {exact}");
            let parts = x.chunks(70_000).map(|part| Tensor::from_floats(part, device));
            let found: f32 = sum_of_squares(parts).into_scalar();
            assert!((found as f64 / exact - 1.0).abs() < 1e-6, "{found} of parts instead of {exact}");
        }
    }

    #[test]
    #[cfg(feature = "flex")]
    fn squares_are_summed_as_exactly_as_the_result_can_be_written() {
        sums_exactly_on(&Device::flex());
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn squares_are_summed_as_exactly_on_a_gpu() {
        let Some(gpu) = crate::oracle::gpu("sum of squares on a GPU") else { return };
        sums_exactly_on(&gpu);
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
