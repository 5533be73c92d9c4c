//! Spearman's rank correlation.

/// Spearman's rank correlation of two lists; equal values share the mean of their ranks.
///
/// None if there are fewer than two values, or if all of a list are equal: then there is no order to compare.
///
/// # Panics
///
/// If the lists differ in length.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len());
    let (a, b) = (ranks(a), ranks(b));
    // Shared ranks have the same mean as distinct ones.
    let mean = (a.len() as f64 + 1.0) / 2.0;
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum::<f64>();
    let spread = (product(&a, &a) * product(&b, &b)).sqrt();
    (spread > 0.0).then(|| product(&a, &b) / spread)
}

/// The correlation that a random order of `n` values stays within, plus and minus, in 95 of 100 cases: such a correlation has
/// the variance 1 / (n − 1) and nearly a normal distribution (Kendall, Rank Correlation Methods, 1948). None below two values.
pub fn random_correlation(n: usize) -> Option<f64> {
    /// Of a normal distribution, 95 % lies within so many standard deviations.
    const DEVIATIONS: f64 = 1.959964;
    (n >= 2).then(|| (DEVIATIONS / ((n - 1) as f64).sqrt()).min(1.0))
}

/// The rank of each value, from 1, the smallest first; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&i, &j| values[i] == values[j]) {
        let shared = before as f64 + (equal.len() + 1) as f64 / 2.0;
        equal.iter().for_each(|&i| ranks[i] = shared);
        before += equal.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
    }

    #[test]
    fn the_correlation_is_one_in_the_same_order_and_minus_one_reversed() {
        assert_eq!(spearman(&[1.0, 2.0, 9.0], &[-5.0, 0.0, 0.1]), Some(1.0));
        assert_eq!(spearman(&[1.0, 2.0, 9.0], &[5.0, 0.0, -0.1]), Some(-1.0));
        // scipy.stats.spearmanr([1, 2, 2, 3], [1, 3, 2, 4])
        assert!((spearman(&[1.0, 2.0, 2.0, 3.0], &[1.0, 3.0, 2.0, 4.0]).unwrap() - 0.9486832980505139).abs() < 1e-15);
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[], &[]), None);
    }
}
