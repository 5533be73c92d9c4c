//! The lengths of a table's vectors.

use wordspace_data::WordVectors;
use wordspace_similarity::{NotFinite, Progress, in_chunks, norm};

/// The range of the lengths of vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Norms {
    /// The shortest.
    pub min: f64,
    /// The median; of an even number the mean of the middle two, as in NumPy.
    pub median: f64,
    /// The longest.
    pub max: f64,
}

impl Norms {
    /// Of the finite vectors, none if there are none; and the rows that are not finite.
    pub fn of(vectors: &WordVectors, progress: Progress<'_>) -> (Option<Self>, NotFinite) {
        let chunks = in_chunks(vectors.len(), progress, |rows| {
            let (mut norms, mut not_finite) = (Vec::with_capacity(rows.len()), NotFinite::default());
            for row in rows {
                let norm = norm(&vectors.row(row));
                if norm.is_finite() || !not_finite.note(vectors, row) {
                    norms.push(norm);
                }
            }
            (norms, not_finite)
        });
        let (mut norms, mut not_finite) = (Vec::with_capacity(vectors.len()), NotFinite::default());
        for (of_chunk, met) in chunks {
            norms.extend(of_chunk);
            not_finite.merge(met);
        }
        (Self::of_norms(norms), not_finite)
    }

    fn of_norms(mut norms: Vec<f64>) -> Option<Self> {
        norms.sort_unstable_by(f64::total_cmp);
        let middle = norms.len() / 2;
        let (&min, &max) = (norms.first()?, norms.last()?);
        let median = match norms.len() % 2 {
            1 => norms[middle],
            _ => (norms[middle - 1] + norms[middle]) / 2.0,
        };
        Some(Self { min, median, max })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rows: &[f32], expected: [f64; 3]) {
        let words = (0..rows.len() / 2).map(|row| row.to_string()).collect();
        let (norms, not_finite) = Norms::of(&WordVectors::new(words, rows.to_vec(), 2), &|_, _| ());
        let norms = norms.unwrap();
        assert_eq!([norms.min, norms.median, norms.max], expected);
        assert_eq!(not_finite.rows, rows.iter().filter(|x| x.is_nan()).count() as u64);
    }

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        check(&[3.0, 4.0, 0.0, 1.0, 0.0, 2.0], [1.0, 2.0, 5.0]);
        check(&[3.0, 4.0, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0], [1.0, 2.5, 5.0]);
        let of_none = Norms::of(&WordVectors::new(Vec::new(), Vec::new(), 2), &|_, _| ());
        assert_eq!(of_none, (None, NotFinite::default()));
    }

    #[test]
    fn a_row_that_is_not_finite_is_left_out() {
        check(&[3.0, 4.0, f32::NAN, 1.0, 0.0, 2.0, 0.0, 1.0], [1.0, 2.0, 5.0]);
    }
}
