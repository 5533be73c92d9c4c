//! Vectors of many numbers as points on a page: by principal components, t-SNE or UMAP.
//!
//! The result is data, a [`Projection`]; who draws it is another's business.

mod eigen;
mod pca;
mod points;
mod repulsion;
mod trails;
mod trust;
mod tsne;
mod umap;

use serde::Serialize;

use crate::{Error, Result};

pub(crate) use eigen::symmetric;
pub use pca::{Pca, on_axes, pca};
pub use points::Points;
pub use trails::Trail;
pub use trust::trustworthiness;
pub use tsne::tsne;
pub use umap::umap;

/// Told how far a long work is: what is done and what there is. A work may have several parts, each counted anew.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// How many neighbours a projection's trustworthiness is measured at.
pub const TRUST_NEIGHBOURS: usize = 5;

/// The most words that are laid out by t-SNE and UMAP: their work grows with the square.
pub const MOST_LAID_OUT: usize = 10_000;

/// The most words that principal components are found of.
pub const MOST_COMPARED: usize = 200_000;

/// How points of many dimensions come onto the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Principal components: distances are what they are, seen from the side that shows most.
    Pca,
    /// t-SNE: neighbours are kept, distances are not.
    Tsne,
    /// UMAP: neighbours are kept, distances only roughly.
    Umap,
}

/// The words to be shown, with what is known of them.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The words.
    pub words: Vec<String>,
    /// Word by word, the class it is of, where classes are known.
    pub classes: Vec<Option<String>>,
    /// Their vectors, `[n, C]`.
    pub vectors: Points,
    /// For trails: the same words' vectors after other steps of the run, the last of them `vectors`; else empty.
    pub frames: Vec<(u64, Points)>,
}

/// Words as points: what every picture is drawn from.
#[derive(Clone, Debug, Serialize)]
pub struct Projection {
    /// How it was made.
    pub method: Method,
    /// The words.
    pub words: Vec<String>,
    /// Where each lies, `[n, dims]`.
    pub points: Points,
    /// For principal components: the share of all variance along each axis.
    pub explained_variance: Option<Vec<f64>>,
    /// How far neighbours on the page can be trusted to be neighbours in space, see [`trustworthiness`]; none for fewer
    /// than eleven words.
    pub trustworthiness: Option<f64>,
    /// Word by word, the class it is of.
    pub classes: Vec<Option<String>>,
    /// The steps at which trails have their points.
    pub steps: Vec<u64>,
    /// Where each word came from, in the axes of the last step; empty if not asked for.
    pub trails: Vec<Trail>,
}

impl Projection {
    /// Projects `chosen` to `dims` dimensions, 2 or 3. All random numbers come from `seed`.
    ///
    /// # Errors
    ///
    /// If there are too few words or too many, if the vectors have fewer numbers than `dims`, or if a vector holds what is
    /// no number.
    pub fn of(chosen: &Chosen, method: Method, dims: usize, seed: u64, progress: Progress<'_>) -> Result<Self> {
        check(chosen, method, dims)?;
        let vectors = &chosen.vectors;
        let axes = pca(vectors, dims, progress);
        let (points, explained_variance) = match method {
            Method::Pca => (axes.points, Some(axes.explained_variance)),
            // A layout may be turned as one likes: its longest direction lies across the page.
            _ => (pca(&lay_out(vectors, &axes.points, method, seed, progress), dims, progress).points, None),
        };
        let (steps, trails) = trails::trails(chosen, &points, &axes.components, method, seed, progress);
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

    /// How many dimensions the points have.
    pub fn dims(&self) -> usize {
        self.points.dimension()
    }
}

/// The layout of `vectors` by a method that begins somewhere and improves on it.
fn lay_out(vectors: &Points, start: &Points, method: Method, seed: u64, progress: Progress<'_>) -> Points {
    match method {
        Method::Pca => start.clone(),
        Method::Tsne => tsne(vectors, start, progress),
        Method::Umap => umap(vectors, start, seed, progress),
    }
}

fn check(chosen: &Chosen, method: Method, dims: usize) -> Result<()> {
    let (n, c) = (chosen.vectors.len(), chosen.vectors.dimension());
    if n <= dims {
        let least = dims + 1;
        return Err(Error::Question(format!("{dims} dimensions need at least {least} different words, found {n}")));
    }
    if c < dims {
        return Err(Error::Question(format!("vectors of {c} numbers cannot be shown in {dims} dimensions")));
    }
    let most = if method == Method::Pca { MOST_COMPARED } else { MOST_LAID_OUT };
    if n > most {
        let advice = if method == Method::Pca { "" } else { ", or project with pca" };
        return Err(Error::Question(format!("{n} words are too many; expected at most {most}: choose fewer{advice}")));
    }
    let frames = chosen.frames.iter().map(|(_, points)| points);
    for points in frames.chain([&chosen.vectors]) {
        if let Some(row) = points.rows().position(|row| row.iter().any(|x| !x.is_finite())) {
            let word = &chosen.words[row];
            return Err(Error::Question(format!("the vector of {word:?} holds what is no number; leave the word out")));
        }
    }
    Ok(())
}
