//! The axes on which a run's words are shown: one set for all its frames, so that a word moves only where it moves.
//!
//! They are the principal components of the newest frame. When a newer one has come they are found again, and turned to
//! where the words were on the axes before (orthogonal Procrustes): what one looks at turns slowly instead of jumping.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wordspace_data::WordVectors;
use wordspace_explore::projection::{Points, on_axes, pca};
use wordspace_explore::rotation;

use crate::frame::Frame;

/// How many dimensions the page has.
pub(crate) const DIMS: usize = 3;

/// How many words the axes are found of, the most frequent ones.
const MOST_WORDS: usize = 10_000;

/// How often the axes of a run that is being trained are turned at most.
const PAUSE: Duration = Duration::from_secs(1);

/// A run that is being trained gives to its axes one part of its time in as many.
const PART: u32 = 50;

/// Three directions in the space of a run's vectors.
#[derive(Debug)]
pub(crate) struct Axes {
    /// Which ones, from 1.
    pub version: u32,
    /// `[3, C]`, each of length 1; zeros where the vectors do not differ in as many directions.
    pub directions: Vec<Vec<f32>>,
}

/// The axes of a run, turned now and then.
pub(crate) struct Turning {
    version: u32,
    axes: Option<Arc<Axes>>,
    /// The newest frame when they were found.
    step: u64,
    /// When they may be found again while the run goes on.
    due: Instant,
}

impl Turning {
    /// No axes yet; the first will be the next after `version`.
    pub fn after(version: u32) -> Self {
        Self { version, axes: None, step: 0, due: Instant::now() }
    }

    /// The version of the axes that were found last.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The axes there are, if they are good for a run of vectors of `channels` numbers whose newest frame is that of `step`.
    pub fn current(&self, step: u64, channels: usize, is_training: bool) -> Option<Arc<Axes>> {
        let is_early = is_training && Instant::now() < self.due;
        self.last(channels).filter(|_| self.step == step || is_early)
    }

    /// The axes that were found last, however old, if they are directions among vectors of `channels` numbers.
    pub fn last(&self, channels: usize) -> Option<Arc<Axes>> {
        self.axes.clone().filter(|axes| axes.directions[0].len() == channels)
    }

    /// Takes up `directions`, which took as long as `cost` to find for a run whose newest frame is that of `step`.
    pub fn turn(&mut self, directions: Vec<Vec<f32>>, step: u64, cost: Duration) -> Arc<Axes> {
        self.version += 1;
        let axes = Arc::new(Axes { version: self.version, directions });
        (self.axes, self.step) = (Some(axes.clone()), step);
        self.due = Instant::now() + PAUSE.max(cost * PART);
        axes
    }
}

/// The principal directions of `frame`, turned to where `before` shows its words. `by_count` are the rows, the most frequent
/// words first.
pub(crate) fn find(frame: &Frame, by_count: &[u32], before: Option<&Axes>) -> Vec<Vec<f32>> {
    directions(&sample(&frame.vectors, by_count), before)
}

/// The vectors of the most frequent words that have only numbers, `[n, C]`.
fn sample(vectors: &WordVectors, by_count: &[u32]) -> Points {
    let rows = by_count.iter().filter(|row| (**row as usize) < vectors.len()).map(|&row| vectors.row(row));
    let finite = rows.filter(|row| row.iter().all(|x| x.is_finite())).take(MOST_WORDS);
    Points::new(finite.flat_map(|row| row.iter().map(|&x| x as f64).collect::<Vec<_>>()).collect(), vectors.dimension())
}

/// The principal directions of `points`, turned to where `before` shows them.
fn directions(points: &Points, before: Option<&Axes>) -> Vec<Vec<f32>> {
    let (n, c) = (points.len(), points.dimension());
    if n == 0 {
        return vec![vec![0.0; c]; DIMS];
    }
    let found = pca(points, DIMS.min(n).min(c), &|_, _| ());
    let missing = DIMS - found.components.len();
    let components = Points::new([found.components.as_slice(), &vec![0.0; missing * c]].concat(), c);
    let Some(before) = before else { return components.rows().map(narrow).collect() };
    let centred = points.centred();
    let before = Points::new(before.directions.iter().flatten().map(|&x| x as f64).collect(), c);
    let turn = rotation(&on_axes(&centred, &components), &on_axes(&centred, &before));
    let direction = |axis: usize| {
        let coordinate = |at: usize| (0..DIMS).map(|i| turn[i * DIMS + axis] * components.row(i)[at]).sum::<f64>();
        narrow(&(0..c).map(coordinate).collect::<Vec<f64>>())
    };
    (0..DIMS).map(direction).collect()
}

fn narrow(direction: &[f64]) -> Vec<f32> {
    direction.iter().map(|&x| x as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty points of five coordinates, the first of which differ most; `turned` exchanges two of them.
    fn cloud(turned: bool) -> Points {
        let row = |i: usize| {
            let at = |j: usize| ((3 * i + 7 * j + i * j) as f64).sin() * (8 - j) as f64;
            if turned { [at(1), at(0), at(2), at(3), at(4)] } else { [at(0), at(1), at(2), at(3), at(4)] }
        };
        Points::new((0..40).flat_map(row).collect(), 5)
    }

    fn shown(points: &Points, directions: &[Vec<f32>]) -> Points {
        on_axes(&points.centred(), &Points::new(directions.iter().flatten().map(|&x| x as f64).collect(), 5))
    }

    fn distance(a: &Points, b: &Points) -> f64 {
        a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    #[test]
    fn new_axes_show_the_words_as_near_as_can_be_to_where_the_old_ones_did() {
        let (first, second) = (cloud(false), cloud(true));
        let old = Axes { version: 1, directions: directions(&first, None) };
        let (turned, plain) = (directions(&second, Some(&old)), directions(&second, None));
        let before = shown(&second, &old.directions);
        assert!(distance(&shown(&second, &turned), &before) <= distance(&shown(&second, &plain), &before) + 1e-9);
        let length = |points: &Points| distance(points, &Points::new(vec![0.0; points.as_slice().len()], 3));
        assert!((length(&shown(&second, &turned)) / length(&shown(&second, &plain)) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_same_frame_again_keeps_its_axes() {
        let old = Axes { version: 1, directions: directions(&cloud(false), None) };
        let new = directions(&cloud(false), Some(&old));
        let all = |directions: &[Vec<f32>]| directions.concat();
        assert!(all(&new).iter().zip(all(&old.directions)).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn vectors_of_one_number_and_tables_without_a_finite_row_have_axes_of_zeros() {
        assert_eq!(directions(&Points::new(vec![1.0, 2.0], 1), None), [[1.0], [0.0], [0.0]]);
        assert_eq!(directions(&Points::new(Vec::new(), 4), None), vec![vec![0.0; 4]; 3]);
    }
}
