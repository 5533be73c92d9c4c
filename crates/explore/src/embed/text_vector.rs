//! The vector of a text: the mean of the vectors of its tokens.

use wordspace_data::WordVectors;
use wordspace_similarity::cosine;

use super::splitter::TextSplitter;
use crate::Result;

/// The vector of `text`, `[C]`: the mean of the vectors of its tokens, which `splitter` finds.
///
/// It is the vector that `SentenceTransformer.encode` (sentence-transformers 6.2) computes from the folder of
/// [`write_static_embedding`](wordspace_data::formats::write_static_embedding), up to rounding: here the sum has 64 bits. A
/// word without a vector counts as zeros, unless there is a row `<unk>`, which then is its vector. A text without tokens has a
/// vector of zeros. model2vec 0.10 leaves unknown tokens out of the mean.
///
/// # Errors
///
/// As of [`TextSplitter::rows`]. Values that are not finite are no error: the mean is not finite either.
pub fn text_vector(text: &str, splitter: &TextSplitter, vectors: &WordVectors) -> Result<Vec<f32>> {
    let rows = splitter.rows(text, vectors)?;
    let mut sum = vec![0.0_f64; vectors.dimension()]; // [C]
    for row in rows.iter().flatten() {
        sum.iter_mut().zip(&*vectors.row(*row)).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    let count = rows.len().max(1) as f64;
    Ok(sum.iter().map(|sum| (sum / count) as f32).collect())
}

/// The cosines of all pairs of `vectors`, `[N, N]`; 0 for a vector of zeros, or one that is not finite.
pub fn cosines(vectors: &[&[f32]]) -> Vec<Vec<f64>> {
    let finite = |cosine: f64| if cosine.is_nan() { 0.0 } else { cosine };
    vectors.iter().map(|a| vectors.iter().map(|b| finite(cosine(a, b))).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_count_as_zeros_and_no_word_is_a_vector_of_zeros() {
        let words = ["dog", "man"].map(String::from).to_vec();
        let vectors = WordVectors::new(words, vec![1.0, 0.0, 2.0, 6.0], 2);
        let vector = |text| text_vector(text, &TextSplitter::Words, &vectors).unwrap();
        assert_eq!(vector("dog man"), [1.5, 3.0]);
        assert_eq!(vector("dog man man cat"), [1.25, 3.0]);
        assert_eq!(vector("cat"), [0.0, 0.0]);
        assert_eq!(vector(" "), [0.0, 0.0]);
        assert_eq!(cosines(&[&vector("dog"), &vector("cat")]), [[1.0, 0.0], [0.0, 0.0]]);
    }
}
