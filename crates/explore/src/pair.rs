//! How similar two words are, with the controls that a single cosine needs.

use wordspace_data::{WordVectors, uniform};
use wordspace_similarity::percentile;

use crate::{Centre, Result, Word};

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
    /// Of the words of rows `a` and `b`, as [`Self::of_words`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn new(vectors: &WordVectors, mean: &Centre, counts: Option<&[u64]>, a: u32, b: u32) -> Result<Self> {
        Self::of_words(vectors, mean, counts, &Word::of_row(vectors, a), &Word::of_row(vectors, b))
    }

    /// Of the words `a` and `b`; `mean` is the centre of all `vectors`, and `counts` are the occurrences of their words, if they
    /// are known. A word without a row is compared with pairs of any frequency.
    ///
    /// # Errors
    ///
    /// If one of the two vectors is not finite.
    pub fn of_words(
        vectors: &WordVectors,
        mean: &Centre,
        counts: Option<&[u64]>,
        a: &Word<'_>,
        b: &Word<'_>,
    ) -> Result<Self> {
        a.check_finite()?;
        b.check_finite()?;
        let centred = mean.cosine_of(&a.vector, &b.vector);
        let of_rows = |a, b| mean.cosine(vectors, a, b) as f32;
        let random = uniform(SEED, "random pairs");
        Ok(Self {
            cosine: Centre::origin(vectors).cosine_of(&a.vector, &b.vector),
            centred,
            percentile: percentile([a.row, b.row], centred as f32, vectors.len(), counts, random, of_rows),
        })
    }
}
