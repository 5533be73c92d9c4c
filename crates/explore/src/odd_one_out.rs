//! Which word does not belong with the others?

use wordspace_data::WordVectors;
use wordspace_similarity::{cosine, norm};

use crate::{Error, Result, Word};

/// The cosine of the words of each of `rows` with the mean of all their unit vectors, as [`cosines_with_mean_of`].
///
/// # Errors
///
/// As there.
pub fn cosines_with_mean(vectors: &WordVectors, rows: &[u32]) -> Result<Vec<f64>> {
    cosines_with_mean_of(&rows.iter().map(|&row| Word::of_row(vectors, row)).collect::<Vec<_>>())
}

/// The cosine of each word with the mean of all their unit vectors. The word of the lowest does not belong with the others,
/// as in gensim's `doesnt_match`.
///
/// # Errors
///
/// If there are fewer than three words, if a vector is not finite, or if the unit vectors cancel out.
pub fn cosines_with_mean_of(words: &[Word<'_>]) -> Result<Vec<f64>> {
    let [first, _, _, ..] = words else {
        return Err(Error::Question(format!("expected three words or more, found {}", words.len())));
    };
    let mut mean = vec![0.0f32; first.vector.len()];
    for word in words {
        word.check_finite()?;
        let norm = norm(&word.vector).max(f64::MIN_POSITIVE);
        mean.iter_mut().zip(word.vector.iter()).for_each(|(mean, &x)| *mean += (x as f64 / norm) as f32);
    }
    if norm(&mean) < words.len() as f64 * 1e-6 {
        return Err(Error::Question("the vectors of these words cancel out, so none is further away".into()));
    }
    Ok(words.iter().map(|word| cosine(&word.vector, &mean)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> WordVectors {
        let words = ["cat", "dog", "fox", "piano", "zero"].map(String::from).to_vec();
        WordVectors::new(words, vec![2.0, 0.1, 0.9, 0.0, 5.0, -0.3, 0.1, 1.0, 0.0, 0.0], 2)
    }

    #[test]
    fn the_word_that_points_elsewhere_has_the_lowest_cosine() {
        let cosines = cosines_with_mean(&vectors(), &[0, 3, 1, 2]).unwrap();
        assert!(cosines.iter().enumerate().all(|(nth, cosine)| nth == 1 || *cosine > cosines[1]), "{cosines:?}");
    }

    #[test]
    fn two_words_do_not_tell_which_is_odd() {
        assert!(cosines_with_mean(&vectors(), &[0, 3]).unwrap_err().to_string().contains("three words or more"));
    }
}
