//! How near two words are, with what keeps the number honest.

use wordspace_data::{WordVectors, percentile_of_pair};

use crate::Result;
use crate::direction::{Viewpoint, check_finite};
use crate::pass::{NotFinite, Told};

/// Where the random pairs begin; the toy run's own seed, so that its report and this agree.
const SEED: u64 = 42;

/// How near two words are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Similarity {
    /// Cosine of their vectors.
    pub cosine: f64,
    /// The same, seen from the mean of all vectors.
    pub centred: f64,
    /// The share of random pairs, in per cent, that are less near, seen from the mean. With counts the pairs are of similar
    /// frequency, as in a run's report; without, of any.
    pub percentile: f64,
    /// The rows that were compared with nothing.
    pub not_finite: NotFinite,
}

impl Similarity {
    /// Of the words of rows `a` and `b`; `counts` says how often each word occurred, if that is known.
    ///
    /// # Errors
    ///
    /// If the vector of one of them is not finite.
    pub fn new(vectors: &WordVectors, counts: Option<&[u64]>, a: u32, b: u32, told: Told<'_>) -> Result<Self> {
        check_finite(vectors, a)?;
        check_finite(vectors, b)?;
        let (origin, mean) = (Viewpoint::origin(vectors), Viewpoint::mean(vectors, told));
        let centred = |a, b| mean.cosine(vectors, a, b) as f32;
        Ok(Self {
            cosine: origin.cosine(vectors, a, b),
            centred: mean.cosine(vectors, a, b),
            percentile: percentile_of_pair(a, b, vectors.len(), counts, SEED, centred),
            not_finite: mean.not_finite(),
        })
    }
}
