//! A text as a model first sees it: each token's vector, its position's vector, and their sum.

use std::collections::HashMap;

use wordspace_data::{Token, Tokenizer, VectorTable, WordVectors};

use crate::{Error, Opened, Result, Source, SourceKind, suggestions};

/// Texts as sequences of vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// The tokens of all texts, one text after the other.
    pub tokens: Vec<PlacedToken>,
    /// C: how many numbers a vector has.
    pub dimension: usize,
}

/// A token at its position.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedToken {
    /// Its id: a row of the token table.
    pub id: u32,
    /// The text it stands for.
    pub piece: String,
    /// Which text it is of, from 0.
    pub text: usize,
    /// Which token of its text it is, from 0.
    pub place: usize,
    /// Which row of the position table was taken.
    pub position: usize,
    /// The row of the token table, `[C]`.
    pub token_vector: Vec<f32>,
    /// The row of the position table, `[C]`; none where there is no such table.
    pub position_vector: Option<Vec<f32>>,
    /// What enters the first block, `[C]`.
    pub sum: Vec<f32>,
}

/// What two texts have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Whether both are the same tokens, each as often, in whatever order.
    pub same_tokens: bool,
    /// Whether they are so in the same order.
    pub same_order: bool,
    /// How many sums of one text are also in the other.
    pub shared_sums: usize,
}

/// How the texts of a source become ids.
pub enum Pieces {
    /// By the tokenizer of a model.
    Tokens(Box<Tokenizer>),
    /// By white space, for files of words without a model.
    Words,
}

impl Pieces {
    /// How `source`, opened as `opened`, splits a text.
    ///
    /// # Errors
    ///
    /// If it is a model without a tokenizer that can be used.
    pub fn of(source: &Source, opened: &Opened) -> Result<Self> {
        if let SourceKind::Vectors(_) = opened.kind {
            return Ok(Self::Words);
        }
        if let Some(path) = &opened.tokenizer {
            return Ok(Self::Tokens(Box::new(Tokenizer::from_file(path)?)));
        }
        let path = source.path();
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        Ok(Self::Tokens(Box::new(Tokenizer::of_model(folder, opened.vectors.len())?)))
    }

    /// The ids of `text` and the piece of it that each stands for. `name` is that of the source, for messages.
    ///
    /// # Errors
    ///
    /// If `text` has no token, or one without a vector.
    pub fn split(&self, text: &str, vectors: &WordVectors, name: &str) -> Result<Vec<(u32, String)>> {
        let pieces: Vec<(u32, String)> = match self {
            Self::Tokens(tokenizer) => {
                let piece = |token: Token| (token.id, tokenizer.decode(&[token.id]));
                let tokens = tokenizer.encode(text)?;
                if let Some(part) = Tokenizer::left_out(text, &tokens) {
                    return Err(unknown(part, vectors, name));
                }
                tokens.into_iter().map(piece).collect()
            }
            Self::Words => {
                let row = |word: &str| vectors.find(word).ok_or_else(|| unknown(word, vectors, name));
                text.split_whitespace().map(|word| Ok((row(word)?, word.to_string()))).collect::<Result<_>>()?
            }
        };
        if pieces.is_empty() {
            return Err(Error::Question("the text has no token; give at least a word".into()));
        }
        match pieces.iter().find(|(id, _)| *id as usize >= vectors.len()) {
            Some((id, piece)) => Err(Error::Question(format!(
                "{piece:?} is token {id}, but {name} has {} rows; its tokenizer is another model's",
                vectors.len()
            ))),
            None => Ok(pieces),
        }
    }
}

fn unknown(word: &str, vectors: &WordVectors, name: &str) -> Error {
    let suggestions = suggestions(vectors, word, &|_, _| ());
    Error::UnknownWord { word: word.into(), source_name: name.into(), words: vectors.len(), suggestions }
}

impl Embedding {
    /// The vectors of `texts`, each split into ids and pieces.
    ///
    /// Position rows are those of the places in each text, or `asked`, the same for every text.
    ///
    /// # Errors
    ///
    /// If there are not as many positions as tokens, or one lies outside the table.
    pub fn new(
        texts: &[Vec<(u32, String)>],
        vectors: &WordVectors,
        positions: Option<&VectorTable>,
        asked: Option<&[usize]>,
    ) -> Result<Self> {
        let mut tokens = Vec::new();
        for (text, pieces) in texts.iter().enumerate() {
            check_count(pieces, asked)?;
            for (place, (id, piece)) in pieces.iter().enumerate() {
                let position = asked.map_or(place, |asked| asked[place]);
                let token_vector = vectors.row(*id).into_owned();
                let position_vector = positions.map(|table| row(table, position, pieces.len())).transpose()?;
                let sum = match &position_vector {
                    None => token_vector.clone(),
                    Some(vector) => token_vector.iter().zip(vector).map(|(token, place)| token + place).collect(),
                };
                let (id, piece) = (*id, piece.clone());
                tokens.push(PlacedToken { id, piece, text, place, position, token_vector, position_vector, sum });
            }
        }
        Ok(Self { tokens, dimension: vectors.dimension() })
    }

    /// Cosine of the angle between all pairs of token vectors, `[N, N]`.
    pub fn token_cosine(&self) -> Vec<Vec<f64>> {
        self.cosines(|token| &token.token_vector)
    }

    /// Cosine of the angle between all pairs of sums, `[N, N]`.
    pub fn sum_cosine(&self) -> Vec<Vec<f64>> {
        self.cosines(|token| &token.sum)
    }

    fn cosines(&self, vector: impl Fn(&PlacedToken) -> &[f32]) -> Vec<Vec<f64>> {
        let row = |a: &PlacedToken| self.tokens.iter().map(|b| cosine(vector(a), vector(b))).collect();
        self.tokens.iter().map(row).collect()
    }

    /// The pairs of tokens that are the same word to a reader, be it by one id or two: `bank` and ` bank`, `The` and `the`.
    pub fn repeats(&self) -> Vec<(usize, usize)> {
        let word: Vec<String> = self.tokens.iter().map(|token| token.piece.trim().to_lowercase()).collect();
        let is_word = |at: usize| word[at].chars().any(char::is_alphanumeric);
        let later = |a: usize| (a + 1..word.len()).map(move |b| (a, b));
        (0..word.len()).filter(|&a| is_word(a)).flat_map(later).filter(|&(a, b)| word[a] == word[b]).collect()
    }

    /// What the first two texts have in common; none if there are not two.
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
                "--positions names {}, but the text has {} tokens: {text:?}; name one for each",
                asked.len(),
                pieces.len()
            )))
        }
        _ => Ok(()),
    }
}

/// The row of `position`, for a text of `tokens` tokens.
fn row(table: &VectorTable, position: usize, tokens: usize) -> Result<Vec<f32>> {
    if position < table.len() {
        return Ok(table.row(position as u32).to_vec());
    }
    Err(Error::Question(format!(
        "position {position} is outside the position table, whose {} rows are 0 to {}; a text of {tokens} tokens needs \
         positions below that",
        table.len(),
        table.len() - 1
    )))
}

/// Cosine of the angle between `a` and `b`, exactly 1 for equal vectors; 0 if one of them is all zeros.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&a, &b)| a as f64 * b as f64).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
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
        Pieces::Words.split(text, &vectors(), "test").unwrap()
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
    fn a_sum_is_the_tokens_vector_and_the_vector_of_its_place() {
        let embedding = embed(&["dog bites man"], None).unwrap();
        let sums: Vec<&[f32]> = embedding.tokens.iter().map(|token| token.sum.as_slice()).collect();
        assert_eq!(sums, [[1.0, 0.0], [0.5, 1.0], [3.0, 2.0]]);
        assert_eq!(embedding.token_cosine()[0], [1.0, 0.0, 0.6]);
        assert!((embedding.sum_cosine()[0][2] - 3.0 / 13_f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn positions_are_those_that_were_asked_for() {
        let embedding = embed(&["dog bites man"], Some(&[0, 0, 1])).unwrap();
        assert_eq!(embedding.tokens[2].sum, [3.5, 4.0]);
        assert_eq!((embedding.tokens[2].place, embedding.tokens[2].position), (2, 1));
        refused(embed(&["dog man"], Some(&[0, 1, 2])), "--positions names 3, but the text has 2 tokens");
        refused(embed(&["dog"], Some(&[3])), "position 3 is outside the position table, whose 3 rows are 0 to 2");
        refused(embed(&["dog dog dog dog"], None), "a text of 4 tokens");
    }

    #[test]
    fn another_order_is_the_same_set_of_token_vectors_and_another_set_of_sums() {
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
    fn a_word_that_comes_again_is_found_by_what_a_reader_sees() {
        let piece = |piece: &str| (0, piece.to_string());
        let text = ["Bank", " is", ",", " bank", ","].map(piece).to_vec();
        let embedding = Embedding::new(&[text], &vectors(), None, None).unwrap();
        assert_eq!(embedding.repeats(), [(0, 3)]);
    }

    #[test]
    fn a_word_without_a_vector_is_refused_with_the_word_that_has_one() {
        refused(Pieces::Words.split("Dog", &vectors(), "test"), "did you mean \"dog\"?");
        refused(Pieces::Words.split(" ", &vectors(), "test"), "no token");
    }
}
