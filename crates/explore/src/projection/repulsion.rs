//! What drives points apart in t-SNE: every point from every other, n² work a step.
//!
//! In 32-bit floats, as scikit-learn's, by registers as wide as the processor has (pulp chooses when the program runs).
//! The innermost loop counts by hand: what is not inlined, as iterators here often are not, is not compiled for the wider
//! registers.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Numbers in the widest register.
const WIDEST: usize = 16;
/// So many registers are summed in 32 bits before they are added up in 64.
const DEPTH: usize = 64;
/// The coordinates of what fills the last register: so far away that it drives nothing.
const NOWHERE: f32 = 1e18;
/// Where no point is farther from the mean, 1 + d² is 1.
const ALL_ONE: f64 = 1e-8;
/// Points that one thread takes at once.
const TAKEN: usize = 16;

/// How near a point is to all others, and where they push it.
#[derive(Clone, Copy, Debug)]
pub struct Push<const D: usize> {
    /// Σⱼ k(d²): Student's distribution of D − 1 degrees of freedom, (1 + d²/(D − 1)) to the power of −D/2.
    pub nearness: f64,
    /// Σⱼ k(d²) · (xᵢ − xⱼ) / (1 + d²/(D − 1)).
    pub force: [f64; D],
}

/// 1/(1 + d²/(D − 1)) of points with D coordinates, 2 or 3.
pub fn closeness<const D: usize>(square: f64) -> f64 {
    1.0 / (1.0 + square / (D - 1) as f64)
}

/// What drives each point apart from all others. The mean of the points is 0.
///
/// Each point's sums are made by one thread in a fixed order, so the number of threads changes nothing.
pub fn pushes<const D: usize>(at: &[[f64; D]]) -> Vec<Push<D>> {
    // t-SNE may draw all points together farther than 32 bits can tell them apart, before it lets them go.
    if at.as_flattened().iter().all(|x| x.abs() < ALL_ONE) {
        let n = at.len() as f64;
        return at.iter().map(|own| Push { nearness: n - 1.0, force: own.map(|x| n * x) }).collect();
    }
    let columns: [Vec<f32>; D] = std::array::from_fn(|axis| {
        let mut column: Vec<f32> = at.iter().map(|point| point[axis] as f32).collect();
        column.resize(column.len().next_multiple_of(WIDEST), NOWHERE);
        column
    });
    let push = |own: &[f64; D]| Arch::new().dispatch(One { columns: &columns, own: own.map(|x| x as f32) });
    at.par_iter().with_min_len(TAKEN).map(push).collect()
}

/// One point against all.
struct One<'a, const D: usize> {
    columns: &'a [Vec<f32>; D],
    own: [f32; D],
}

impl<const D: usize> WithSimd for One<'_, D> {
    type Output = Push<D>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Push<D> {
        let mut columns = [S::as_simd_f32s(&[]).0; D];
        let mut own = [simd.splat_f32s(0.0); D];
        for axis in 0..D {
            columns[axis] = S::as_simd_f32s(&self.columns[axis]).0;
            own[axis] = simd.splat_f32s(self.own[axis]);
        }
        // The point itself is at distance 0 and so counted as 1.
        let mut push = Push { nearness: -1.0, force: [0.0; D] };
        let mut from = 0;
        while from < columns[0].len() {
            let to = (from + DEPTH).min(columns[0].len());
            let (nearness, force) = sums(simd, &columns, &own, from, to);
            push.nearness += simd.reduce_sum_f32s(nearness) as f64;
            for axis in 0..D {
                push.force[axis] += simd.reduce_sum_f32s(force[axis]) as f64;
            }
            from = to;
        }
        push
    }
}

/// The sums over the registers `from` to `to`.
#[inline(always)]
fn sums<S: Simd, const D: usize>(
    simd: S,
    columns: &[&[S::f32s]; D],
    own: &[S::f32s; D],
    from: usize,
    to: usize,
) -> (S::f32s, [S::f32s; D]) {
    let (zero, one) = (simd.splat_f32s(0.0), simd.splat_f32s(1.0));
    let share = simd.splat_f32s(1.0 / (D - 1) as f32);
    let (mut nearness, mut force) = (zero, [zero; D]);
    for at in from..to {
        let (mut difference, mut square) = ([zero; D], zero);
        for axis in 0..D {
            difference[axis] = simd.sub_f32s(own[axis], columns[axis][at]);
            square = simd.mul_add_e_f32s(difference[axis], difference[axis], square);
        }
        let near = simd.div_f32s(one, simd.mul_add_e_f32s(square, share, one));
        let kernel = if D == 2 { near } else { simd.mul_f32s(near, simd.sqrt_f32s(near)) };
        nearness = simd.add_f32s(nearness, kernel);
        let weight = simd.mul_f32s(kernel, near);
        for axis in 0..D {
            force[axis] = simd.mul_add_e_f32s(weight, difference[axis], force[axis]);
        }
    }
    (nearness, force)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same one after another in 64 bits.
    #[track_caller]
    fn check<const D: usize>(n: usize, spread: f64) {
        let number = |i: usize, axis: usize| spread * ((i * i + 7 * axis) as f64).sin();
        let mut at: Vec<[f64; D]> = (0..n).map(|i| std::array::from_fn(|axis| number(i, axis))).collect();
        let mean: [f64; D] = std::array::from_fn(|axis| at.iter().map(|point| point[axis]).sum::<f64>() / n as f64);
        at.iter_mut().for_each(|point| (0..D).for_each(|axis| point[axis] -= mean[axis]));
        for (own, found) in at.iter().zip(pushes(&at)) {
            let mut expected = Push { nearness: -1.0, force: [0.0; D] };
            for other in &at {
                let square = own.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
                let near = closeness::<D>(square);
                let kernel = near.powf(D as f64 / 2.0);
                expected.nearness += kernel;
                (0..D).for_each(|axis| expected.force[axis] += kernel * near * (own[axis] - other[axis]));
            }
            assert!((found.nearness - expected.nearness).abs() < 1e-5 * (1.0 + expected.nearness));
            let scale = expected.nearness.max(1.0) * spread.min(1.0);
            for (found, expected) in found.force.iter().zip(expected.force) {
                assert!((found - expected).abs() < 1e-5 * scale, "{found} {expected}");
            }
        }
    }

    #[test]
    fn pushes_are_the_sums_over_all_others_whether_or_not_they_fill_a_register() {
        for n in [2, 15, 16, 17, 1500] {
            check::<2>(n, 20.0);
            check::<3>(n, 20.0);
        }
    }

    #[test]
    fn points_that_lie_closer_than_any_float_can_count_from_one_are_pushed_apart_too() {
        for spread in [1e-4, 1e-7, 1e-30] {
            check::<2>(100, spread);
            check::<3>(100, spread);
        }
    }
}
