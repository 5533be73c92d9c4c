//! Median and spread of measured times.

/// The median of `samples`, which are not empty.
pub(super) fn median(samples: &[f64]) -> f64 {
    quantile(samples, 0.5)
}

/// The distance from the 10th to the 90th percentile of `samples`, which are not empty.
pub(super) fn spread_of(samples: &[f64]) -> f64 {
    quantile(samples, 0.9) - quantile(samples, 0.1)
}

/// Interpolates linearly between two samples, as NumPy does.
fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[index.floor() as usize], sorted[index.ceil() as usize]);
    low + (high - low) * index.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_spread_are_numpys() {
        let samples = [5.0, 1.0, 2.0, 4.0, 3.0];
        assert_eq!(median(&samples), 3.0);
        assert!((spread_of(&samples) - 3.2).abs() < 1e-12); // from 1.4 to 4.6
        assert_eq!(median(&[1.0, 2.0]), 1.5);
        assert_eq!(spread_of(&[7.0]), 0.0);
    }
}
