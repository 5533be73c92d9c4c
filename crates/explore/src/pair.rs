//! How similar two words are, with the controls that a single cosine needs.

use wordspace_data::{WordVectors, uniform};
use wordspace_similarity::percentile;

use crate::{Centre, Result, check_finite};

/// The seed of the random pairs: the toy run's, so that its report and this agree.
const SEED: u64 = 42;

/// How similar two words are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// The cosine of their vectors.
    pub cosine: f64,
    /// Their centred cosine.
    pub centred: f64,
    /// The percentage of random pairs whose centred cosine is lower. With counts the pairs are of similar frequency, as in
    /// the report of a run; without, any.
    pub percentile: f64,
}

impl Similarity {
    /// Of the words of rows `a` and `b`; `mean` is the centre of all vectors, and `counts` are the occurrences of each word,
    /// if they are known.
    ///
    /// # Errors
    ///
    /// If one of the two vectors is not finite.
    pub fn new(vectors: &WordVectors, mean: &Centre, counts: Option<&[u64]>, a: u32, b: u32) -> Result<Self> {
        check_finite(vectors, a)?;
        check_finite(vectors, b)?;
        let centred = |a, b| mean.cosine(vectors, a, b) as f32;
        Ok(Self {
            cosine: Centre::origin(vectors).cosine(vectors, a, b),
            centred: mean.cosine(vectors, a, b),
            percentile: percentile([a, b], vectors.len(), counts, uniform(SEED, "random pairs"), centred),
        })
    }
}
