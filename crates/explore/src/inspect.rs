//! What a table of vectors looks like from outside.

use wordspace_data::WordVectors;

use crate::pass::{NotFinite, Told, in_pieces};

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
    /// The lengths of the vectors in `vectors` that are finite, none without any; and those that are not.
    pub fn of(vectors: &WordVectors, told: Told<'_>) -> (Option<Self>, NotFinite) {
        let pieces = in_pieces(vectors.len(), told, |rows| {
            let mut not_finite = NotFinite::default();
            let length = |row| vectors.row(row).iter().map(|&x| x as f64 * x as f64).sum::<f64>().sqrt();
            let lengths = rows.map(|row| (row, length(row)));
            let is_one =
                |(row, length): (u32, f64)| (length.is_finite() || !not_finite.is(vectors, row)).then_some(length);
            let lengths: Vec<f64> = lengths.filter_map(is_one).collect();
            (lengths, not_finite)
        });
        let (mut lengths, mut not_finite) = (Vec::with_capacity(vectors.len()), NotFinite::default());
        for (some, met) in pieces {
            lengths.extend(some);
            not_finite.merge(met);
        }
        (Self::of_lengths(lengths), not_finite)
    }

    fn of_lengths(mut lengths: Vec<f64>) -> Option<Self> {
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
        let (norms, not_finite) = Norms::of(&WordVectors::new(words, rows.to_vec(), 2), &|_, _| ());
        let norms = norms.unwrap();
        assert_eq!([norms.min, norms.median, norms.max], expected);
        assert_eq!(not_finite.rows, rows.iter().filter(|x| x.is_nan()).count() as u64);
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        norms(&[3.0, 4.0, 0.0, 1.0, 0.0, 2.0], [1.0, 2.0, 5.0]);
        norms(&[3.0, 4.0, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0], [1.0, 2.5, 5.0]);
        let of_none = Norms::of(&WordVectors::new(Vec::new(), Vec::new(), 2), &|_, _| ());
        assert_eq!(of_none, (None, NotFinite::default()));
    }

    #[test]
    fn a_row_that_is_not_finite_has_no_length() {
        norms(&[3.0, 4.0, f32::NAN, 1.0, 0.0, 2.0, 0.0, 1.0], [1.0, 2.0, 5.0]);
    }
}
