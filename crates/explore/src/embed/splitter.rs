//! How a text is split into tokens that have vectors.

use wordspace_data::{Token, Tokenizer, UNKNOWN, WordVectors};

use crate::words::unknown_word;
use crate::{Error, Result};
#[cfg(feature = "files")]
use crate::{Opened, Source, SourceKind, TableChoice};

/// Splits a text into token ids.
pub enum TextSplitter {
    /// By the tokenizer of a model.
    Tokens(Box<Tokenizer>),
    /// By white space, for files of vectors without a model.
    Words,
}

impl TextSplitter {
    /// The splitter of `source`, opened as `opened`.
    ///
    /// # Errors
    ///
    /// If it is a model without a tokenizer that can be used, or its position table.
    #[cfg(feature = "files")]
    pub fn of(source: &Source, opened: &Opened) -> Result<Self> {
        if source.table() == TableChoice::Position {
            let problem =
                "a text is split into tokens, but these are the vectors of positions; leave out --table position";
            return Err(Error::Question(problem.into()));
        }
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

    /// The token ids of `text`, each with its piece of the text. `name` is that of the source, for error messages.
    ///
    /// # Errors
    ///
    /// If `text` has no token, or one that has no vector.
    pub fn split(&self, text: &str, vectors: &WordVectors, name: &str) -> Result<Vec<(u32, String)>> {
        let pieces: Vec<(u32, String)> = match self {
            Self::Tokens(tokenizer) => {
                let piece = |token: Token| (token.id, tokenizer.decode(&[token.id]));
                let tokens = tokenizer.encode(text)?;
                if let Some(part) = Tokenizer::left_out(text, &tokens) {
                    return Err(unknown_word(vectors, name, part, &|_, _| ()));
                }
                tokens.into_iter().map(piece).collect()
            }
            Self::Words => {
                let row = |word: &str| vectors.find(word).ok_or_else(|| unknown_word(vectors, name, word, &|_, _| ()));
                text.split_whitespace().map(|word| Ok((row(word)?, word.to_string()))).collect::<Result<_>>()?
            }
        };
        if pieces.is_empty() {
            return Err(Error::Question("the text has no token; give at least one word".into()));
        }
        match pieces.iter().find(|(id, _)| *id as usize >= vectors.len()) {
            Some((id, piece)) => Err(Error::Question(format!(
                "{piece:?} is token {id}, but {name} has only {} rows; the tokenizer is that of another model",
                vectors.len()
            ))),
            None => Ok(pieces),
        }
    }

    /// The row of each token of `text`. A word without a vector has the row of `<unk>`, or none if there is no such row.
    ///
    /// These are the ids of the `tokenizer.json` of
    /// [`write_static_embedding`](wordspace_data::formats::write_static_embedding). Unlike [`split`](Self::split), no text is
    /// refused for a word without a vector: tokenizers drop characters for which they have no token.
    ///
    /// # Errors
    ///
    /// If a token has no row, because the tokenizer is that of another model.
    pub fn rows(&self, text: &str, vectors: &WordVectors) -> Result<Vec<Option<u32>>> {
        let tokenizer = match self {
            Self::Tokens(tokenizer) => tokenizer,
            Self::Words => {
                let row = |word| vectors.find(word).or_else(|| vectors.find(UNKNOWN));
                return Ok(text.split_whitespace().map(row).collect());
            }
        };
        let tokens = tokenizer.encode(text)?;
        match tokens.iter().find(|token| token.id as usize >= vectors.len()) {
            Some(Token { id, spelling, .. }) => Err(Error::Question(format!(
                "{spelling:?} is token {id}, but there are only {} rows; the tokenizer is that of another model",
                vectors.len()
            ))),
            None => Ok(tokens.iter().map(|token| Some(token.id)).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_without_a_vector_is_refused_with_the_closest_one() {
        let vectors = WordVectors::new(["dog", "man"].map(String::from).to_vec(), vec![1.0, 2.0], 1);
        let refused = |text| TextSplitter::Words.split(text, &vectors, "test").unwrap_err().to_string();
        assert!(refused("Dog").contains("did you mean \"dog\"?"));
        assert!(refused(" ").contains("no token"));
    }

    #[test]
    fn a_word_without_a_vector_has_the_row_of_the_unknown_word_or_none() {
        let vectors = |second: &str| WordVectors::new(vec!["dog".into(), second.into()], vec![1.0, 2.0], 1);
        let rows = |second| TextSplitter::Words.rows(" dog\u{a0}cat\n", &vectors(second)).unwrap();
        assert_eq!(rows("man"), [Some(0), None]);
        assert_eq!(rows(UNKNOWN), [Some(0), Some(1)]);
    }
}
