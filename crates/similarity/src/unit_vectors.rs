//! Rows scaled to length 1, so that a dot product is a cosine.

use crate::random_pairs::{chance_level, percentile};
use crate::rows::Rows;
use crate::top_k::{descending, top_k};
use crate::{mean, norm};

/// N unit vectors of C elements. A row of zeros stays zero: its cosine with every row is 0.
#[derive(Clone, Debug)]
pub struct UnitVectors {
    /// `[N, C]`
    rows: Vec<f32>,
    dimension: usize,
}

impl UnitVectors {
    /// The rows of `rows`, `[N, C]`, scaled to length 1; C is `dimension`.
    ///
    /// # Panics
    ///
    /// If `rows` does not divide into rows of `dimension` elements.
    pub fn new(mut rows: Vec<f32>, dimension: usize) -> Self {
        assert!(
            dimension > 0 && rows.len().is_multiple_of(dimension),
            "{} elements in rows of {dimension}",
            rows.len()
        );
        for row in rows.chunks_exact_mut(dimension) {
            let norm = norm(row);
            if norm > 0.0 {
                row.iter_mut().for_each(|x| *x = (*x as f64 / norm) as f32);
            }
        }
        Self { rows, dimension }
    }

    /// The same after the mean of all rows is subtracted from each: their dot products are centred cosines.
    ///
    /// # Panics
    ///
    /// As [`Self::new`].
    pub fn centred(rows: &[f32], dimension: usize) -> Self {
        let mean = mean(rows, dimension);
        let centred = rows
            .chunks_exact(dimension)
            .flat_map(|row| row.iter().zip(&mean).map(|(&x, mean)| (x as f64 - mean) as f32));
        Self::new(centred.collect(), dimension)
    }

    /// N.
    pub fn len(&self) -> usize {
        self.rows.len() / self.dimension
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Row `row`, `[C]`.
    pub fn row(&self, row: u32) -> &[f32] {
        &self.rows[row as usize * self.dimension..][..self.dimension]
    }

    /// The cosine of rows `a` and `b`.
    pub fn cosine(&self, a: u32, b: u32) -> f32 {
        dot_in_order(self.row(a), self.row(b))
    }

    /// The `k` rows nearest to `row` with their cosines, nearest first, without `row`; rows of equal cosine by index.
    pub fn neighbours(&self, row: u32, k: usize) -> Vec<(u32, f32)> {
        top_k(self.cosines(row).filter(|&(other, _)| other != row).collect(), k, descending)
    }

    /// The rank of `other` among the neighbours of `row`, from 1.
    pub fn rank(&self, row: u32, other: u32) -> usize {
        let own = self.cosine(row, other);
        let is_before =
            |(at, cosine): (u32, f32)| at != row && at != other && (cosine > own || cosine == own && at < other);
        1 + self.cosines(row).filter(|&found| is_before(found)).count()
    }

    /// The rank of `b` among the neighbours of `a`, and of `a` among those of `b`. The larger is their mutual rank.
    pub fn ranks(&self, a: u32, b: u32) -> [usize; 2] {
        [self.rank(a, b), self.rank(b, a)]
    }

    /// The [`chance_level`] of these rows.
    pub fn chance_level(&self, random: impl FnMut(u64) -> u64) -> [f32; 3] {
        chance_level(self.len(), random, |a, b| self.cosine(a, b))
    }

    /// The [`percentile`] of the pair `a`, `b` among random pairs of similar frequency.
    ///
    /// # Panics
    ///
    /// If `counts` does not have one count for each row.
    pub fn percentile(&self, a: u32, b: u32, counts: &[u64], random: impl FnMut(u64) -> u64) -> f64 {
        let own = self.cosine(a, b);
        percentile([Some(a), Some(b)], own, counts.len(), Some(counts), random, |a, b| self.cosine(a, b))
    }

    /// The mean, over all rows of `classes`, of the share of a row's `k` nearest neighbours that have a class in common
    /// with it.
    ///
    /// A row of a class with fewer than `k` others has as many neighbours as its class has others, so that 1 can always be
    /// reached. None if no class has two rows.
    pub fn purity(&self, classes: &[Vec<u32>], k: usize) -> Option<f64> {
        let (mut sum, mut rows) = (0.0, 0);
        for class in classes.iter().filter(|class| class.len() > 1) {
            let k = k.min(class.len() - 1);
            for &row in class {
                let shares = |other: u32| classes.iter().any(|class| class.contains(&row) && class.contains(&other));
                let of_class = self.neighbours(row, k).iter().filter(|&&(other, _)| shares(other)).count();
                sum += of_class as f64 / k as f64;
                rows += 1;
            }
        }
        (rows > 0).then(|| sum / rows as f64)
    }

    fn cosines(&self, row: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let own = self.row(row);
        self.rows.chunks_exact(self.dimension).enumerate().map(move |(at, other)| (at as u32, dot_in_order(own, other)))
    }
}

impl Rows for UnitVectors {
    fn row_count(&self) -> usize {
        self.len()
    }

    fn dimension(&self) -> usize {
        self.dimension
    }

    #[inline]
    fn row_bytes(&self, row: u32) -> &[u8] {
        bytemuck::cast_slice(self.row(row))
    }
}

/// The dot product in one sum, element after element: the logs of runs compare cosines to the last bit.
fn dot_in_order(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row i points at angle `degrees[i]`.
    fn fan(degrees: &[f32]) -> UnitVectors {
        let rows = degrees.iter().flat_map(|d| [d.to_radians().cos() * 3.0, d.to_radians().sin() * 3.0]).collect();
        UnitVectors::new(rows, 2)
    }

    #[test]
    fn neighbours_come_nearest_first_without_the_row_itself() {
        let found = fan(&[0.0, 50.0, 10.0, 30.0]).neighbours(0, 2);
        assert_eq!(found.iter().map(|&(row, _)| row).collect::<Vec<_>>(), [2, 3]);
        assert!((found[0].1 - 10_f32.to_radians().cos()).abs() < 1e-6);
    }

    #[test]
    fn a_rank_is_the_position_in_the_list_of_neighbours() {
        let fan = fan(&[0.0, 50.0, 10.0, 30.0, 10.0]);
        for row in 0..5 {
            for (nth, (other, _)) in fan.neighbours(row, 4).into_iter().enumerate() {
                assert_eq!(fan.rank(row, other), nth + 1);
                assert_eq!(fan.ranks(other, row)[1], nth + 1);
            }
        }
    }

    #[test]
    fn centring_removes_what_all_rows_share() {
        let rows = [10.0, 1.0, 10.0, -1.0, 11.0, 0.0, 9.0, 0.0];
        assert!(UnitVectors::new(rows.to_vec(), 2).cosine(0, 1) > 0.95);
        assert!((UnitVectors::centred(&rows, 2).cosine(0, 1) + 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_row_of_zeros_has_cosine_zero_with_every_row() {
        assert_eq!(UnitVectors::new(vec![0.0, 0.0, 1.0, 0.0], 2).cosine(0, 1), 0.0);
    }

    #[test]
    fn purity_is_one_for_separate_classes_and_zero_for_mixed_ones() {
        let separate = fan(&[0.0, 1.0, 2.0, 90.0, 91.0]);
        assert_eq!(separate.purity(&[vec![0, 1, 2], vec![3, 4]], 10), Some(1.0));
        let mixed = fan(&[0.0, 90.0, 1.0, 91.0]);
        assert_eq!(mixed.purity(&[vec![0, 1], vec![2, 3]], 10), Some(0.0));
        assert_eq!(mixed.purity(&[vec![0]], 10), None);
    }
}
