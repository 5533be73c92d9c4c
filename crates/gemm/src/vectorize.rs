//! Loops for the widest SIMD instructions of the CPU at hand, chosen at run time: [`vectorized`] for loops that the
//! compiler vectorizes, and reductions, which it may not reorder, written out.
//!
//! Loops index by hand: iterators are not always inlined, and a function that is not inlined is compiled for the
//! baseline instructions.

use pulp::{Arch, Simd, WithSimd};

use crate::cache::CACHE_LINE;

/// Runs `work`, compiled for the widest SIMD instructions of the CPU. Everything that `work` calls must be
/// `#[inline(always)]`. Cut its slices to one length inside `work`: the compiler forgets assertions made outside, and
/// bounds checks keep loops scalar.
#[inline(always)]
pub fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}

/// eˣ, within two units in the last place, without branches or tables, so that loops of it vectorize.
///
/// Range reduction: x = n ln 2 + r with |r| ≤ ln 2 / 2; e^r is a Taylor polynomial, and 2ⁿ is n put into the exponent.
/// x is clamped to [−87, 88]. NaN gives NaN.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// 1.5 · 2²³: adding it rounds to an integer, held in the lowest bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 as a sum of two (Cody and Waite): the first has so few bits that n times it is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = mul_add(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = mul_add(n, -LN_2_LOW, mul_add(n, -LN_2_HIGH, x));
    // 1 + r + r²/2! + … + r⁷/7!; the error is below 1e-8.
    let series = 1.0_f32 / 5040.0;
    let series = mul_add(series, r, 1.0 / 720.0);
    let series = mul_add(series, r, 1.0 / 120.0);
    let series = mul_add(series, r, 1.0 / 24.0);
    let series = mul_add(series, r, 1.0 / 6.0);
    let series = mul_add(series, r, 0.5);
    let series = mul_add(series, r, 1.0);
    let series = mul_add(series, r, 1.0);
    // A product: adding n to the exponent bits of the series would turn some NaNs into numbers.
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()))
}

/// a b + c, by one fused instruction where there is one: in WebAssembly `f32::mul_add` calls a function that is many times
/// slower.
#[inline(always)]
fn mul_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_arch = "wasm32") { a * b + c } else { a.mul_add(b, c) }
}

/// `x = f(x)` for every element, to be called within [`vectorized`]. Line by line: rows are often too short for the
/// loops unrolled over several registers that the compiler would make.
#[inline(always)]
pub fn map_in_place(values: &mut [f32], f: impl Fn(f32) -> f32) {
    let (lines, rest) = values.as_chunks_mut::<CACHE_LINE>();
    for line in lines {
        for i in 0..CACHE_LINE {
            line[i] = f(line[i]);
        }
        // Without it the compiler would vectorize across lines, with gathers.
        compiler_barrier();
    }
    for i in 0..rest.len() {
        rest[i] = f(rest[i]);
    }
}

/// The compiler moves no load or store across it. It emits no instruction.
#[inline(always)]
pub(crate) fn compiler_barrier() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the assembly is empty: it has no effect on any register, flag or memory.
    unsafe {
        std::arch::asm!("", options(nostack, preserves_flags))
    };
}

/// Σ x.
#[inline(always)]
pub fn sum(x: &[f32]) -> f32 {
    struct Sum<'a>(&'a [f32]);

    impl WithSimd for Sum<'_> {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let (whole, rest) = S::as_simd_f32s(self.0);
            let mut sums = [simd.splat_f32s(0.0); ACCUMULATORS];
            // A call that spills all registers: it takes longer than most rows.
            if !rest.is_empty() {
                sums[0] = simd.partial_load_f32s(rest);
            }
            reduce(
                whole.len(),
                &mut sums,
                #[inline(always)]
                |sum, at| simd.add_f32s(sum, whole[at]),
            );
            total(simd, sums)
        }
    }

    Arch::new().dispatch(Sum(x))
}

/// Σ x y.
#[inline(always)]
pub fn dot(x: &[f32], y: &[f32]) -> f32 {
    struct Sum<'a>(&'a [f32], &'a [f32]);

    impl WithSimd for Sum<'_> {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let ((x, x_rest), (y, y_rest)) = (S::as_simd_f32s(self.0), S::as_simd_f32s(self.1));
            let mut sums = [simd.splat_f32s(0.0); ACCUMULATORS];
            if !x_rest.is_empty() {
                sums[0] = simd.mul_f32s(simd.partial_load_f32s(x_rest), simd.partial_load_f32s(y_rest));
            }
            reduce(
                x.len().min(y.len()),
                &mut sums,
                #[inline(always)]
                |sum, at| simd.mul_add_e_f32s(x[at], y[at], sum),
            );
            total(simd, sums)
        }
    }

    assert_eq!(x.len(), y.len(), "a dot product of vectors of different lengths");
    Arch::new().dispatch(Sum(x, y))
}

/// The largest x; −∞ if there is none.
#[inline(always)]
pub fn max(x: &[f32]) -> f32 {
    struct Largest<'a>(&'a [f32]);

    impl WithSimd for Largest<'_> {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let (whole, rest) = S::as_simd_f32s(self.0);
            let mut largest = [simd.splat_f32s(f32::NEG_INFINITY); ACCUMULATORS];
            reduce(
                whole.len(),
                &mut largest,
                #[inline(always)]
                |largest, at| simd.max_f32s(largest, whole[at]),
            );
            let [a, b, c, d] = largest;
            let largest = simd.reduce_max_f32s(simd.max_f32s(simd.max_f32s(a, b), simd.max_f32s(c, d)));
            rest.iter().fold(largest, |largest, &x| if x > largest { x } else { largest })
        }
    }

    Arch::new().dispatch(Largest(x))
}

/// Independent accumulators of a reduction, enough to hide the latency of an addition.
const ACCUMULATORS: usize = 4;

/// Reduces registers `0..count` into `accumulators`, round robin. Their indices are constants in the unrolled loops,
/// which keeps them in registers.
#[inline(always)]
fn reduce<T: Copy>(count: usize, accumulators: &mut [T; ACCUMULATORS], next: impl Fn(T, usize) -> T) {
    let whole = count / ACCUMULATORS * ACCUMULATORS;
    for start in (0..whole).step_by(ACCUMULATORS) {
        for nth in 0..ACCUMULATORS {
            accumulators[nth] = next(accumulators[nth], start + nth);
        }
    }
    for nth in 0..ACCUMULATORS - 1 {
        if whole + nth < count {
            accumulators[nth] = next(accumulators[nth], whole + nth);
        }
    }
}

#[inline(always)]
fn total<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; ACCUMULATORS]) -> f32 {
    simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_within_two_units_in_the_last_place() {
        let mut worst = 0.0_f64;
        for i in -87_000..=88_000 {
            let x = i as f32 / 1000.0;
            let expected = (x as f64).exp();
            worst = worst.max((exp(x) as f64 / expected - 1.0).abs());
        }
        assert!(worst < 2.0 * f32::EPSILON as f64, "off by {worst:e}");
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(-1e9) < 1e-37 && exp(1e9) > 1e38);
        for nan in [f32::NAN, -f32::NAN, f32::from_bits(0x7fc0_0001), f32::from_bits(0xffff_ffff)] {
            assert!(exp(nan).is_nan());
        }
    }

    #[test]
    fn reductions_of_any_length_equal_the_sequential_ones() {
        for length in [0, 1, 31, 32, 33, 100, 1000] {
            let x: Vec<f32> = (0..length).map(|i| (i % 7) as f32 - 2.0).collect();
            let y: Vec<f32> = (0..length).map(|i| (i % 5) as f32).collect();
            assert_eq!(sum(&x), x.iter().sum::<f32>());
            assert_eq!(dot(&x, &y), x.iter().zip(&y).map(|(x, y)| x * y).sum::<f32>());
            assert_eq!(max(&x), x.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        }
    }
}
