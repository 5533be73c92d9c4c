//! The repulsive forces of t-SNE, between all pairs of points: n² work a step.
//!
//! In `f32`, as in scikit-learn, in SIMD registers as wide as the CPU has (pulp chooses at run time).

#![expect(
    clippy::needless_range_loop,
    reason = "iterators are not always inlined, and then not compiled for wide registers"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Elements of the widest register.
const WIDEST: usize = 16;
/// Registers that are summed in `f32` before their sum is added to one in `f64`.
const DEPTH: usize = 64;
/// The coordinates of the points that pad the last register: so far away that they exert no force.
const FAR_AWAY: f32 = 1e18;
/// If no coordinate is larger, 1 + d² is 1 for all pairs.
const ALL_EQUAL: f64 = 1e-8;
/// The fewest points of a task.
const TASK_POINTS: usize = 16;

/// The repulsion of one point by all others.
#[derive(Clone, Copy, Debug)]
pub struct Repulsion<const D: usize> {
    /// Σⱼ k(d²), with the kernel of Student's t-distribution with D − 1 degrees of freedom, k(d²) = (1 + d²/(D − 1))^(−D/2).
    pub kernel_sum: f64,
    /// Σⱼ k(d²) · (xᵢ − xⱼ) / (1 + d²/(D − 1)).
    pub force: [f64; D],
}

/// 1/(1 + d²/(D − 1)), for points with D coordinates, 2 or 3.
pub fn inverse_distance<const D: usize>(square: f64) -> f64 {
    1.0 / (1.0 + square / (D - 1) as f64)
}

/// The repulsion of each point by all others. The mean of the points is 0.
///
/// Each point's sums are computed by one thread in a fixed order, so that the result does not depend on the number of
/// threads.
pub fn repulsions<const D: usize>(at: &[[f64; D]]) -> Vec<Repulsion<D>> {
    // In its first steps t-SNE may draw all points so close together that `f32` cannot tell them apart.
    if at.as_flattened().iter().all(|x| x.abs() < ALL_EQUAL) {
        let n = at.len() as f64;
        return at.iter().map(|own| Repulsion { kernel_sum: n - 1.0, force: own.map(|x| n * x) }).collect();
    }
    let columns: [Vec<f32>; D] = std::array::from_fn(|axis| {
        let mut column: Vec<f32> = at.iter().map(|point| point[axis] as f32).collect();
        column.resize(column.len().next_multiple_of(WIDEST), FAR_AWAY);
        column
    });
    let repulsion = |own: &[f64; D]| Arch::new().dispatch(One { columns: &columns, own: own.map(|x| x as f32) });
    at.par_iter().with_min_len(TASK_POINTS).map(repulsion).collect()
}

/// One point against all.
struct One<'a, const D: usize> {
    columns: &'a [Vec<f32>; D],
    own: [f32; D],
}

impl<const D: usize> WithSimd for One<'_, D> {
    type Output = Repulsion<D>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Repulsion<D> {
        let mut columns = [S::as_simd_f32s(&[]).0; D];
        let mut own = [simd.splat_f32s(0.0); D];
        for axis in 0..D {
            columns[axis] = S::as_simd_f32s(&self.columns[axis]).0;
            own[axis] = simd.splat_f32s(self.own[axis]);
        }
        // The sum includes the point itself, whose kernel is 1.
        let mut repulsion = Repulsion { kernel_sum: -1.0, force: [0.0; D] };
        let mut from = 0;
        while from < columns[0].len() {
            let to = (from + DEPTH).min(columns[0].len());
            let (kernel_sum, force) = sums(simd, &columns, &own, from, to);
            repulsion.kernel_sum += simd.reduce_sum_f32s(kernel_sum) as f64;
            for axis in 0..D {
                repulsion.force[axis] += simd.reduce_sum_f32s(force[axis]) as f64;
            }
            from = to;
        }
        repulsion
    }
}

/// The sums over the registers `from..to`.
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
    let (mut kernel_sum, mut force) = (zero, [zero; D]);
    for at in from..to {
        let (mut difference, mut square) = ([zero; D], zero);
        for axis in 0..D {
            difference[axis] = simd.sub_f32s(own[axis], columns[axis][at]);
            square = simd.mul_add_e_f32s(difference[axis], difference[axis], square);
        }
        let inverse = simd.div_f32s(one, simd.mul_add_e_f32s(square, share, one));
        let kernel = if D == 2 { inverse } else { simd.mul_f32s(inverse, simd.sqrt_f32s(inverse)) };
        kernel_sum = simd.add_f32s(kernel_sum, kernel);
        let weight = simd.mul_f32s(kernel, inverse);
        for axis in 0..D {
            force[axis] = simd.mul_add_e_f32s(weight, difference[axis], force[axis]);
        }
    }
    (kernel_sum, force)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with the sums of the formula in `f64`.
    #[track_caller]
    fn check<const D: usize>(n: usize, spread: f64) {
        let value = |i: usize, axis: usize| spread * ((i * i + 7 * axis) as f64).sin();
        let mut at: Vec<[f64; D]> = (0..n).map(|i| std::array::from_fn(|axis| value(i, axis))).collect();
        let mean: [f64; D] = std::array::from_fn(|axis| at.iter().map(|point| point[axis]).sum::<f64>() / n as f64);
        at.iter_mut().for_each(|point| (0..D).for_each(|axis| point[axis] -= mean[axis]));
        for (own, found) in at.iter().zip(repulsions(&at)) {
            let mut expected = Repulsion { kernel_sum: -1.0, force: [0.0; D] };
            for other in &at {
                let square = own.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
                let inverse = inverse_distance::<D>(square);
                let kernel = inverse.powf(D as f64 / 2.0);
                expected.kernel_sum += kernel;
                (0..D).for_each(|axis| expected.force[axis] += kernel * inverse * (own[axis] - other[axis]));
            }
            assert!((found.kernel_sum - expected.kernel_sum).abs() < 1e-5 * (1.0 + expected.kernel_sum));
            let scale = expected.kernel_sum.max(1.0) * spread.min(1.0);
            for (found, expected) in found.force.iter().zip(expected.force) {
                assert!((found - expected).abs() < 1e-5 * scale, "{found} {expected}");
            }
        }
    }

    #[test]
    fn repulsions_are_the_sums_of_the_formula() {
        for n in [2, 15, 16, 17, 1500] {
            check::<2>(n, 20.0);
            check::<3>(n, 20.0);
        }
    }

    #[test]
    fn points_too_close_for_f32_repel_each_other_too() {
        for spread in [1e-4, 1e-7, 1e-30] {
            check::<2>(100, spread);
            check::<3>(100, spread);
        }
    }
}
