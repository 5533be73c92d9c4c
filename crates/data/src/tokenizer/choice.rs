//! The names of tokenizers on the command line and in configurations.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::{Error, Result};

/// The smallest vocabulary of byte pairs: the 256 bytes and the end of a text.
const BPE_MIN: usize = 257;
/// Four times the largest vocabulary in common use.
const BPE_MAX: usize = 1_000_000;

/// Which tokenizer to use: the value of `--tokenizer` and `data.tokenizer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenizerChoice {
    /// Lower-cased words and punctuation marks, learned from the text.
    Word,
    /// Characters, learned from the text.
    Char,
    /// Byte pairs as in GPT-2, learned from the text; at most this many tokens.
    Bpe(usize),
    /// GPT-2's own 50,257 tokens.
    Gpt2,
    /// A Hugging Face tokenizer file, or a folder with one, such as a run.
    File(PathBuf),
}

impl FromStr for TokenizerChoice {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let unknown = || Error::NoSuchTokenizer { name: name.to_string() };
        match name {
            "word" => Ok(Self::Word),
            "char" => Ok(Self::Char),
            "gpt2" => Ok(Self::Gpt2),
            _ if name.starts_with("bpe:") => {
                let size = name["bpe:".len()..].replace('_', "").parse().map_err(|_| unknown())?;
                if (BPE_MIN..=BPE_MAX).contains(&size) {
                    return Ok(Self::Bpe(size));
                }
                let problem = format!("SIZE must be {BPE_MIN} to {BPE_MAX}");
                Err(Error::BadTokenizer { name: name.to_string(), problem })
            }
            _ if name.ends_with(".json") || name.contains(['/', '\\']) => Ok(Self::File(name.into())),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for TokenizerChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word => write!(f, "word"),
            Self::Char => write!(f, "char"),
            Self::Bpe(size) => write!(f, "bpe:{size}"),
            Self::Gpt2 => write!(f, "gpt2"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for name in ["word", "char", "bpe:512", "gpt2", "runs/toy/tokenizer.json"] {
            assert_eq!(name.parse::<TokenizerChoice>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn unknown_names_are_refused_with_the_choices() {
        for name in ["words", "bpe", "bpe:", "bpe:many", "GPT-2"] {
            let error = name.parse::<TokenizerChoice>().unwrap_err().to_string();
            assert!(error.contains("bpe:SIZE"), "{error}");
        }
        assert!("bpe:100".parse::<TokenizerChoice>().unwrap_err().to_string().contains("257"));
    }
}
