//! Principal component analysis: the directions of largest variance.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use wordspace_similarity::dot;

use super::eigen::symmetric;
use super::points::Points;
use crate::Progress;

/// Rows of the covariance that one task computes: they stay in the thread's cache.
const BLOCK: usize = 32;

/// The axes of largest variance, and the coordinates of the points on them. The same as scikit-learn's `PCA`.
#[derive(Clone, Debug)]
pub struct Pca {
    /// The axes, `[dims, C]`, orthonormal. The element of largest absolute value is positive (the first of equal ones), as in
    /// scikit-learn.
    pub components: Points,
    /// The coordinates of the centred points on these axes, `[n, dims]`.
    pub points: Points,
    /// The share of the variance along each axis.
    pub explained_variance: Vec<f64>,
}

/// The first `dims` principal components of `points`, `[n, C]`.
///
/// In `f64`, from the eigenvectors of the covariance `[C, C]` or of the Gram matrix `[n, n]`, whichever is smaller. Where the
/// points have no more variance, axes and coordinates are zeros.
///
/// # Panics
///
/// If `dims` is larger than n or C.
pub fn pca(points: &Points, dims: usize, progress: Progress<'_>) -> Pca {
    let (n, c) = (points.len(), points.dimension());
    assert!(dims <= n.min(c), "{dims} components of {n} points with {c} coordinates");
    let centred = points.centred();
    let total: f64 = centred.as_slice().iter().map(|x| x * x).sum();
    let found = |done: usize| progress(done as u64, n.min(c) as u64);
    let pairs = if c <= n {
        symmetric(covariance(&centred, progress), c, &found)
    } else {
        let mut pairs = symmetric(gram(&centred), n, &found);
        pairs.truncate(dims);
        pairs.into_iter().map(|(value, vector)| (value, axis(&centred, &vector))).collect()
    };
    // A smaller eigenvalue is a rounding error, of the products or of the mean.
    let raw: f64 = points.as_slice().iter().map(|x| x * x).sum();
    let least = (total * f64::EPSILON).max(raw * f64::EPSILON.powi(2)) * n.max(c) as f64;
    let axes = pairs.into_iter().take(dims).map(|(value, mut axis)| match value > least {
        true => {
            fix_sign(&mut axis);
            (value / total, axis)
        }
        false => (0.0, vec![0.0; c]),
    });
    let (explained_variance, components): (Vec<f64>, Vec<Vec<f64>>) = axes.unzip();
    let components = Points::new(components.concat(), c);
    Pca { points: on_axes(&centred, &components), components, explained_variance }
}

/// The coordinates of `centred` on the axes `components`, `[n, dims]`.
pub fn on_axes(centred: &Points, components: &Points) -> Points {
    let values = centred.rows().flat_map(|row| components.rows().map(|axis| dot(row, axis))).collect();
    Points::new(values, components.len())
}

/// The sum over all points of x·xᵀ, `[C, C]`.
fn covariance(centred: &Points, progress: Progress<'_>) -> Vec<f64> {
    let c = centred.dimension();
    let done = AtomicU64::new(0);
    let mut sums = vec![0.0; c * c];
    sums.par_chunks_mut(BLOCK * c).enumerate().for_each(|(block, sums)| {
        for point in centred.rows() {
            for (row, &x) in sums.chunks_exact_mut(c).zip(&point[block * BLOCK..]) {
                row.iter_mut().zip(point).for_each(|(sum, y)| *sum += x * y);
            }
        }
        progress(1 + done.fetch_add(1, Ordering::Relaxed), c.div_ceil(BLOCK) as u64);
    });
    sums
}

/// The dot product of every point with every other, `[n, n]`.
fn gram(centred: &Points) -> Vec<f64> {
    let n = centred.len();
    let row = |i: usize| (0..n).map(move |j| dot(centred.row(i), centred.row(j)));
    (0..n).into_par_iter().flat_map_iter(row).collect()
}

/// The axis that belongs to an eigenvector of [`gram`]: the sum of the points weighted by it, scaled to length 1.
fn axis(centred: &Points, weights: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; centred.dimension()];
    for (point, weight) in centred.rows().zip(weights) {
        sum.iter_mut().zip(point).for_each(|(sum, x)| *sum += weight * x);
    }
    let norm = dot(&sum, &sum).sqrt();
    sum.iter_mut().for_each(|x| *x /= norm.max(f64::MIN_POSITIVE));
    sum
}

/// Makes the element of largest absolute value positive: the sign of an eigenvector is arbitrary.
fn fix_sign(axis: &mut [f64]) {
    let largest = axis.iter().copied().reduce(|largest, x| if x.abs() > largest.abs() { x } else { largest });
    if largest.is_some_and(|x| x < 0.0) {
        axis.iter_mut().for_each(|x| *x = -*x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_axis_of_a_cigar_is_found_with_a_positive_sign() {
        let values = (0..20).flat_map(|i| [5.0 - i as f64, 0.1 * (i % 2) as f64, 7.0]).collect();
        let found = pca(&Points::new(values, 3), 2, &|_, _| ());
        assert!(found.components.row(0)[0] > 0.999);
        assert!(found.explained_variance[0] > 0.999 && found.explained_variance.iter().sum::<f64>() <= 1.0 + 1e-12);
        assert!((found.points.row(0)[0] - 9.5).abs() < 0.01);
    }

    #[test]
    fn covariance_and_gram_matrix_give_the_same_points() {
        // 12 points: whether there are more coordinates than points decides which matrix is used.
        let number = |i: usize, j: usize| ((3 * i + 7 * j + i * j) as f64).sin() * (1.0 + j as f64 / 10.0);
        let wide = |c: usize| {
            Points::new((0..12 * c).map(|at| if at % c < 11 { number(at / c, at % c) } else { 0.0 }).collect(), c)
        };
        let (by_covariance, by_gram) = (pca(&wide(11), 3, &|_, _| ()), pca(&wide(13), 3, &|_, _| ()));
        for (a, b) in by_covariance.points.as_slice().iter().zip(by_gram.points.as_slice()) {
            assert!((a - b).abs() < 1e-10);
        }
    }

    #[test]
    fn equal_points_have_no_axes() {
        for c in [2, 9] {
            let found = pca(&Points::new(vec![0.1; 7 * c], c), 2, &|_, _| ());
            assert!(found.points.as_slice().iter().all(|x| *x == 0.0));
            assert_eq!(found.explained_variance, [0.0, 0.0]);
        }
    }
}
