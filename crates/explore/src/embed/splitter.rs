//! How a text is split into tokens that have vectors.

use wordspace_data::{Token, Tokenizer, WordVectors};

use crate::words::unknown_word;
use crate::{Error, Result};
#[cfg(feature = "files")]
use crate::{Opened, Source, SourceKind};

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
    /// If it is a model without a tokenizer that can be used.
    #[cfg(feature = "files")]
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
}
