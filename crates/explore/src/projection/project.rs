//! A projection: words as points.

use serde::Serialize;

use super::chosen::Chosen;
use super::method::Method;
use super::pca::pca;
use super::points::Points;
use super::trails::{Trail, trails};
use super::trust::trustworthiness;
use crate::{Progress, Result};

/// How many neighbours a projection's trustworthiness is measured at.
pub const TRUST_NEIGHBOURS: usize = 5;

/// Words as points in two or three dimensions: what every picture is drawn from.
#[derive(Clone, Debug, Serialize)]
pub struct Projection {
    /// The method.
    pub method: Method,
    /// The words.
    pub words: Vec<String>,
    /// Their points, `[n, dims]`.
    pub points: Points,
    /// For principal components, the share of the variance along each axis.
    pub explained_variance: Option<Vec<f64>>,
    /// The share of neighbours that are neighbours among the vectors too, see [`trustworthiness`]; none for fewer than eleven
    /// words.
    pub trustworthiness: Option<f64>,
    /// The class of each word.
    pub classes: Vec<Option<String>>,
    /// The steps of the trails.
    pub steps: Vec<u64>,
    /// The path of each word through the steps, in the axes of the last; empty if there are no frames.
    pub trails: Vec<Trail>,
}

impl Projection {
    /// Projects `chosen` to `dims` dimensions, 2 or 3. All random numbers come from `seed`.
    ///
    /// # Errors
    ///
    /// If there are too few words or too many, if the vectors have fewer than `dims` values, or if one is not finite.
    pub fn of(chosen: &Chosen, method: Method, dims: usize, seed: u64, progress: Progress<'_>) -> Result<Self> {
        chosen.check(method, dims)?;
        let vectors = &chosen.vectors;
        let axes = pca(vectors, dims, progress);
        let (points, explained_variance) = match method {
            Method::Pca => (axes.points, Some(axes.explained_variance)),
            // The rotation of a layout means nothing: its longest axis becomes the horizontal one.
            Method::Tsne | Method::Umap => {
                (pca(&method.lay_out(vectors, &axes.points, seed, progress), dims, progress).points, None)
            }
        };
        let (steps, trails) = trails(chosen, &points, &axes.components, method, seed, progress);
        Ok(Self {
            method,
            trustworthiness: trustworthiness(vectors, &points, TRUST_NEIGHBOURS, progress),
            words: chosen.words.clone(),
            points,
            explained_variance,
            classes: chosen.classes.clone(),
            steps,
            trails,
        })
    }

    /// The dimension of the points.
    pub fn dims(&self) -> usize {
        self.points.dimension()
    }
}
