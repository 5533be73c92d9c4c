//! The axes on which a run's words are drawn: one set for all its frames, so that a word moves only if its vector does.
//!
//! They are the principal components of the newest frame. For a newer frame they are computed again and rotated to
//! where the words were on the axes before (orthogonal Procrustes): the picture turns slowly instead of jumping.

use wordspace_data::WordVectors;
use wordspace_explore::projection::{Points, on_axes, pca, rotation};

use crate::Frame;

/// How many dimensions the page draws.
pub const DIMENSIONS: usize = 3;

/// The axes are fitted to this many words at most, the most frequent ones; to fewer where vectors are longer than that, because
/// the time grows with the cube of the smaller of both.
const MAX_WORDS: usize = 10_000;
const FEW_WORDS: usize = 2048;

/// Three directions in the space of a run's vectors.
#[derive(Debug)]
pub struct Axes {
    /// Counts the changes of a run's axes, from 1: points of different versions are not comparable.
    pub version: u32,
    /// The update whose frame they were computed from.
    pub step: u64,
    /// `[3, C]`, each of length 1; zeros where the vectors vary in fewer directions.
    pub directions: Vec<Vec<f32>>,
}

/// The principal axes of `frame`, `[3, C]`, rotated to where `before` shows its words. `by_count` are its rows, the most
/// frequent words first.
pub fn principal_axes(frame: &Frame, by_count: &[u32], before: Option<&Axes>) -> Vec<Vec<f32>> {
    rotated_components(&frequent_vectors(&frame.vectors, by_count), before)
}

/// The vectors of the most frequent words, `[n, C]`, leaving out those that are not finite.
fn frequent_vectors(vectors: &WordVectors, by_count: &[u32]) -> Points {
    let rows = by_count.iter().filter(|row| (**row as usize) < vectors.len()).map(|&row| vectors.row(row));
    let most = if vectors.dimension() > FEW_WORDS { FEW_WORDS } else { MAX_WORDS };
    let finite = rows.filter(|row| row.iter().all(|x| x.is_finite())).take(most);
    Points::new(finite.flat_map(|row| row.iter().map(|&x| x as f64).collect::<Vec<_>>()).collect(), vectors.dimension())
}

/// The principal components of `points`, rotated to where `before` shows them.
fn rotated_components(points: &Points, before: Option<&Axes>) -> Vec<Vec<f32>> {
    let (n, c) = (points.len(), points.dimension());
    if n == 0 {
        return vec![vec![0.0; c]; DIMENSIONS];
    }
    let found = pca(points, DIMENSIONS.min(n).min(c), &|_, _| ());
    let missing = DIMENSIONS - found.components.len();
    let components = Points::new([found.components.as_slice(), &vec![0.0; missing * c]].concat(), c); // [3, C]
    let Some(before) = before else { return components.rows().map(to_f32).collect() };
    let centred = points.centred();
    let before = Points::new(before.directions.iter().flatten().map(|&x| x as f64).collect(), c);
    let rotation = rotation(&on_axes(&centred, &components), &on_axes(&centred, &before)); // [3, 3]
    let direction = |axis: usize| {
        let element =
            |at: usize| (0..DIMENSIONS).map(|i| rotation[i * DIMENSIONS + axis] * components.row(i)[at]).sum::<f64>();
        to_f32(&(0..c).map(element).collect::<Vec<f64>>())
    };
    (0..DIMENSIONS).map(direction).collect()
}

fn to_f32(direction: &[f64]) -> Vec<f32> {
    direction.iter().map(|&x| x as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty points of five coordinates with falling variance; `swapped` exchanges the first two.
    fn cloud(swapped: bool) -> Points {
        let row = |i: usize| {
            let at = |j: usize| ((3 * i + 7 * j + i * j) as f64).sin() * (8 - j) as f64;
            if swapped { [at(1), at(0), at(2), at(3), at(4)] } else { [at(0), at(1), at(2), at(3), at(4)] }
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
    fn new_axes_keep_words_close_to_where_the_old_ones_drew_them() {
        let (first, second) = (cloud(false), cloud(true));
        let old = Axes { version: 1, step: 0, directions: rotated_components(&first, None) };
        let (rotated, plain) = (rotated_components(&second, Some(&old)), rotated_components(&second, None));
        let before = shown(&second, &old.directions);
        assert!(distance(&shown(&second, &rotated), &before) <= distance(&shown(&second, &plain), &before) + 1e-9);
        let length = |points: &Points| distance(points, &Points::new(vec![0.0; points.as_slice().len()], 3));
        assert!((length(&shown(&second, &rotated)) / length(&shown(&second, &plain)) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn the_same_frame_again_keeps_its_axes() {
        let old = Axes { version: 1, step: 0, directions: rotated_components(&cloud(false), None) };
        let new = rotated_components(&cloud(false), Some(&old));
        assert!(new.concat().iter().zip(old.directions.concat()).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn axes_are_zero_where_vectors_have_one_channel_or_none_is_finite() {
        assert_eq!(rotated_components(&Points::new(vec![1.0, 2.0], 1), None), [[1.0], [0.0], [0.0]]);
        assert_eq!(rotated_components(&Points::new(Vec::new(), 4), None), vec![vec![0.0; 4]; 3]);
    }
}
