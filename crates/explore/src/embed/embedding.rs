//! Texts as sequences of vectors: each token's vector, its position's vector, and their sum.

use std::collections::HashMap;

use wordspace_data::{VectorTable, WordVectors};

use super::text_vector::cosines;
use crate::{Error, Result};

/// Texts as sequences of vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// The tokens of all texts, one text after the other.
    pub tokens: Vec<EmbeddedToken>,
    /// C: the number of elements of a vector.
    pub dimension: usize,
}

/// A token of a text with its vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddedToken {
    /// Its id: its row of the token table.
    pub id: u32,
    /// Its piece of the text.
    pub piece: String,
    /// The index of its text.
    pub text: usize,
    /// The index of the token in its text.
    pub index: usize,
    /// Its row of the position table: the index, unless another was asked for.
    pub position: usize,
    /// The vector of the token, `[C]`.
    pub token_vector: Vec<f32>,
    /// The vector of the position, `[C]`; none if there is no position table.
    pub position_vector: Option<Vec<f32>>,
    /// Their sum, the input of the first block, `[C]`.
    pub sum: Vec<f32>,
}

/// What two texts have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Whether both have the same tokens, each as often, in any order.
    pub same_tokens: bool,
    /// Whether both have the same tokens in the same order.
    pub same_order: bool,
    /// How many sums of the first text are also in the second.
    pub shared_sums: usize,
}

impl Embedding {
    /// The vectors of `texts`, each of them split into ids and pieces.
    ///
    /// The positions of each text are 0, 1, …, or those of `asked`.
    ///
    /// # Errors
    ///
    /// If there are not as many positions as tokens, or if one is outside the table.
    pub fn new(
        texts: &[Vec<(u32, String)>],
        vectors: &WordVectors,
        positions: Option<&VectorTable>,
        asked: Option<&[usize]>,
    ) -> Result<Self> {
        let mut tokens = Vec::new();
        for (text, pieces) in texts.iter().enumerate() {
            check_count(pieces, asked)?;
            for (index, (id, piece)) in pieces.iter().enumerate() {
                let position = asked.map_or(index, |asked| asked[index]);
                let token_vector = vectors.row(*id).into_owned();
                let position_vector = positions.map(|table| row(table, position, pieces.len())).transpose()?;
                let sum = match &position_vector {
                    None => token_vector.clone(),
                    Some(vector) => token_vector.iter().zip(vector).map(|(token, position)| token + position).collect(),
                };
                let (id, piece) = (*id, piece.clone());
                tokens.push(EmbeddedToken { id, piece, text, index, position, token_vector, position_vector, sum });
            }
        }
        Ok(Self { tokens, dimension: vectors.dimension() })
    }

    /// The cosines of all pairs of token vectors, `[N, N]`; 0 for a vector that is not finite.
    pub fn token_cosine(&self) -> Vec<Vec<f64>> {
        self.cosines(|token| &token.token_vector)
    }

    /// The cosines of all pairs of sums, `[N, N]`; 0 for a sum that is not finite.
    pub fn sum_cosine(&self) -> Vec<Vec<f64>> {
        self.cosines(|token| &token.sum)
    }

    fn cosines(&self, vector: impl Fn(&EmbeddedToken) -> &[f32]) -> Vec<Vec<f64>> {
        cosines(&self.tokens.iter().map(vector).collect::<Vec<_>>())
    }

    /// The pairs of tokens that are the same word to a reader, with the same id or not: `bank` and ` bank`, `The` and `the`.
    pub fn repeats(&self) -> Vec<(usize, usize)> {
        let word: Vec<String> = self.tokens.iter().map(|token| token.piece.trim().to_lowercase()).collect();
        let is_word = |index: usize| word[index].chars().any(char::is_alphanumeric);
        let later = |a: usize| (a + 1..word.len()).map(move |b| (a, b));
        (0..word.len()).filter(|&a| is_word(a)).flat_map(later).filter(|&(a, b)| word[a] == word[b]).collect()
    }

    /// What the first two texts have in common; none if there is only one.
    pub fn comparison(&self) -> Option<Comparison> {
        let of = |text| self.tokens.iter().filter(move |token| token.text == text);
        let ids = |text| of(text).map(|token| token.id).collect::<Vec<_>>();
        let (first, second) = (ids(0), ids(1));
        if second.is_empty() {
            return None;
        }
        let sums = |text| of(text).map(|token| token.sum.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
        let mut left: HashMap<Vec<u32>, usize> = HashMap::new();
        sums(1).for_each(|sum| *left.entry(sum).or_default() += 1);
        let is_shared = |sum: &Vec<u32>| match left.get_mut(sum) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        };
        let shared_sums = sums(0).filter(is_shared).count();
        let sorted = |mut ids: Vec<u32>| {
            ids.sort_unstable();
            ids
        };
        let same_order = first == second;
        Some(Comparison { same_tokens: sorted(first) == sorted(second), same_order, shared_sums })
    }
}

fn check_count(pieces: &[(u32, String)], asked: Option<&[usize]>) -> Result<()> {
    match asked {
        Some(asked) if asked.len() != pieces.len() => {
            let text: Vec<&str> = pieces.iter().map(|(_, piece)| piece.as_str()).collect();
            Err(Error::Question(format!(
                "--positions has {}, but the text has {} tokens: {text:?}; give one for each",
                asked.len(),
                pieces.len()
            )))
        }
        _ => Ok(()),
    }
}

/// The vector of `position`, for a text of `tokens` tokens.
fn row(table: &VectorTable, position: usize, tokens: usize) -> Result<Vec<f32>> {
    if position < table.len() {
        return Ok(table.row(position as u32).to_vec());
    }
    Err(Error::Question(format!(
        "position {position} is outside the position table, whose {} rows are 0 to {}; a text of {tokens} tokens needs \
         positions below that",
        table.len(),
        table.len().saturating_sub(1)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> WordVectors {
        let words = ["dog", "bites", "man"].map(String::from).to_vec();
        WordVectors::new(words, vec![1.0, 0.0, 0.0, 1.0, 3.0, 4.0], 2)
    }

    fn positions() -> VectorTable {
        VectorTable::new(vec![0.0, 0.0, 0.5, 0.0, 0.0, -2.0], 2)
    }

    fn split(text: &str) -> Vec<(u32, String)> {
        text.split(' ').map(|word| (vectors().find(word).unwrap(), word.to_string())).collect()
    }

    fn embed(texts: &[&str], asked: Option<&[usize]>) -> Result<Embedding> {
        let texts: Vec<_> = texts.iter().map(|text| split(text)).collect();
        Embedding::new(&texts, &vectors(), Some(&positions()), asked)
    }

    #[track_caller]
    fn refused<T>(result: Result<T>, expected: &str) {
        let error = result.err().expect("the question makes no sense").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_sum_is_the_vector_of_the_token_and_of_its_position() {
        let embedding = embed(&["dog bites man"], None).unwrap();
        let sums: Vec<&[f32]> = embedding.tokens.iter().map(|token| token.sum.as_slice()).collect();
        assert_eq!(sums, [[1.0, 0.0], [0.5, 1.0], [3.0, 2.0]]);
        assert_eq!(embedding.token_cosine()[0], [1.0, 0.0, 0.6]);
        assert!((embedding.sum_cosine()[0][2] - 3.0 / 13_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn positions_can_be_asked_for() {
        let embedding = embed(&["dog bites man"], Some(&[0, 0, 1])).unwrap();
        assert_eq!(embedding.tokens[2].sum, [3.5, 4.0]);
        assert_eq!((embedding.tokens[2].index, embedding.tokens[2].position), (2, 1));
        refused(embed(&["dog man"], Some(&[0, 1, 2])), "--positions has 3, but the text has 2 tokens");
        refused(embed(&["dog"], Some(&[3])), "position 3 is outside the position table, whose 3 rows are 0 to 2");
        refused(embed(&["dog dog dog dog"], None), "a text of 4 tokens");
    }

    #[test]
    fn another_order_has_the_same_token_vectors_and_other_sums() {
        let comparison = embed(&["dog bites man", "man bites dog"], None).unwrap().comparison();
        assert_eq!(comparison, Some(Comparison { same_tokens: true, same_order: false, shared_sums: 1 }));
        let same = embed(&["dog dog", "dog dog"], None).unwrap().comparison();
        assert_eq!(same, Some(Comparison { same_tokens: true, same_order: true, shared_sums: 2 }));
        let texts = ["dog bites man", "man bites dog"].map(split);
        let without = Embedding::new(&texts, &vectors(), None, None).unwrap();
        assert_eq!(without.comparison().unwrap().shared_sums, 3, "without positions order is invisible");
        assert_eq!(embed(&["dog"], None).unwrap().comparison(), None);
    }

    #[test]
    fn repeated_words_are_found_as_a_reader_sees_them() {
        let piece = |piece: &str| (0, piece.to_string());
        let text = ["Bank", " is", ",", " bank", ","].map(piece).to_vec();
        let embedding = Embedding::new(&[text], &vectors(), None, None).unwrap();
        assert_eq!(embedding.repeats(), [(0, 3)]);
    }
}
