//! The mean of many vectors, which centred cosines subtract first.

use crate::chunks::{Progress, in_chunks};
use crate::rows::{NotFinite, Rows, elements};

/// A mean of vectors, summed in `f64`, vector after vector.
#[derive(Clone, Debug)]
pub struct Mean {
    sum: Vec<f64>,
    count: u64,
}

impl Mean {
    /// Of no vectors yet, of `dimension` elements each.
    pub fn new(dimension: usize) -> Self {
        Self { sum: vec![0.0; dimension], count: 0 }
    }

    /// Adds one vector, `[C]`.
    #[inline]
    pub fn add<T: Into<f64>>(&mut self, vector: impl IntoIterator<Item = T>) {
        self.sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x.into());
        self.count += 1;
    }

    /// Adds the vectors that `other` has summed.
    pub fn merge(&mut self, other: Self) {
        self.sum.iter_mut().zip(other.sum).for_each(|(sum, x)| *sum += x);
        self.count += other.count;
    }

    /// The mean, `[C]`; zeros of no vectors.
    pub fn finish(self) -> Vec<f64> {
        let count = self.count.max(1) as f64;
        self.sum.into_iter().map(|sum| sum / count).collect()
    }
}

/// The mean of `rows`, `[N, C]`; C is `dimension`.
pub fn mean<T: Copy + Into<f64>>(rows: &[T], dimension: usize) -> Vec<f64> {
    let mut mean = Mean::new(dimension);
    rows.chunks_exact(dimension).for_each(|row| mean.add(row.iter().copied()));
    mean.finish()
}

/// The mean of the finite rows, `[C]`, on all threads, and the rows that are not finite.
pub fn mean_of_finite(rows: &impl Rows, progress: Progress<'_>) -> (Vec<f32>, NotFinite) {
    let chunks = in_chunks(rows.row_count(), progress, |chunk| {
        let (mut mean, mut not_finite) = (Mean::new(rows.dimension()), NotFinite::default());
        for row in chunk {
            let vector = rows.row_bytes(row);
            // 0 · x is 0 for finite x: a sum is faster than a test of each element.
            if elements(vector).map(|x| x * 0.0).sum::<f32>() == 0.0 || !not_finite.note(rows, row) {
                mean.add(elements(vector));
            }
        }
        (mean, not_finite)
    });
    let (mut mean, mut not_finite) = (Mean::new(rows.dimension()), NotFinite::default());
    for (of_chunk, met) in chunks {
        mean.merge(of_chunk);
        not_finite.merge(met);
    }
    (mean.finish().into_iter().map(|x| x as f32).collect(), not_finite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::tests::Table;

    #[test]
    fn a_mean_is_of_each_element_and_of_no_vectors_zero() {
        assert_eq!(mean(&[1.0_f32, 2.0, 3.0, 6.0], 2), [2.0, 4.0]);
        assert_eq!(mean(&[] as &[f64], 3), [0.0; 3]);
    }

    #[test]
    fn rows_that_are_not_finite_are_left_out_of_the_mean() {
        let table = Table { rows: vec![1.0, 2.0, f32::NAN, 0.0, 3.0, 6.0, 0.0, f32::INFINITY], dimension: 2 };
        let (mean, not_finite) = mean_of_finite(&table, &|_, _| ());
        assert_eq!((mean, not_finite), (vec![2.0, 4.0], NotFinite { rows: 2, first: Some(1) }));
    }

    #[test]
    fn the_mean_has_the_same_bits_at_any_number_of_threads() {
        let table = Table { rows: (0..30_000).map(|i| (i as f32 * 0.37).sin()).collect(), dimension: 3 };
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| mean_of_finite(&table, &|_, _| ()))
        };
        assert_eq!(with(1), with(3));
    }
}
