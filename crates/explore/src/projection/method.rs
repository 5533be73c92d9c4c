//! The methods of projection.

use serde::Serialize;

use super::points::Points;
use super::tsne::tsne;
use super::umap::umap;
use crate::Progress;

/// How points of many dimensions are projected to few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Principal components: keeps distances, as seen along the axes of largest variance.
    Pca,
    /// t-SNE: keeps neighbours, not distances.
    Tsne,
    /// UMAP: keeps neighbours, and distances roughly.
    Umap,
}

impl Method {
    /// The layout of `vectors` by a method that improves step by step on `start`; principal components are `start`.
    pub(super) fn lay_out(self, vectors: &Points, start: &Points, seed: u64, progress: Progress<'_>) -> Points {
        match self {
            Self::Pca => start.clone(),
            Self::Tsne => tsne(vectors, start, progress),
            Self::Umap => umap(vectors, start, seed, progress),
        }
    }
}
