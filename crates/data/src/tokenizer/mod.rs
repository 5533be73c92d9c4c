//! Text ↔ ids, by a Hugging Face `tokenizer.json`: learned from the text (words, characters, byte pairs), GPT-2's, or
//! any other file of that form.

mod byte_spelling;
mod file;
mod gpt2;
mod learned;
mod stream;

use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::{Error, Progress, Result, Text};

pub(crate) use byte_spelling::ByteSpelling;
pub use gpt2::END_OF_TEXT;
pub use stream::TextStream;

/// Which tokenizer to use, as `--tokenizer` and `data.tokenizer` name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenizerChoice {
    /// Lower-cased words and single marks, learned from the text.
    Word,
    /// Single characters, learned from the text.
    Char,
    /// GPT-2's kind of byte pairs, learned from the text, up to this many tokens.
    Bpe(usize),
    /// GPT-2's own 50,257 tokens.
    Gpt2,
    /// The file of a Hugging Face tokenizer, or a folder with it: a run, for example.
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
                if (learned::BPE_SMALLEST..=learned::BPE_LARGEST).contains(&size) {
                    return Ok(Self::Bpe(size));
                }
                let problem = format!("SIZE must be {} to {}", learned::BPE_SMALLEST, learned::BPE_LARGEST);
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

/// One token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id: a row of the token table.
    pub id: u32,
    /// How the vocabulary spells it; GPT-2 writes ` cat` as `Ġcat`.
    pub spelling: String,
    /// The bytes of the text it stands for.
    pub bytes: Range<usize>,
}

/// A tokenizer: text to ids and back.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    vocab_size: usize,
}

impl Tokenizer {
    /// The tokenizer that `choice` names; words, characters and byte pairs are learned from `text` in `range`.
    ///
    /// Words seen fewer than `min_count` times there become `<unk>`.
    pub fn prepare(
        choice: &TokenizerChoice,
        text: &Text,
        range: Range<u64>,
        min_count: u64,
        progress: Progress<'_>,
    ) -> Result<Self> {
        match choice {
            TokenizerChoice::Word => learned::word(text, range, min_count, progress),
            TokenizerChoice::Char => learned::char(text, range, progress),
            TokenizerChoice::Bpe(size) => learned::bpe(*size, text, range, progress),
            TokenizerChoice::Gpt2 => Ok(Self::gpt2()),
            TokenizerChoice::File(path) => Self::from_file(path),
        }
    }

    /// GPT-2's tokenizer, rebuilt from the byte-pair ranks that a dependency carries; nothing is downloaded.
    pub fn gpt2() -> Self {
        gpt2::tokenizer()
    }

    /// Reads a `tokenizer.json`, or a `vocab.json` with the `merges.txt` beside it; of a folder, such as a run's or a
    /// model's, the one or the other that is in it.
    ///
    /// # Errors
    ///
    /// If the file is no tokenizer, or one whose parts this crate does not read (see [`Error::BadTokenizer`]).
    pub fn from_file(path: &Path) -> Result<Self> {
        file::read(path)
    }

    /// The tokenizer of the model of `vocab_size` tokens in `folder`: the one in it, or else, where GPT-2 has as many
    /// tokens, GPT-2's.
    ///
    /// # Errors
    ///
    /// If there is none, or one that cannot be used.
    pub fn of_model(folder: &Path, vocab_size: usize) -> Result<Self> {
        match Self::from_file(folder) {
            Err(Error::IsDirectory { .. }) if vocab_size == gpt2::VOCAB_SIZE => Ok(Self::gpt2()),
            Err(Error::IsDirectory { path, .. }) => {
                let problem = format!(
                    "there is no tokenizer.json, nor vocab.json with merges.txt, and GPT-2's tokenizer is none for \
                     {vocab_size} tokens; in Python: AutoTokenizer.from_pretrained(NAME).save_pretrained({path:?})"
                );
                Err(Error::BadTokenizer { name: path.display().to_string(), problem })
            }
            found => found,
        }
    }

    fn new(inner: tokenizers::Tokenizer) -> Self {
        let highest = inner.get_vocab(true).values().max().copied();
        Self { inner, vocab_size: highest.map_or(0, |id| id as usize + 1) }
    }

    /// The tokenizer as the text of a `tokenizer.json`.
    pub fn to_json(&self) -> String {
        self.inner.to_string(true).expect("a tokenizer in memory can always be written as JSON")
    }

    /// One more than the highest id: V, the rows a token table needs.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// The tokens of `text`, in order. A text that names a special token (`<|endoftext|>`) gets that token.
    ///
    /// # Errors
    ///
    /// If the vocabulary has neither an id for some piece nor one for the unknown.
    pub fn encode(&self, text: &str) -> Result<Vec<Token>> {
        let encoding = self.guarded(|| self.inner.encode(text, false), || "the text".to_string())?;
        let parts = encoding.get_ids().iter().zip(encoding.get_tokens()).zip(encoding.get_offsets());
        Ok(parts
            .map(|((&id, spelling), &(from, to))| Token { id, spelling: spelling.clone(), bytes: from..to })
            .collect())
    }

    /// The first part of `text` that none of its `tokens` stands for, white space aside. There is one only where a
    /// vocabulary lacks some character and a token for the unknown too: such characters vanish without an error.
    pub fn left_out<'t>(text: &'t str, tokens: &[Token]) -> Option<&'t str> {
        let mut reached = 0;
        let end = text.len()..text.len();
        for bytes in tokens.iter().map(|token| token.bytes.clone()).chain([end]) {
            let gap = text.get(reached..bytes.start).unwrap_or_default().trim();
            if !gap.is_empty() {
                return Some(gap);
            }
            reached = reached.max(bytes.end);
        }
        None
    }

    /// The ids of each of `pieces`, on all threads; `name` stands for the text in messages.
    pub fn encode_all(&self, pieces: Vec<String>, name: &str) -> Result<Vec<Vec<u32>>> {
        let encodings = self.guarded(|| self.inner.encode_batch_fast(pieces, false), || name.to_string())?;
        Ok(encodings.iter().map(|encoding| encoding.get_ids().to_vec()).collect())
    }

    /// The text of `ids`, special tokens included. Ids outside the vocabulary stand for nothing.
    pub fn decode(&self, ids: &[u32]) -> String {
        let decoded = catch_unwind(AssertUnwindSafe(|| self.inner.decode(ids, false)));
        decoded.ok().and_then(|text| text.ok()).unwrap_or_default()
    }

    /// How the vocabulary spells `id`.
    pub fn spelling(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The id whose spelling is `spelling`.
    pub fn id(&self, spelling: &str) -> Option<u32> {
        self.inner.token_to_id(spelling)
    }

    /// The id of `word` if it is one known token: `cat` and ` cat` are two for GPT-2, one for a word tokenizer.
    pub fn word(&self, word: &str) -> Option<u32> {
        match self.encode(word).ok()?.as_slice() {
            [token] if token.spelling != UNKNOWN => Some(token.id),
            _ => None,
        }
    }

    /// Runs `encode`, turning errors and panics of a foreign tokenizer's parts into [`Error::Unencodable`].
    fn guarded<T>(&self, encode: impl FnOnce() -> tokenizers::Result<T>, name: impl FnOnce() -> String) -> Result<T> {
        match catch_unwind(AssertUnwindSafe(encode)) {
            Ok(Ok(encoded)) => Ok(encoded),
            Ok(Err(problem)) => Err(Error::Unencodable { name: name(), problem: problem.to_string() }),
            Err(_) => Err(Error::Unencodable { name: name(), problem: "a part of the tokenizer panicked".into() }),
        }
    }
}

/// What stands for a word or character outside the vocabulary.
pub const UNKNOWN: &str = "<unk>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_reads_as_it_is_written() {
        for name in ["word", "char", "bpe:512", "gpt2", "runs/toy/tokenizer.json"] {
            assert_eq!(name.parse::<TokenizerChoice>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn a_name_that_is_no_choice_is_refused_with_the_choices() {
        for name in ["words", "bpe", "bpe:", "bpe:many", "GPT-2"] {
            let error = name.parse::<TokenizerChoice>().unwrap_err().to_string();
            assert!(error.contains("bpe:SIZE"), "{error}");
        }
        assert!("bpe:100".parse::<TokenizerChoice>().unwrap_err().to_string().contains("257"));
    }
}
