//! The words to project.

use super::method::Method;
use super::points::Points;
use crate::{Error, Result};

/// The most words that t-SNE and UMAP lay out: their work grows with the square.
pub const MOST_LAID_OUT: usize = 10_000;

/// The most words that principal components are computed of.
pub const MOST_COMPARED: usize = 200_000;

/// The words to project, with their vectors and what else is known of them.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The words.
    pub words: Vec<String>,
    /// The class of each word, where it is known.
    pub classes: Vec<Option<String>>,
    /// Their vectors, `[n, C]`.
    pub vectors: Points,
    /// For trails, the vectors of the same words at other steps of the run, of which the last are `vectors`; else empty.
    pub frames: Vec<(u64, Points)>,
}

impl Chosen {
    /// Checks that the words can be projected to `dims` dimensions by `method`.
    pub(super) fn check(&self, method: Method, dims: usize) -> Result<()> {
        let (n, c) = (self.vectors.len(), self.vectors.dimension());
        if n <= dims {
            let least = dims + 1;
            return Err(Error::Question(format!("{dims} dimensions need at least {least} different words, found {n}")));
        }
        if c < dims {
            return Err(Error::Question(format!("vectors of {c} values cannot be shown in {dims} dimensions")));
        }
        let (most, advice) = match method {
            Method::Pca => (MOST_COMPARED, ""),
            Method::Tsne | Method::Umap => (MOST_LAID_OUT, ", or project with pca"),
        };
        if n > most {
            return Err(Error::Question(format!(
                "{n} words are too many; expected at most {most}: choose fewer{advice}"
            )));
        }
        for points in self.frames.iter().map(|(_, points)| points).chain([&self.vectors]) {
            if let Some(row) = points.rows().position(|row| row.iter().any(|x| !x.is_finite())) {
                let word = &self.words[row];
                return Err(Error::Question(format!(
                    "the vector of {word:?} has values that are not finite; leave the word out"
                )));
            }
        }
        Ok(())
    }
}
