//! Text ↔ ids, by a Hugging Face tokenizer: learned from the text (words, characters, byte pairs), GPT-2's, or any
//! `tokenizer.json`.

mod byte_level;
mod byte_spelling;
mod choice;
#[cfg(feature = "files")]
mod file;
#[cfg(feature = "gpt2")]
mod gpt2;
mod json;
mod learned;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(feature = "files")]
use std::path::Path;

use crate::special::UNKNOWN;
use crate::{Error, Progress, Result, Text};

pub(crate) use byte_spelling::ByteSpelling;
pub use choice::TokenizerChoice;
#[cfg(feature = "files")]
pub(crate) use gpt2::VOCAB_SIZE as GPT2_VOCAB_SIZE;

/// One token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id: a row of the token table.
    pub id: u32,
    /// Its spelling in the vocabulary; GPT-2 spells ` cat` as `Ġcat`.
    pub spelling: String,
    /// The bytes of the text that it stands for.
    pub bytes: Range<usize>,
}

/// A tokenizer: text to ids and back.
#[derive(Clone)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    vocab_size: usize,
}

impl Tokenizer {
    /// The tokenizer of `choice`; words, characters and byte pairs are learned from `text` in `range`.
    ///
    /// Words that occur fewer than `min_count` times there become `<unk>`.
    ///
    /// # Errors
    ///
    /// If the text or the file cannot be read or used, `progress` asks to stop, or the choice needs a feature of this crate
    /// that is switched off.
    pub fn prepare(
        choice: &TokenizerChoice,
        text: &Text,
        range: Range<u64>,
        min_count: u64,
        progress: Progress<'_>,
    ) -> Result<Self> {
        #[allow(unused, reason = "with all features no choice is missing")]
        let missing = |feature: &str| {
            let problem = format!("this program was built without the feature {feature:?} of wordspace-data");
            Error::BadTokenizer { name: choice.to_string(), problem }
        };
        match choice {
            TokenizerChoice::Word => learned::word(text, range, min_count, progress).map(Self::new),
            TokenizerChoice::Char => learned::char(text, range, progress).map(Self::new),
            TokenizerChoice::Bpe(size) => learned::bpe(*size, text, range, progress).map(Self::new),
            #[cfg(feature = "gpt2")]
            TokenizerChoice::Gpt2 => Ok(Self::gpt2()),
            #[cfg(not(feature = "gpt2"))]
            TokenizerChoice::Gpt2 => Err(missing("gpt2")),
            #[cfg(feature = "files")]
            TokenizerChoice::File(path) => Self::from_file(path),
            #[cfg(not(feature = "files"))]
            TokenizerChoice::File(_) => Err(missing("files")),
        }
    }

    /// GPT-2's tokenizer, rebuilt from the byte-pair ranks in a dependency; nothing is downloaded.
    #[cfg(feature = "gpt2")]
    pub fn gpt2() -> Self {
        Self::new(gpt2::tokenizer())
    }

    /// Reads a `tokenizer.json`, or a `vocab.json` with the `merges.txt` beside it, or a folder with either, such as a run
    /// or a model.
    ///
    /// # Errors
    ///
    /// If the file is not a tokenizer, or has parts that are not accepted here (see [`Error::BadTokenizer`]).
    #[cfg(feature = "files")]
    pub fn from_file(path: &Path) -> Result<Self> {
        file::read(path).map(Self::new)
    }

    /// Reads the text of a `tokenizer.json`; messages call it `name`.
    ///
    /// # Errors
    ///
    /// As for a file: if it is not a tokenizer, or has parts that are not accepted here.
    pub fn from_json(name: &str, json: &[u8]) -> Result<Self> {
        json::parse(json).map(Self::new).map_err(|problem| Error::BadTokenizer { name: name.to_string(), problem })
    }

    /// The tokenizer of the model in `folder`, whose vocabulary has `vocab_size` tokens: the one in the folder, or GPT-2's
    /// if there is none and GPT-2 has as many tokens.
    ///
    /// # Errors
    ///
    /// If there is no tokenizer, or one that cannot be used.
    #[cfg(feature = "files")]
    pub fn of_model(folder: &Path, vocab_size: usize) -> Result<Self> {
        match Self::from_file(folder) {
            Err(Error::IsDirectory { .. }) if vocab_size == GPT2_VOCAB_SIZE => Ok(Self::gpt2()),
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

    /// The text of the tokenizer's `tokenizer.json`.
    pub fn to_json(&self) -> String {
        self.inner.to_string(true).expect("a tokenizer in memory can always be written as JSON")
    }

    /// V: the highest id plus one, the number of rows of a token table.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// The tokens of `text`, in order. A special token in the text, such as `<|endoftext|>`, is one token.
    ///
    /// # Errors
    ///
    /// If the vocabulary has no id for some part of the text, and none for unknown parts.
    pub fn encode(&self, text: &str) -> Result<Vec<Token>> {
        let encoding = catch(|| self.inner.encode(text, false), || "the text".to_string())?;
        let parts = encoding.get_ids().iter().zip(encoding.get_tokens()).zip(encoding.get_offsets());
        Ok(parts
            .map(|((&id, spelling), &(from, to))| Token { id, spelling: spelling.clone(), bytes: from..to })
            .collect())
    }

    /// The first part of `text` that none of its `tokens` covers, apart from white space. There is one only if the
    /// vocabulary has neither some character nor a token for unknown ones: tokenizers drop such characters without an
    /// error.
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

    /// The ids of each of `chunks`, encoded by all threads; messages call the text `name`.
    ///
    /// # Errors
    ///
    /// As of [`encode`](Self::encode).
    pub fn encode_all(&self, chunks: Vec<String>, name: &str) -> Result<Vec<Vec<u32>>> {
        let encodings = catch(|| self.inner.encode_batch_fast(chunks, false), || name.to_string())?;
        Ok(encodings.iter().map(|encoding| encoding.get_ids().to_vec()).collect())
    }

    /// The text of `ids`, special tokens included. Ids outside the vocabulary are skipped.
    pub fn decode(&self, ids: &[u32]) -> String {
        let decoded = catch_unwind(AssertUnwindSafe(|| self.inner.decode(ids, false)));
        decoded.ok().and_then(|text| text.ok()).unwrap_or_default()
    }

    /// The text of one token; bytes that are not a whole character are written as `<0xE2>`.
    pub fn text(&self, id: u32) -> String {
        let text = self.decode(&[id]);
        match self.spelling(id) {
            Some(spelling) if text.contains('\u{fffd}') && !spelling.contains('\u{fffd}') => {
                ByteSpelling::new().text(&spelling)
            }
            _ => text,
        }
    }

    /// The spelling of `id` in the vocabulary.
    pub fn spelling(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The id of the token that is spelled `spelling`.
    pub fn id(&self, spelling: &str) -> Option<u32> {
        self.inner.token_to_id(spelling)
    }

    /// The id of `word` if it is one known token. For GPT-2 `cat` and ` cat` are two tokens, for a word tokenizer one.
    pub fn word(&self, word: &str) -> Option<u32> {
        match self.encode(word).ok()?.as_slice() {
            [token] if token.spelling != UNKNOWN => Some(token.id),
            _ => None,
        }
    }
}

/// Runs `encode`, and turns errors and panics of a tokenizer's parts into [`Error::Unencodable`].
fn catch<T>(encode: impl FnOnce() -> tokenizers::Result<T>, name: impl FnOnce() -> String) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(encode)) {
        Ok(Ok(encoded)) => Ok(encoded),
        Ok(Err(problem)) => Err(Error::Unencodable { name: name(), problem: problem.to_string() }),
        Err(_) => Err(Error::Unencodable { name: name(), problem: "a part of the tokenizer panicked".into() }),
    }
}
