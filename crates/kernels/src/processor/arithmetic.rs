//! Arithmetic that the compiler can turn into the widest instructions of the processor at hand.

use pulp::Arch;

/// Runs `work` compiled for the widest registers that the processor has; all that it calls must be inlined.
#[inline(always)]
pub(crate) fn simd<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}

/// Sums run side by side, as many as hide the time that an addition takes.
const LANES: usize = 32;

/// eˣ, within two units of the last place; it has no branch and no table, so that a loop of it becomes vector instructions.
///
/// x is split into n ln 2 + r with |r| ≤ ln 2 / 2; e^r is a polynomial, and n is added to the exponent. Below −87 it stays at
/// e⁻⁸⁷, above 88 at e⁸⁸.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
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
    f32::from_bits(series.to_bits().wrapping_add(shifted.to_bits() << 23))
}

/// Σ x.
#[inline(always)]
pub(crate) fn sum(x: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let chunks = x.chunks_exact(LANES);
    let rest: f32 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for i in 0..LANES {
            lanes[i] += chunk[i];
        }
    }
    total(lanes) + rest
}

/// Σ x y.
#[inline(always)]
pub(crate) fn sum_of_products(x: &[f32], y: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (xs, ys) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let rest: f32 = xs.remainder().iter().zip(ys.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in xs.zip(ys) {
        for i in 0..LANES {
            lanes[i] = x[i].mul_add(y[i], lanes[i]);
        }
    }
    total(lanes) + rest
}

/// The sum of all lanes, halved again and again.
#[inline(always)]
fn total(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
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
    }

    #[test]
    fn sums_of_any_length_are_those_of_the_numbers_one_by_one() {
        for length in [0, 1, 31, 32, 33, 100, 1000] {
            let x: Vec<f32> = (0..length).map(|i| (i % 7) as f32 - 2.0).collect();
            let y: Vec<f32> = (0..length).map(|i| (i % 5) as f32).collect();
            assert_eq!(sum(&x), x.iter().sum::<f32>());
            assert_eq!(sum_of_products(&x, &y), x.iter().zip(&y).map(|(x, y)| x * y).sum::<f32>());
        }
    }
}
