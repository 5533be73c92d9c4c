//! How well vectors agree with what people say of words: similarity, analogies, categories.
//!
//! Every score comes with its coverage, since a score over few words says little, and twice: of the vectors as they are and
//! seen from their mean (see [`wordspace_data::VectorTable::centred_directions`]).

mod analogies;
mod categories;
mod clusters;
mod files;
mod ranks;
mod space;

use std::collections::BTreeMap;

use serde::Serialize;
use wordspace_data::WordVectors;

use crate::Result;
use crate::pass::NotFinite;
use crate::projection::Progress;
use space::Space;

pub use analogies::{Analogies, AnalogySection, SectionScore};
pub use categories::Categories;
pub use files::{read_analogies, read_categories, read_similarity};
pub use ranks::spearman;

/// How many words are looked at, from the first: gensim's `restrict_vocab`. Files list the most frequent words first.
pub const MOST_WORDS: usize = 300_000;

/// Two words, and how alike people find them.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedPair {
    /// The words.
    pub words: [String; 2],
    /// The judgement; a larger one is more alike, the scale does not matter.
    pub score: f64,
}

/// What vectors are to be held against; each may be absent.
#[derive(Clone, Debug, Default)]
pub struct Benchmarks {
    /// Judged pairs.
    pub similarity: Option<Vec<JudgedPair>>,
    /// Analogy questions by section.
    pub analogies: Option<Vec<AnalogySection>>,
    /// Words by category.
    pub categories: Option<BTreeMap<String, Vec<String>>>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Of the judged pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity: Option<Similarity>,
    /// Of the analogy questions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analogies: Option<Analogies>,
    /// Of the categories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub categories: Option<Categories>,
    /// The rows that were left out.
    #[serde(skip)]
    pub not_finite: NotFinite,
}

/// How far cosines order pairs as people do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Similarity {
    /// Spearman's rank correlation of cosines and judgements over the covered pairs, ties averaged (scipy's `spearmanr`);
    /// none where fewer than two pairs are covered or all are equal.
    pub spearman: Option<f64>,
    /// The same seen from the mean.
    pub spearman_centred: Option<f64>,
    /// How many pairs there are.
    pub pairs: usize,
    /// Of how many of them the vectors have both words.
    pub covered: usize,
}

/// Holds the first [`MOST_WORDS`] of `vectors` against `benchmarks`.
///
/// Words are compared without regard to case and to spaces around them; where several rows are then the same word, the
/// first is it, as in gensim. What has a word that the vectors lack is left out and shows in the coverage.
///
/// # Errors
///
/// If there are more words in categories than can be clustered.
pub fn evaluate(vectors: &WordVectors, benchmarks: &Benchmarks, progress: Progress<'_>) -> Result<Evaluation> {
    let raw = one_view(&Space::new(vectors, false), benchmarks, progress)?;
    let mut both = raw;
    let centred = one_view(&Space::new(vectors, true), benchmarks, progress)?;
    if let (Some(similarity), Some(centred)) = (&mut both.similarity, centred.similarity) {
        similarity.spearman_centred = centred.spearman;
    }
    if let (Some(analogies), Some(centred)) = (&mut both.analogies, centred.analogies) {
        analogies.take_centred(&centred);
    }
    if let (Some(categories), Some(centred)) = (&mut both.categories, centred.categories) {
        categories.purity_centred = centred.purity;
        categories.clustering_purity_centred = centred.clustering_purity;
    }
    Ok(both)
}

fn one_view(space: &Space, benchmarks: &Benchmarks, progress: Progress<'_>) -> Result<Evaluation> {
    Ok(Evaluation {
        similarity: benchmarks.similarity.as_deref().map(|pairs| similarity(space, pairs)),
        analogies: benchmarks.analogies.as_deref().map(|sections| analogies::analogies(space, sections, progress)),
        categories: match &benchmarks.categories {
            Some(classes) => Some(categories::categories(space, classes)?),
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
    Similarity { spearman, spearman_centred: spearman, pairs: pairs.len(), covered: cosines.len() }
}
