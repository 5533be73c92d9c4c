//! The paths of words through the frames of a run, in the axes of the last.

use serde::Serialize;

use super::align::align;
use super::chosen::Chosen;
use super::method::Method;
use super::pca::on_axes;
use super::points::Points;
use crate::Progress;

/// The path of one word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trail {
    /// The word.
    pub word: String,
    /// Its point at each step, `[steps, dims]`.
    pub points: Points,
}

/// The steps of the frames, and every word's path through them to `last`.
///
/// The mean of each frame is subtracted from it, so that a table that drifts as a whole stays in the picture. All frames
/// share the principal components of the last. A layout has no axes, so each frame starts from the layout of the frame after
/// it, and is aligned with it.
pub(super) fn trails(
    chosen: &Chosen,
    last: &Points,
    components: &Points,
    method: Method,
    seed: u64,
    progress: Progress<'_>,
) -> (Vec<u64>, Vec<Trail>) {
    let Some(((last_step, _), earlier)) = chosen.frames.split_last() else { return (Vec::new(), Vec::new()) };
    let mut frames = vec![last.clone()]; // last frame first
    for (_, vectors) in earlier.iter().rev() {
        let after = &frames[frames.len() - 1];
        frames.push(match method {
            Method::Pca => on_axes(&vectors.centred(), components),
            Method::Tsne | Method::Umap => align(&method.lay_out(vectors, after, seed, progress), after),
        });
    }
    let path = |word: usize| frames.iter().rev().flat_map(|points| points.row(word).to_vec()).collect();
    let words = chosen.words.iter().enumerate();
    let trails =
        words.map(|(row, word)| Trail { word: word.clone(), points: Points::new(path(row), last.dimension()) });
    (earlier.iter().map(|(step, _)| *step).chain([*last_step]).collect(), trails.collect())
}

#[cfg(test)]
mod tests {
    use super::super::Projection;
    use super::*;

    /// Twelve words that fan out from one point over four frames, while all of them drift.
    fn chosen() -> Chosen {
        let frame = |step: usize| {
            let value = |i: usize, j: usize| step as f64 * (((i * i + 3 * j) as f64).sin() + 5.0);
            Points::new((0..12 * 4).map(|at| value(at / 4, at % 4)).collect(), 4)
        };
        Chosen {
            words: (0..12).map(|i| format!("w{i}")).collect(),
            classes: vec![None; 12],
            vectors: frame(3),
            frames: (0..4).map(|step| (10 * step as u64, frame(step))).collect(),
        }
    }

    #[test]
    fn trails_end_at_the_points_and_have_one_point_a_step() {
        for method in [Method::Pca, Method::Tsne, Method::Umap] {
            let projection = Projection::of(&chosen(), method, 2, 1, &|_, _| ()).unwrap();
            assert_eq!(projection.steps, [0, 10, 20, 30]);
            for (row, trail) in projection.trails.iter().enumerate() {
                assert_eq!((trail.points.len(), trail.points.row(3)), (4, projection.points.row(row)));
            }
        }
    }

    #[test]
    fn trails_do_not_show_the_drift_of_the_whole_table() {
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
    fn an_impossible_projection_is_refused_with_the_reason() {
        let fails = |chosen: Chosen, dims: usize| {
            Projection::of(&chosen, Method::Pca, dims, 1, &|_, _| ()).unwrap_err().to_string()
        };
        let of = |values: Vec<f64>, c: usize| {
            let vectors = Points::new(values, c);
            let words = (0..vectors.len()).map(|i| format!("w{i}")).collect();
            Chosen { words, classes: vec![None; vectors.len()], vectors, frames: Vec::new() }
        };
        assert!(fails(of(vec![1.0; 4], 2), 2).contains("at least 3 different words, found 2"));
        assert!(fails(of(vec![1.0; 8], 2), 3).contains("vectors of 2 values"));
        assert!(fails(of(vec![0.0, 1.0, 2.0, f64::NAN, 4.0, 5.0], 2), 2).contains("\"w1\""));
    }
}
