//! The errors of this crate: what was expected, what was found, and what to do next.

use std::io;
use std::path::{Path, PathBuf};

/// The result of everything fallible in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong with a file, a text or a tokenizer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A path is a directory instead of a file.
    #[error("{} is a directory; expected {wanted}", path.display())]
    IsDirectory {
        /// The directory.
        path: PathBuf,
        /// What kind of file was expected.
        wanted: &'static str,
    },
    /// The text is empty.
    #[error("{name} is empty; training needs text, at least a few thousand words of it")]
    EmptyText {
        /// The text.
        name: String,
    },
    /// The text is not UTF-8.
    #[error(
        "{name} is not UTF-8 text: the byte at offset {offset} begins no character; \
         convert it first, for example with `iconv -f LATIN1 -t UTF-8`"
    )]
    NotUtf8 {
        /// The text.
        name: String,
        /// The offset of the first invalid byte.
        offset: u64,
    },
    /// The text has too few tokens.
    #[error(
        "{part} of {name} has {found} tokens; a context of {context} needs at least {}; \
         bring more text or make the context shorter (--set model.context={})",
        context + 1, (found.saturating_sub(1)).max(1)
    )]
    TooShort {
        /// The text.
        name: String,
        /// Which part of it: "the training part" or "the held-out part".
        part: &'static str,
        /// The number of tokens it has.
        found: u64,
        /// T: the number of tokens that the model reads at once.
        context: usize,
    },
    /// The name is not that of a tokenizer.
    #[error("no tokenizer is called {name:?}; expected word, char, bpe:SIZE, gpt2 or the path of a tokenizer.json")]
    NoSuchTokenizer {
        /// The name.
        name: String,
    },
    /// A tokenizer cannot be used.
    #[error("{name} is not a tokenizer that can be used here: {problem}")]
    BadTokenizer {
        /// The tokenizer or its file.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The tokenizer has no id for a part of the text.
    #[error(
        "the tokenizer has no id for some of {name}: {problem}; \
         use one that covers the text (--tokenizer word, char or bpe:SIZE learns it from the text)"
    )]
    Unencodable {
        /// The text.
        name: String,
        /// The message of the tokenizer.
        problem: String,
    },
    /// A file is not a token file, or not a complete one.
    #[error("{} is not a whole token file: {problem}", path.display())]
    BadTokenFile {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        problem: String,
    },
    /// A token id is outside the vocabulary.
    #[error(
        "{name} holds token id {id} at position {position}, but the vocabulary ends at {}; \
         the file was made with another tokenizer", vocab_size - 1
    )]
    IdOutsideVocabulary {
        /// The token file, or the name of the tokens in memory.
        name: String,
        /// The id.
        id: u32,
        /// Its position among the tokens.
        position: u64,
        /// V.
        vocab_size: usize,
    },
    /// A long task was stopped by its progress callback.
    #[error("stopped before it was done")]
    Stopped,
    /// The file to be written exists.
    #[error("{} already exists; nothing is overwritten: choose another name or remove it first", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A format cannot represent the vectors or their words.
    #[error("cannot write {}: {problem}", path.display())]
    CannotHold {
        /// The file to be written.
        path: PathBuf,
        /// What the format cannot hold, and which format can.
        problem: String,
    },
    /// A file of vectors or words cannot be used.
    #[error("{} cannot be used: {problem}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        problem: String,
    },
}

impl Error {
    /// An error while reading `path`.
    pub fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_path_buf(), source }
    }

    /// An error while writing `path`.
    pub fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_path_buf(), source }
    }

    /// The error of the file at `path` with this `problem`.
    pub fn bad_file(path: &Path, problem: impl Into<String>) -> Self {
        Self::BadFile { path: path.to_path_buf(), problem: problem.into() }
    }
}
