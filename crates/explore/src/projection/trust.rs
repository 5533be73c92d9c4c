//! Trustworthiness: how many neighbours in a projection are neighbours among the vectors.

use rayon::prelude::*;

use super::points::{Points, nearer};
use crate::Progress;

/// 1 if the `k` nearest of each point in `shown` are its `k` nearest in `points`; less for each that is not, by its rank
/// in `points` (Venna and Kaski 2001; scikit-learn's `trustworthiness`, Euclidean).
///
/// None if `k` is at least half of the number of points: the measure is not defined there.
pub fn trustworthiness(points: &Points, shown: &Points, k: usize, progress: Progress<'_>) -> Option<f64> {
    let n = points.len();
    if 2 * k >= n {
        return None;
    }
    let near = shown.nearest(k, progress);
    let penalties = near.par_iter().enumerate().map(|(point, near)| penalty(points, point, near, k));
    // Integers: the sum does not depend on the order in which threads add them.
    let sum: usize = penalties.sum();
    Some(1.0 - sum as f64 * 2.0 / (n * k) as f64 / (2 * n - 3 * k - 1) as f64)
}

/// By how much the true ranks of the points shown as nearest exceed `k`, in sum.
fn penalty(points: &Points, point: usize, shown: &[(usize, f64)], k: usize) -> usize {
    let squares = points.squared_distances(point);
    let rank = |other: usize| {
        let is_nearer = |&(candidate, square): &(usize, &f64)| {
            candidate != point && nearer(&(candidate, *square), &(other, squares[other])).is_lt()
        };
        1 + squares.iter().enumerate().filter(is_nearer).count()
    };
    shown.iter().map(|&(other, _)| rank(other).saturating_sub(k)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identical_picture_is_trustworthy_and_a_shuffled_one_is_not() {
        let points = Points::new((0..90).map(|i| ((i * i) as f64).sin()).collect(), 3);
        assert_eq!(trustworthiness(&points, &points, 5, &|_, _| ()), Some(1.0));
        let shuffled = Points::new((0..30).map(|i| (i * 7 % 30) as f64).collect(), 1);
        assert!(trustworthiness(&points, &shuffled, 5, &|_, _| ()).unwrap() < 0.8);
        assert_eq!(trustworthiness(&points, &points, 15, &|_, _| ()), None);
    }
}
