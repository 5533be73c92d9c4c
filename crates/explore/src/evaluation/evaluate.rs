//! Evaluates vectors on all benchmarks, plain and centred.

use serde::Serialize;
use wordspace_data::WordVectors;

use super::analogies::{Analogies, analogies};
use super::benchmarks::{Benchmarks, JudgedPair};
use super::categories::{Categories, categories};
use super::space::Space;
use super::spearman::{random_correlation, spearman};
use crate::{NotFinite, Progress, Result};

/// The scores of vectors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// On the judged pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity: Option<Similarity>,
    /// On the analogy questions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analogies: Option<Analogies>,
    /// On the categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<Categories>,
    /// The rows that were left out.
    #[serde(skip)]
    pub not_finite: NotFinite,
}

/// How well cosines rank pairs as people do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Similarity {
    /// Spearman's rank correlation of cosines and judgements over the covered pairs, with averaged ties (scipy's
    /// `spearmanr`); none if fewer than two pairs are covered or if all are equal.
    pub spearman: Option<f64>,
    /// The same with centred cosines.
    pub spearman_centred: Option<f64>,
    /// The correlation of a random order with the judgements is within plus and minus this in 95 of 100 cases; none if fewer
    /// than two pairs are covered.
    pub random_correlation: Option<f64>,
    /// How many pairs there are.
    pub pairs: usize,
    /// How many of them have vectors for both words.
    pub covered: usize,
}

/// Evaluates the first [`MOST_WORDS`](super::MOST_WORDS) of `vectors` on `benchmarks`.
///
/// Words are compared without case and surrounding spaces; of rows with the same word the first is used, as in gensim.
/// Questions with a word that has no vector are left out, which the coverage shows.
///
/// # Errors
///
/// If there are more words in categories than can be clustered.
pub fn evaluate(vectors: &WordVectors, benchmarks: &Benchmarks, progress: Progress<'_>) -> Result<Evaluation> {
    let mut both = evaluate_space(&Space::new(vectors, false), benchmarks, progress)?;
    let centred = evaluate_space(&Space::new(vectors, true), benchmarks, progress)?;
    if let (Some(similarity), Some(centred)) = (&mut both.similarity, centred.similarity) {
        similarity.spearman_centred = centred.spearman;
    }
    if let (Some(analogies), Some(centred)) = (&mut both.analogies, centred.analogies) {
        analogies.set_centred(&centred);
    }
    if let (Some(categories), Some(centred)) = (&mut both.categories, centred.categories) {
        categories.purity_centred = centred.purity;
        categories.clustering_purity_centred = centred.clustering_purity;
    }
    Ok(both)
}

fn evaluate_space(space: &Space, benchmarks: &Benchmarks, progress: Progress<'_>) -> Result<Evaluation> {
    Ok(Evaluation {
        similarity: benchmarks.similarity.as_deref().map(|pairs| similarity(space, pairs)),
        analogies: benchmarks.analogies.as_deref().map(|sections| analogies(space, sections, progress)),
        categories: match &benchmarks.categories {
            Some(classes) => Some(categories(space, classes)?),
            None => None,
        },
        not_finite: space.not_finite(),
    })
}

fn similarity(space: &Space, pairs: &[JudgedPair]) -> Similarity {
    let covered: Vec<(f64, f64)> = pairs
        .iter()
        .filter_map(|JudgedPair { words: [a, b], score }| Some((space.cosine(space.find(a)?, space.find(b)?), *score)))
        .collect();
    let (cosines, judgements): (Vec<f64>, Vec<f64>) = covered.into_iter().unzip();
    let spearman = spearman(&cosines, &judgements);
    let random_correlation = random_correlation(cosines.len());
    Similarity { spearman, spearman_centred: spearman, random_correlation, pairs: pairs.len(), covered: cosines.len() }
}
