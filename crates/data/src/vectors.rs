//! A table of vectors in memory, and what is near what in it.

use crate::random::{below, generator};

/// How many random pairs a percentile is taken against.
const RANDOM_PAIRS: usize = 2000;

/// V vectors of C numbers, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorTable {
    rows: Vec<f32>,
    dimension: usize,
}

impl VectorTable {
    /// A table of `rows`, each `dimension` numbers long.
    ///
    /// # Panics
    ///
    /// If the numbers do not make whole rows.
    pub fn new(rows: Vec<f32>, dimension: usize) -> Self {
        assert!(dimension > 0 && rows.len().is_multiple_of(dimension), "{} numbers in rows of {dimension}", rows.len());
        Self { rows, dimension }
    }

    /// V: how many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len() / self.dimension
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// C: how many numbers a row has.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// One row, `[C]`.
    pub fn row(&self, row: u32) -> &[f32] {
        &self.rows[row as usize * self.dimension..][..self.dimension]
    }

    /// All numbers, `[V, C]`.
    pub fn as_slice(&self) -> &[f32] {
        &self.rows
    }

    /// The numbers, `[V, C]`, without a copy.
    pub fn into_vec(self) -> Vec<f32> {
        self.rows
    }

    /// Where each row points.
    pub fn directions(&self) -> Directions {
        Directions::of(self.rows.clone(), self.dimension)
    }

    /// Where each row points, seen from the mean of all rows.
    ///
    /// A table that also serves as the head drifts as a whole, and every raw cosine rises with it; seen from the mean,
    /// only what sets words apart is left (Mu and Viswanath 2018, "All-but-the-Top").
    pub fn centred_directions(&self) -> Directions {
        let mut mean = vec![0.0_f64; self.dimension];
        for row in self.rows.chunks_exact(self.dimension) {
            mean.iter_mut().zip(row).for_each(|(sum, &x)| *sum += x as f64);
        }
        let rows = self
            .rows
            .chunks_exact(self.dimension)
            .flat_map(|row| row.iter().zip(&mean).map(|(&x, sum)| (x as f64 - sum / self.len() as f64) as f32));
        Directions::of(rows.collect(), self.dimension)
    }
}

/// The rows of a table made one long, so that a product of two is their cosine. A row of zeros stays zero.
#[derive(Clone, Debug)]
pub struct Directions {
    rows: Vec<f32>,
    dimension: usize,
}

impl Directions {
    fn of(mut rows: Vec<f32>, dimension: usize) -> Self {
        for row in rows.chunks_exact_mut(dimension) {
            let length = row.iter().map(|&x| x as f64 * x as f64).sum::<f64>().sqrt();
            if length > 0.0 {
                row.iter_mut().for_each(|x| *x = (*x as f64 / length) as f32);
            }
        }
        Self { rows, dimension }
    }

    /// Cosine of the angle between two rows.
    pub fn cosine(&self, a: u32, b: u32) -> f32 {
        dot(self.row(a), self.row(b))
    }

    /// The `n` rows nearest to `row`, itself left out, nearest first; rows of equal cosine in their order.
    pub fn neighbours(&self, row: u32, n: usize) -> Vec<(u32, f32)> {
        let mut all: Vec<(u32, f32)> = self.cosines(row).filter(|&(other, _)| other != row).collect();
        let nearest_first = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
        if n < all.len() {
            all.select_nth_unstable_by(n, nearest_first);
            all.truncate(n);
        }
        all.sort_unstable_by(nearest_first);
        all
    }

    /// The place of `other` among the neighbours of `row`, from 1.
    pub fn rank(&self, row: u32, other: u32) -> usize {
        let own = self.cosine(row, other);
        let nearer =
            |(at, cosine): (u32, f32)| at != row && at != other && (cosine > own || cosine == own && at < other);
        1 + self.cosines(row).filter(|&found| nearer(found)).count()
    }

    /// The cosines that chance gives, as [`chance_of_pairs`] has it.
    pub fn chance(&self, seed: u64) -> [f32; 3] {
        chance_of_pairs(self.rows.len() / self.dimension, seed, |a, b| self.cosine(a, b))
    }

    /// The share of random pairs, in per cent, whose cosine is below that of `a` and `b`, as [`percentile_of_pair`] has it.
    pub fn percentile(&self, a: u32, b: u32, counts: &[u64], seed: u64) -> f64 {
        percentile_of_pair(a, b, counts.len(), Some(counts), seed, |a, b| self.cosine(a, b))
    }

    /// Mean over the rows in `classes` of how many of a row's `n` nearest neighbours share a class with it.
    ///
    /// Where a class has no `n` others, as many as it has are looked at, so 1 is always within reach. None without a
    /// class of two.
    pub fn purity(&self, classes: &[Vec<u32>], n: usize) -> Option<f64> {
        let (mut sum, mut rows) = (0.0, 0);
        for class in classes.iter().filter(|class| class.len() > 1) {
            let looked_at = n.min(class.len() - 1);
            for &row in class {
                let nearest = self.neighbours(row, looked_at);
                let shares = |other: &u32| classes.iter().any(|class| class.contains(&row) && class.contains(other));
                sum += nearest.iter().filter(|(other, _)| shares(other)).count() as f64 / looked_at as f64;
                rows += 1;
            }
        }
        (rows > 0).then(|| sum / rows as f64)
    }

    fn row(&self, row: u32) -> &[f32] {
        &self.rows[row as usize * self.dimension..][..self.dimension]
    }

    fn cosines(&self, row: u32) -> impl Iterator<Item = (u32, f32)> + '_ {
        let own = self.row(row);
        self.rows.chunks_exact(self.dimension).enumerate().map(move |(at, other)| (at as u32, dot(own, other)))
    }
}

/// What `cosine` chance gives among `words`: below the first number lie 5 % of random pairs, below the others 50 % and 95 %.
///
/// # Panics
///
/// If there are no words.
pub fn chance_of_pairs(words: usize, seed: u64, cosine: impl Fn(u32, u32) -> f32) -> [f32; 3] {
    let mut random = generator(seed, "chance", 0);
    let mut pair = || cosine(below(&mut random, words as u64) as u32, below(&mut random, words as u64) as u32);
    let mut cosines: Vec<f32> = (0..RANDOM_PAIRS).map(|_| pair()).collect();
    cosines.sort_unstable_by(f32::total_cmp);
    [5, 50, 95].map(|percent| cosines[RANDOM_PAIRS * percent / 100])
}

/// The share of random pairs, in per cent, whose `cosine` is below that of `a` and `b`: a percentile of 50 is chance.
///
/// Rare words have other vectors than frequent ones whatever they mean, so the random pairs are of similar frequency: each
/// word comes from the tenth of the `words` around `a` or `b`, in order of `counts`. Without counts it comes from all.
pub fn percentile_of_pair(
    a: u32,
    b: u32,
    words: usize,
    counts: Option<&[u64]>,
    seed: u64,
    cosine: impl Fn(u32, u32) -> f32,
) -> f64 {
    let mut by_count: Vec<u32> = (0..words as u32).collect();
    if let Some(counts) = counts {
        by_count.sort_by_key(|&row| (std::cmp::Reverse(counts[row as usize]), row));
    }
    let around = |row: u32| {
        let place = by_count.iter().position(|&other| other == row).expect("the row is in the table");
        let width = if counts.is_some() { (words / 10).max(20).min(words) } else { words };
        let first = place.saturating_sub(width / 2).min(words - width);
        &by_count[first..first + width]
    };
    let (like_a, like_b, own) = (around(a), around(b), cosine(a, b));
    let mut random = generator(seed, "random pairs", 0);
    let mut pick = |rows: &[u32]| rows[below(&mut random, rows.len() as u64) as usize];
    let (mut below_own, mut pairs) = (0, 0);
    for _ in 0..RANDOM_PAIRS {
        let (x, y) = (pick(like_a), pick(like_b));
        if x != y && (x, y) != (a, b) && (x, y) != (b, a) {
            let other = cosine(x, y);
            // Where a vector is not finite there is no cosine to compare with.
            pairs += usize::from(!other.is_nan());
            below_own += usize::from(other < own);
        }
    }
    // Among three words there is no other pair to compare with.
    if pairs == 0 { 50.0 } else { 100.0 * below_own as f64 / pairs as f64 }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Row i points at angle `degrees[i]`.
    fn fan(degrees: &[f32]) -> Directions {
        let rows = degrees.iter().flat_map(|d| [d.to_radians().cos() * 3.0, d.to_radians().sin() * 3.0]).collect();
        VectorTable::new(rows, 2).directions()
    }

    #[test]
    fn neighbours_come_nearest_first_and_leave_the_row_out() {
        let found = fan(&[0.0, 50.0, 10.0, 30.0]).neighbours(0, 2);
        assert_eq!(found.iter().map(|&(row, _)| row).collect::<Vec<_>>(), [2, 3]);
        assert!((found[0].1 - 10_f32.to_radians().cos()).abs() < 1e-6);
    }

    #[test]
    fn a_rank_is_the_place_in_the_list_of_neighbours() {
        let fan = fan(&[0.0, 50.0, 10.0, 30.0, 10.0]);
        for row in 0..5 {
            for (place, (other, _)) in fan.neighbours(row, 4).into_iter().enumerate() {
                assert_eq!(fan.rank(row, other), place + 1);
            }
        }
    }

    #[test]
    fn centring_removes_what_all_rows_share() {
        let table = VectorTable::new(vec![10.0, 1.0, 10.0, -1.0, 11.0, 0.0, 9.0, 0.0], 2);
        assert!(table.directions().cosine(0, 1) > 0.95);
        assert!((table.centred_directions().cosine(0, 1) + 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_row_of_zeros_is_near_nothing() {
        let table = VectorTable::new(vec![0.0, 0.0, 1.0, 0.0], 2);
        assert_eq!(table.directions().cosine(0, 1), 0.0);
    }

    #[test]
    fn purity_is_one_when_classes_stand_apart_and_zero_when_each_is_among_the_others() {
        let apart = fan(&[0.0, 1.0, 2.0, 90.0, 91.0]);
        assert_eq!(apart.purity(&[vec![0, 1, 2], vec![3, 4]], 10), Some(1.0));
        let mixed = fan(&[0.0, 90.0, 1.0, 91.0]);
        assert_eq!(mixed.purity(&[vec![0, 1], vec![2, 3]], 10), Some(0.0));
        assert_eq!(mixed.purity(&[vec![0]], 10), None);
    }

    #[test]
    fn the_nearest_pair_is_above_almost_all_random_pairs_and_the_farthest_below() {
        let degrees: Vec<f32> = (0..100).map(|i| i as f32).collect();
        let counts = vec![5; 100];
        assert!(fan(&degrees).percentile(40, 41, &counts, 1) > 90.0);
        assert!(fan(&degrees).percentile(0, 99, &counts, 1) < 40.0);
    }
}
