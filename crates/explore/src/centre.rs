//! The point that cosines are measured from: the origin, or the mean of all vectors.

use wordspace_data::WordVectors;
use wordspace_similarity::{NotFinite, Progress, cosine, mean_of_finite};

/// A vector that is subtracted from every other before cosines are computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Centre {
    /// `[C]`
    vector: Vec<f32>,
    not_finite: NotFinite,
}

impl Centre {
    /// Zeros: plain cosines, as in gensim and the papers.
    pub fn origin(vectors: &WordVectors) -> Self {
        Self { vector: vec![0.0; vectors.dimension()], not_finite: NotFinite::default() }
    }

    /// The mean of all finite vectors, in one pass over them: centred cosines, see [`wordspace_similarity`] for why.
    pub fn mean(vectors: &WordVectors, progress: Progress<'_>) -> Self {
        let (vector, not_finite) = mean_of_finite(vectors, progress);
        Self { vector, not_finite }
    }

    /// The rows that the mean leaves out. For the origin none are known, since no row is read.
    pub fn not_finite(&self) -> NotFinite {
        self.not_finite
    }

    /// The cosine of two vectors, `[C]`, less the centre: 0 if one of them is zero, NaN if one is not finite.
    pub fn cosine_of(&self, a: &[f32], b: &[f32]) -> f64 {
        cosine(&self.subtract_from(a), &self.subtract_from(b))
    }

    /// The vector, `[C]`.
    pub fn as_slice(&self) -> &[f32] {
        &self.vector
    }

    /// The cosine of the vectors of two rows less the centre: 0 if one of them is zero, NaN if one is not finite.
    pub fn cosine(&self, vectors: &WordVectors, a: u32, b: u32) -> f64 {
        self.cosine_of(&vectors.row(a), &vectors.row(b))
    }

    /// `vector` less the centre, `[C]`.
    pub(crate) fn subtract_from(&self, vector: &[f32]) -> Vec<f32> {
        vector.iter().zip(&self.vector).map(|(x, centre)| x - centre).collect()
    }
}
