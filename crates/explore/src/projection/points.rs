//! Points with coordinates: what goes into a projection and what comes out.

use std::sync::atomic::{AtomicUsize, Ordering};

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use serde::{Serialize, Serializer};

use super::Progress;

/// n points of as many coordinates each, point after point. Written as JSON, a list of lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    values: Vec<f64>,
    dimension: usize,
}

impl Points {
    /// Points of `dimension` coordinates each.
    ///
    /// # Panics
    ///
    /// If the numbers do not make whole points.
    pub fn new(values: Vec<f64>, dimension: usize) -> Self {
        assert!(dimension > 0 && values.len().is_multiple_of(dimension), "{} numbers by {dimension}", values.len());
        Self { values, dimension }
    }

    /// n: how many points there are.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimension
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many coordinates a point has.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// One point.
    pub fn row(&self, point: usize) -> &[f64] {
        &self.values[point * self.dimension..][..self.dimension]
    }

    /// All points in order.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.dimension)
    }

    /// All numbers, `[n, dimension]`.
    pub fn as_slice(&self) -> &[f64] {
        &self.values
    }

    /// The mean of every coordinate.
    pub fn mean(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.dimension];
        for row in self.rows() {
            mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        mean.iter_mut().for_each(|sum| *sum /= self.len().max(1) as f64);
        mean
    }

    /// The points seen from their mean.
    pub fn centred(&self) -> Self {
        let mean = self.mean();
        let values = self.rows().flat_map(|row| row.iter().zip(&mean).map(|(x, mean)| x - mean)).collect();
        Self { values, dimension: self.dimension }
    }

    /// The squared Euclidean distances of one point to all.
    pub(super) fn squares_from(&self, point: usize) -> Vec<f64> {
        Arch::new().dispatch(Squares { points: self, own: self.row(point) })
    }

    /// The `k` nearest others of every point with their squared Euclidean distances, nearest first; points equally far in
    /// their order. Exact: all pairs are looked at.
    pub(super) fn nearest(&self, k: usize, progress: Progress<'_>) -> Vec<Vec<(usize, f64)>> {
        let done = AtomicUsize::new(0);
        let nearest_of = |point: usize| {
            let mut all: Vec<(usize, f64)> = self.squares_from(point).into_iter().enumerate().collect();
            all.swap_remove(point);
            if k < all.len() {
                all.select_nth_unstable_by(k, nearer);
                all.truncate(k);
                all.shrink_to_fit();
            }
            all.sort_unstable_by(nearer);
            progress(1 + done.fetch_add(1, Ordering::Relaxed), self.len());
            all
        };
        (0..self.len()).into_par_iter().map(nearest_of).collect()
    }
}

/// All squared distances from `own`, by registers as wide as the processor has.
struct Squares<'a> {
    points: &'a Points,
    own: &'a [f64],
}

impl WithSimd for Squares<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f64> {
        let mut squares = vec![0.0; self.points.len()];
        for other in 0..squares.len() {
            squares[other] = squared_distance(self.own, self.points.row(other));
        }
        squares
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows())
    }
}

/// The order of neighbours: by distance, then by number.
pub(super) fn nearer(a: &(usize, f64), b: &(usize, f64)) -> std::cmp::Ordering {
    a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))
}

/// Squared Euclidean distance, in eight sums side by side so that the processor adds several at once. It counts by hand: in
/// wide registers only what is inlined is compiled.
#[inline(always)]
fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for at in 0..a.len().min(b.len()) {
        for lane in 0..8 {
            sums[lane] += (a[at][lane] - b[at][lane]) * (a[at][lane] - b[at][lane]);
        }
    }
    let mut sum = 0.0;
    for lane in 0..8 {
        sum += sums[lane];
    }
    for at in 0..a_rest.len().min(b_rest.len()) {
        sum += (a_rest[at] - b_rest[at]) * (a_rest[at] - b_rest[at]);
    }
    sum
}

/// The product of two rows, summed as [`squared_distance`] sums.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}
