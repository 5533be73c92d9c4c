//! The nearest words to queries, by exact search over all vectors.

use wordspace_data::WordVectors;
use wordspace_similarity::{NotFinite, Progress};

use crate::{Centre, Query};

/// A word that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// Its row.
    pub row: u32,
    /// The word.
    pub word: String,
    /// The cosine of its vector with the query.
    pub cosine: f32,
}

/// The answers to some queries.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest {
    /// For each query the nearest words, nearest first.
    pub answers: Vec<Vec<Neighbour>>,
    /// The rows that cannot be compared.
    pub not_finite: NotFinite,
}

/// For each of `queries` the `k` nearest words, nearest first; words of equal cosine in alphabetical order.
///
/// The queries must have been made with the same `centre`. Rows that are not finite are no answer, and are counted; the
/// cosine of a row of zeros is 0.
pub fn nearest(vectors: &WordVectors, centre: &Centre, queries: &[Query], k: usize, progress: Progress<'_>) -> Nearest {
    let queries: Vec<&wordspace_similarity::Query> = queries.iter().map(|query| &query.query).collect();
    let by_word = |a: u32, b: u32| vectors.word(a).cmp(&vectors.word(b));
    let (answers, not_finite) =
        wordspace_similarity::nearest(vectors, centre.as_slice(), &queries, k, &by_word, progress);
    let neighbour = |(row, cosine)| Neighbour { row, word: vectors.word(row).into_owned(), cosine };
    let answers = answers.into_iter().map(|rows| rows.into_iter().map(neighbour).collect()).collect();
    Nearest { answers, not_finite }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_equal_cosine_come_in_alphabetical_order() {
        let words = ["king", "c", "a", "b", "far"].map(String::from).to_vec();
        let vectors = WordVectors::new(words, vec![1.0, 1.0, 2.0, 0.0, 3.0, 0.0, 1.0, 0.0, -1.0, 0.0], 2);
        let centre = Centre::origin(&vectors);
        let query = Query::new(&vectors, &centre, &[0], &[]).unwrap();
        let found = nearest(&vectors, &centre, &[query], 4, &|_, _| ()).answers.remove(0);
        let words: Vec<&str> = found.iter().map(|neighbour| neighbour.word.as_str()).collect();
        assert_eq!(words, ["a", "b", "c", "far"]);
    }
}
