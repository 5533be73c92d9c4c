//! What can be wrong with what a user brings, said so that the next step is clear.

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
        /// What the system said.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory where a file was expected.
    #[error("{} is a directory; expected {wanted}", path.display())]
    IsDirectory {
        /// The directory.
        path: PathBuf,
        /// What kind of file was expected.
        wanted: &'static str,
    },
    /// A text without a byte in it.
    #[error("{name} is empty; training needs text, at least a few thousand words of it")]
    EmptyText {
        /// The text.
        name: String,
    },
    /// A text that is not UTF-8.
    #[error(
        "{name} is not UTF-8 text: the byte at offset {offset} begins no character; \
         convert it first, for example with `iconv -f LATIN1 -t UTF-8`"
    )]
    NotUtf8 {
        /// The text.
        name: String,
        /// Where the first bad byte lies.
        offset: u64,
    },
    /// A text of too few tokens.
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
        /// How many tokens it has.
        found: u64,
        /// How many the model reads at once.
        context: usize,
    },
    /// A name of a tokenizer that is none.
    #[error("no tokenizer is called {name:?}; expected word, char, bpe:SIZE, gpt2 or the path of a tokenizer.json")]
    NoSuchTokenizer {
        /// What was asked for.
        name: String,
    },
    /// A tokenizer file that cannot be used.
    #[error("{name} is not a tokenizer that can be used here: {problem}")]
    BadTokenizer {
        /// The file.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A text with a piece that the tokenizer has no id for.
    #[error(
        "the tokenizer has no id for some of {name}: {problem}; \
         use one that covers the text (--tokenizer word, char or bpe:SIZE learns it from the text)"
    )]
    Unencodable {
        /// The text.
        name: String,
        /// What the tokenizer said.
        problem: String,
    },
    /// A file that is not the token file it should be.
    #[error("{} is not a whole token file: {problem}", path.display())]
    BadTokenFile {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        problem: String,
    },
    /// An id that the vocabulary does not reach.
    #[error(
        "{} holds token id {id} at position {position}, but the vocabulary ends at {}; \
         the file was made with another tokenizer", path.display(), vocab_size - 1
    )]
    IdOutsideVocabulary {
        /// The token file.
        path: PathBuf,
        /// The id.
        id: u32,
        /// Which token of the file it is.
        position: u64,
        /// Size of the vocabulary.
        vocab_size: usize,
    },
    /// A long work that was asked to end.
    #[error("stopped before it was done")]
    Stopped,
    /// A file to write that is there already.
    #[error("{} is there already; nothing is overwritten: choose another name or remove it first", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Vectors that a format cannot hold as they are.
    #[error("cannot write {}: {problem}", path.display())]
    CannotHold {
        /// The file to be written.
        path: PathBuf,
        /// What it cannot hold, and what could.
        problem: String,
    },
    /// A file of vectors or words that is not what it should be.
    #[error("{} cannot be used: {problem}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What was found and what was expected.
        problem: String,
    },
}

impl Error {
    /// An error of reading `path`.
    pub fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_path_buf(), source }
    }

    /// An error of writing `path`.
    pub fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_path_buf(), source }
    }
}
