//! Queries made of words: their sum, or an analogy.

use wordspace_data::WordVectors;
use wordspace_similarity::norm;

use crate::{Centre, Error, Result, Word};

/// A direction to look for the nearest words in, and the words that are no answer.
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) query: wordspace_similarity::Query,
}

impl Query {
    /// The sum of the unit vectors of the rows `positive` less those of `negative`, as [`Self::of_words`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn new(vectors: &WordVectors, centre: &Centre, positive: &[u32], negative: &[u32]) -> Result<Self> {
        let words = |rows: &[u32]| rows.iter().map(|&row| Word::of_row(vectors, row)).collect::<Vec<_>>();
        Self::of_words(centre, &words(positive), &words(negative))
    }

    /// The sum of the unit vectors of `positive` less those of `negative`, as in gensim's `most_similar(positive,
    /// negative)`. None of these words is an answer.
    ///
    /// # Errors
    ///
    /// If the sum is zero, because the vectors are zero or cancel out, or if a vector is not finite.
    pub fn of_words(centre: &Centre, positive: &[Word<'_>], negative: &[Word<'_>]) -> Result<Self> {
        let mut sum = vec![0.0; centre.as_slice().len()];
        let signed = positive.iter().map(|word| (word, 1.0)).chain(negative.iter().map(|word| (word, -1.0)));
        for (word, sign) in signed {
            word.check_finite()?;
            let vector = centre.subtract_from(&word.vector);
            let norm = norm(&vector);
            if norm > 0.0 {
                sum.iter_mut().zip(&vector).for_each(|(sum, &x)| *sum += sign * x as f64 / norm);
            }
        }
        let words = || positive.iter().chain(negative);
        let norm = norm(&sum);
        // Unit vectors that cancel out leave only rounding errors.
        if norm < words().count() as f64 * 1e-7 {
            let words: Vec<_> = words().map(|word| &word.text).collect();
            return Err(Error::Question(format!("the vectors of {words:?} sum to zero, which has no direction")));
        }
        let direction = sum.iter().map(|x| x / norm).collect();
        let excluded = words().filter_map(|word| word.row).collect();
        Ok(Self { query: wordspace_similarity::Query { direction, excluded } })
    }

    /// The direction of a vector, `[C]`, from `centre`, as gensim's `similar_by_vector`. Every word may be an answer.
    ///
    /// # Errors
    ///
    /// If it has another dimension than `vectors`, a value that is not finite, or no direction.
    pub fn of_vector(vectors: &WordVectors, centre: &Centre, vector: &[f32]) -> Result<Self> {
        let (expected, found) = (vectors.dimension(), vector.len());
        if expected != found {
            return Err(Error::Question(format!("expected a vector of {expected} numbers, found {found}")));
        }
        let direction: Vec<f64> = vector.iter().zip(centre.as_slice()).map(|(&x, &c)| x as f64 - c as f64).collect();
        let norm = norm(&direction);
        if !norm.is_finite() || norm == 0.0 {
            let what = if norm == 0.0 { "is zero" } else { "has values that are not finite" };
            return Err(Error::Question(format!("the vector {what}, so it has no direction")));
        }
        let direction = direction.iter().map(|x| x / norm).collect();
        Ok(Self { query: wordspace_similarity::Query { direction, excluded: Vec::new() } })
    }
}

/// Checks that the vector of `row` has a direction.
///
/// # Errors
///
/// If it has an element that is NaN or infinite.
pub fn check_finite(vectors: &WordVectors, row: u32) -> Result<()> {
    Word::of_row(vectors, row).check_finite()
}
