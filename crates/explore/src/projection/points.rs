//! Points: the input and the output of a projection.

use std::cmp::Ordering;
use std::sync::atomic::{self, AtomicU64};

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;
use serde::{Serialize, Serializer};
use wordspace_similarity::{mean, top_k};

use crate::Progress;

/// n points in some dimension, row-major. As JSON, a list of lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    /// `[n, dimension]`
    values: Vec<f64>,
    dimension: usize,
}

impl Points {
    /// Points in `dimension` dimensions.
    ///
    /// # Panics
    ///
    /// If `values` does not divide into rows of `dimension` values.
    pub fn new(values: Vec<f64>, dimension: usize) -> Self {
        assert!(dimension > 0 && values.len().is_multiple_of(dimension), "{} values by {dimension}", values.len());
        Self { values, dimension }
    }

    /// n.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimension
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of coordinates of a point.
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

    /// All coordinates, `[n, dimension]`.
    pub fn as_slice(&self) -> &[f64] {
        &self.values
    }

    /// The mean of the points, `[dimension]`.
    pub fn mean(&self) -> Vec<f64> {
        mean(&self.values, self.dimension)
    }

    /// The points less their mean.
    pub fn centred(&self) -> Self {
        let mean = self.mean();
        let values = self.rows().flat_map(|row| row.iter().zip(&mean).map(|(x, mean)| x - mean)).collect();
        Self { values, dimension: self.dimension }
    }

    /// The squared Euclidean distances of one point to all.
    pub(super) fn squared_distances(&self, point: usize) -> Vec<f64> {
        Arch::new().dispatch(SquaredDistances { points: self, own: self.row(point) })
    }

    /// The `k` nearest others of every point with their squared Euclidean distances, nearest first, points of equal distance
    /// by index. Exact: all pairs are compared.
    pub(super) fn nearest(&self, k: usize, progress: Progress<'_>) -> Vec<Vec<(usize, f64)>> {
        let done = AtomicU64::new(0);
        let nearest_of = |point: usize| {
            let mut all: Vec<(usize, f64)> = self.squared_distances(point).into_iter().enumerate().collect();
            all.swap_remove(point);
            let nearest = top_k(all, k, nearer);
            progress(1 + done.fetch_add(1, atomic::Ordering::Relaxed), self.len() as u64);
            nearest
        };
        (0..self.len()).into_par_iter().map(nearest_of).collect()
    }
}

/// All squared distances from `own`, in SIMD registers as wide as the CPU has.
struct SquaredDistances<'a> {
    points: &'a Points,
    own: &'a [f64],
}

impl WithSimd for SquaredDistances<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<f64> {
        let mut squares = Vec::with_capacity(self.points.len());
        for other in 0..self.points.len() {
            squares.push(squared_distance(self.own, self.points.row(other)));
        }
        squares
    }
}

impl Serialize for Points {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows())
    }
}

/// Orders neighbours by distance, then by index.
pub(super) fn nearer(a: &(usize, f64), b: &(usize, f64)) -> Ordering {
    a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))
}

/// The squared Euclidean distance, in eight partial sums, so that a SIMD register of them is added at once. Written with
/// indices, because iterators that are not inlined are not compiled for wide registers.
#[inline(always)]
fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for at in 0..a.len().min(b.len()) {
        for lane in 0..8 {
            sums[lane] += (a[at][lane] - b[at][lane]) * (a[at][lane] - b[at][lane]);
        }
    }
    let mut sum = sums.iter().sum();
    for at in 0..a_rest.len().min(b_rest.len()) {
        sum += (a_rest[at] - b_rest[at]) * (a_rest[at] - b_rest[at]);
    }
    sum
}
