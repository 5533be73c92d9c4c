//! What a table of vectors looks like from outside.

use wordspace_data::WordVectors;

/// Lengths of vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norms {
    /// The shortest.
    pub min: f64,
    /// Half are shorter; of an even number, the mean of the middle two, as NumPy's `median`.
    pub median: f64,
    /// The longest.
    pub max: f64,
}

impl Norms {
    /// The lengths of the vectors in `vectors`; none without any.
    pub fn of(vectors: &WordVectors) -> Option<Self> {
        let length = |row| vectors.row(row).iter().map(|&x| x as f64 * x as f64).sum::<f64>().sqrt();
        let mut lengths: Vec<f64> = (0..vectors.len() as u32).map(length).collect();
        lengths.sort_unstable_by(f64::total_cmp);
        let middle = lengths.len() / 2;
        let (&min, &max) = (lengths.first()?, lengths.last()?);
        let median = match lengths.len() % 2 {
            1 => lengths[middle],
            _ => (lengths[middle - 1] + lengths[middle]) / 2.0,
        };
        Some(Self { min, median, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn norms(rows: &[f32], expected: [f64; 3]) {
        let words = (0..rows.len() / 2).map(|row| row.to_string()).collect();
        let norms = Norms::of(&WordVectors::new(words, rows.to_vec(), 2)).unwrap();
        assert_eq!([norms.min, norms.median, norms.max], expected);
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        norms(&[3.0, 4.0, 0.0, 1.0, 0.0, 2.0], [1.0, 2.0, 5.0]);
        norms(&[3.0, 4.0, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0], [1.0, 2.5, 5.0]);
        assert_eq!(Norms::of(&WordVectors::new(Vec::new(), Vec::new(), 2)), None);
    }
}
