//! How far the neighbours on a page can be trusted to be neighbours in space.

use rayon::prelude::*;

use super::Progress;
use super::points::{Points, nearer};

/// How many of the points that are shown near are near: 1 where each point's `k` nearest in `shown` are its `k` nearest in
/// `points`, less the farther those that are not lie (Venna and Kaski 2001; scikit-learn's `trustworthiness`, Euclidean).
///
/// None where `k` is not below half of the points: there the measure is not defined.
pub fn trustworthiness(points: &Points, shown: &Points, k: usize, progress: Progress<'_>) -> Option<f64> {
    let n = points.len();
    if 2 * k >= n {
        return None;
    }
    let near = shown.nearest(k, progress);
    let penalties = near.par_iter().enumerate().map(|(point, near)| penalty(points, point, near, k));
    // Whole numbers, so the order in which threads add them changes nothing.
    let sum: usize = penalties.sum();
    Some(1.0 - sum as f64 * 2.0 / (n * k) as f64 / (2 * n - 3 * k - 1) as f64)
}

/// By how many places those shown as nearest are too far down the list of the true nearest.
fn penalty(points: &Points, point: usize, shown: &[(usize, f64)], k: usize) -> usize {
    let squares = points.squares_from(point);
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
    fn what_is_shown_as_it_is_can_be_trusted_and_a_shuffle_cannot() {
        let points = Points::new((0..90).map(|i| ((i * i) as f64).sin()).collect(), 3);
        assert_eq!(trustworthiness(&points, &points, 5, &|_, _| ()), Some(1.0));
        let shuffled = Points::new((0..30).map(|i| (i * 7 % 30) as f64).collect(), 1);
        assert!(trustworthiness(&points, &shuffled, 5, &|_, _| ()).unwrap() < 0.8);
        assert_eq!(trustworthiness(&points, &points, 15, &|_, _| ()), None);
    }
}
