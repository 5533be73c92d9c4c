//! Where words came from: their places at earlier steps of a run, in the axes of the last.

use serde::Serialize;

use super::{Chosen, Method, Points, Progress, lay_out, on_axes};
use crate::align::align;

/// The way of one word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trail {
    /// The word.
    pub word: String,
    /// Where it was, step by step, `[steps, dims]`.
    pub points: Points,
}

/// The steps of the frames, and every word's way through them to `last`.
///
/// Each frame is seen from its own mean, so that a table that drifts as a whole stays in the picture. Principal components
/// are those of the last frame for all. A layout has no axes, so each frame's begins where that of the frame after it
/// ended, and is turned onto it.
pub(super) fn trails(
    chosen: &Chosen,
    last: &Points,
    components: &Points,
    method: Method,
    seed: u64,
    progress: Progress<'_>,
) -> (Vec<u64>, Vec<Trail>) {
    let Some(((last_step, _), earlier)) = chosen.frames.split_last() else { return (Vec::new(), Vec::new()) };
    let mut seen = vec![last.clone()];
    for (_, vectors) in earlier.iter().rev() {
        let after = &seen[seen.len() - 1];
        seen.push(match method {
            Method::Pca => on_axes(&vectors.centred(), components),
            _ => align(&lay_out(vectors, after, method, seed, progress), after),
        });
    }
    let way = |word: usize| seen.iter().rev().flat_map(|points| points.row(word).to_vec()).collect();
    let words = chosen.words.iter().enumerate();
    let trails = words.map(|(row, word)| Trail { word: word.clone(), points: Points::new(way(row), last.dimension()) });
    (earlier.iter().map(|(step, _)| *step).chain([*last_step]).collect(), trails.collect())
}

#[cfg(test)]
mod tests {
    use super::super::Projection;
    use super::*;

    /// Twelve words that fan out from one place over four frames, while all of them drift.
    fn chosen() -> Chosen {
        let frame = |step: usize| {
            let number = |i: usize, j: usize| step as f64 * (((i * i + 3 * j) as f64).sin() + 5.0);
            Points::new((0..12 * 4).map(|at| number(at / 4, at % 4)).collect(), 4)
        };
        Chosen {
            words: (0..12).map(|i| format!("w{i}")).collect(),
            classes: vec![None; 12],
            vectors: frame(3),
            frames: (0..4).map(|step| (10 * step as u64, frame(step))).collect(),
        }
    }

    #[test]
    fn trails_end_at_the_points_and_hold_one_place_a_step() {
        for method in [Method::Pca, Method::Tsne, Method::Umap] {
            let projection = Projection::of(&chosen(), method, 2, 1, &|_, _| ()).unwrap();
            assert_eq!(projection.steps, [0, 10, 20, 30]);
            for (row, trail) in projection.trails.iter().enumerate() {
                assert_eq!((trail.points.len(), trail.points.row(3)), (4, projection.points.row(row)));
            }
        }
    }

    #[test]
    fn words_that_grow_apart_run_straight_from_the_middle_however_the_table_drifts() {
        let projection = Projection::of(&chosen(), Method::Pca, 2, 1, &|_, _| ()).unwrap();
        for (row, trail) in projection.trails.iter().enumerate() {
            for (step, point) in trail.points.rows().enumerate() {
                for (a, b) in point.iter().zip(projection.points.row(row)) {
                    assert!((a - b * step as f64 / 3.0).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_projected_is_said() {
        let fails = |chosen: Chosen, dims: usize| {
            Projection::of(&chosen, Method::Pca, dims, 1, &|_, _| ()).unwrap_err().to_string()
        };
        let of = |values: Vec<f64>, c: usize| {
            let vectors = Points::new(values, c);
            let words = (0..vectors.len()).map(|i| format!("w{i}")).collect();
            Chosen { words, classes: vec![None; vectors.len()], vectors, frames: Vec::new() }
        };
        assert!(fails(of(vec![1.0; 4], 2), 2).contains("at least 3 different words, found 2"));
        assert!(fails(of(vec![1.0; 8], 2), 3).contains("vectors of 2 numbers"));
        assert!(fails(of(vec![0.0, 1.0, 2.0, f64::NAN, 4.0, 5.0], 2), 2).contains("\"w1\""));
    }
}
