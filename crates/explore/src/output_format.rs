//! The formats in which the vectors of a source can be written.

use std::path::Path;

use wordspace_data::formats::{self, Format, Written};
use wordspace_data::{Progress, WordVectors};

use crate::Result;
use crate::embed::TextSplitter;

/// A format of files, or of a folder for sentence-transformers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// A file, with a word list beside it if the format needs one.
    File(Format),
    /// A folder that sentence-transformers and model2vec open.
    StaticEmbedding,
}

impl OutputFormat {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Format::WRITTEN.into_iter().map(Self::File).chain([Self::StaticEmbedding])
    }

    /// Its name, the value of `--to`.
    pub fn name(self) -> &'static str {
        match self {
            Self::File(format) => format.name(),
            Self::StaticEmbedding => "static-embedding",
        }
    }

    /// The names of all, for messages.
    pub fn names() -> String {
        Self::all().map(Self::name).collect::<Vec<_>>().join(", ")
    }

    /// Writes `vectors`, which come from `source`, to the new file or folder `to`. `spellings` are as of [`formats::write`]; the
    /// folder needs the `splitter` of the source, a file does not.
    ///
    /// # Errors
    ///
    /// As of [`formats::write`] and [`formats::write_static_embedding`], or if there is no splitter.
    pub fn write(
        self,
        to: &Path,
        vectors: &WordVectors,
        spellings: Option<&[String]>,
        splitter: impl FnOnce() -> Result<TextSplitter>,
        source: &str,
        progress: Option<Progress<'_>>,
    ) -> Result<Written> {
        Ok(match self {
            Self::File(format) => formats::write(to, format, vectors, spellings, progress)?,
            Self::StaticEmbedding => {
                let splitter = splitter()?;
                let tokenizer = match &splitter {
                    TextSplitter::Tokens(tokenizer) => Some(tokenizer.as_ref()),
                    TextSplitter::Words => None,
                };
                formats::write_static_embedding(to, vectors, tokenizer, source, progress)?
            }
        })
    }
}
