//! Arithmetic that the compiler can turn into the widest instructions of the processor at hand.
//!
//! Loops count by hand: what is not inlined, as iterators here often are not, is not compiled for the wider registers.

use pulp::{Arch, Simd, WithSimd};

use super::CACHE_LINE;
use super::microkernel::in_order;

/// Runs `work` compiled for the widest registers that the processor has; all that it calls must be inlined. Slices are cut to one
/// length within `work`: of what is asserted outside the compiler knows nothing there, and the last numbers, up to 64, go one by one.
#[inline(always)]
pub fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}

/// eˣ, within two units of the last place; it has no branch and no table, so that a loop of it becomes vector instructions.
///
/// x is split into n ln 2 + r with |r| ≤ ln 2 / 2; e^r is a polynomial, and 2ⁿ has n in its exponent. Below −87 it stays at
/// e⁻⁸⁷, above 88 at e⁸⁸. NaN stays NaN.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// Adding it rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts: the first has so few digits that n times it is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    // 1 + r + r²/2! + … + r⁷/7!, which is off by 1e-8 at the ends.
    let series = 1.0_f32 / 5040.0;
    let series = series.mul_add(r, 1.0 / 720.0);
    let series = series.mul_add(r, 1.0 / 120.0);
    let series = series.mul_add(r, 1.0 / 24.0);
    let series = series.mul_add(r, 1.0 / 6.0);
    let series = series.mul_add(r, 0.5);
    let series = series.mul_add(r, 1.0);
    let series = series.mul_add(r, 1.0);
    // A product, and not n added to the exponent of the series: that would make a number of some NaN.
    series * f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0_f32.to_bits()))
}

/// `x` by what `of` makes of it, for each of `numbers`; line by line, as rows are often too short for the loops of several
/// registers that the compiler makes.
#[inline(always)]
pub fn map_in_place(numbers: &mut [f32], of: impl Fn(f32) -> f32) {
    let (lines, rest) = numbers.as_chunks_mut::<CACHE_LINE>();
    for line in lines {
        for i in 0..CACHE_LINE {
            line[i] = of(line[i]);
        }
        // Of many lines the compiler would gather the first numbers, and then the second.
        in_order();
    }
    for i in 0..rest.len() {
        rest[i] = of(rest[i]);
    }
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
            let mut sums = [simd.splat_f32s(0.0); SIDE_BY_SIDE];
            // A call, and all registers put aside for it, which is longer than most rows take.
            if !rest.is_empty() {
                sums[0] = simd.partial_load_f32s(rest);
            }
            side_by_side(
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
            let mut sums = [simd.splat_f32s(0.0); SIDE_BY_SIDE];
            if !x_rest.is_empty() {
                sums[0] = simd.mul_f32s(simd.partial_load_f32s(x_rest), simd.partial_load_f32s(y_rest));
            }
            side_by_side(
                x.len().min(y.len()),
                &mut sums,
                #[inline(always)]
                |sum, at| simd.mul_add_e_f32s(x[at], y[at], sum),
            );
            total(simd, sums)
        }
    }

    assert_eq!(x.len(), y.len(), "a product for every number");
    Arch::new().dispatch(Sum(x, y))
}

/// The largest x; −∞ of none.
#[inline(always)]
pub fn max(x: &[f32]) -> f32 {
    struct Largest<'a>(&'a [f32]);

    impl WithSimd for Largest<'_> {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let (whole, rest) = S::as_simd_f32s(self.0);
            let mut found = [simd.splat_f32s(f32::NEG_INFINITY); SIDE_BY_SIDE];
            side_by_side(
                whole.len(),
                &mut found,
                #[inline(always)]
                |most, at| simd.max_f32s(most, whole[at]),
            );
            let [a, b, c, d] = found;
            let found = simd.reduce_max_f32s(simd.max_f32s(simd.max_f32s(a, b), simd.max_f32s(c, d)));
            rest.iter().fold(found, |found, &x| if x > found { x } else { found })
        }
    }

    Arch::new().dispatch(Largest(x))
}

/// Sums that run side by side, as many as hide the time that an addition takes.
const SIDE_BY_SIDE: usize = 4;

/// Goes on with one of `found` after another by the registers up to `count`. Which one is known when it is compiled: they stay
/// in registers themselves then.
#[inline(always)]
fn side_by_side<T: Copy>(count: usize, found: &mut [T; SIDE_BY_SIDE], next: impl Fn(T, usize) -> T) {
    let whole = count / SIDE_BY_SIDE * SIDE_BY_SIDE;
    for start in (0..whole).step_by(SIDE_BY_SIDE) {
        for nth in 0..SIDE_BY_SIDE {
            found[nth] = next(found[nth], start + nth);
        }
    }
    for nth in 0..SIDE_BY_SIDE - 1 {
        if whole + nth < count {
            found[nth] = next(found[nth], whole + nth);
        }
    }
}

#[inline(always)]
fn total<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; SIDE_BY_SIDE]) -> f32 {
    simd.reduce_sum_f32s(simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_right_to_the_last_places_from_end_to_end() {
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
    fn sums_of_any_length_are_those_of_the_numbers_one_by_one() {
        for length in [0, 1, 31, 32, 33, 100, 1000] {
            let x: Vec<f32> = (0..length).map(|i| (i % 7) as f32 - 2.0).collect();
            let y: Vec<f32> = (0..length).map(|i| (i % 5) as f32).collect();
            assert_eq!(sum(&x), x.iter().sum::<f32>());
            assert_eq!(dot(&x, &y), x.iter().zip(&y).map(|(x, y)| x * y).sum::<f32>());
            assert_eq!(max(&x), x.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        }
    }
}
