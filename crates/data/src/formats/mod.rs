//! Reads and writes files of words with vectors.
//!
//! [`Format::of`] recognizes a format by the content of a file, not by its name. [`read`] keeps every good row and lists in a
//! [`Report`] what it left out; it never allocates more than the size of the file justifies. [`write()`] creates a complete
//! file or none, [`write_static_embedding`] a folder for sentence-transformers. `docs/formats.md` describes the formats, and
//! where each has its words.
//!
//! This file knows all formats; no format knows this file or another format.

mod beside;
mod csv;
mod dtype;
mod fasttext;
mod fields;
mod format;
mod gpt2;
mod input;
mod mapped_table;
mod npy;
mod output_table;
mod projector;
mod reading;
mod recognize;
mod report;
mod rows;
mod safetensors;
mod sample;
mod saved_tables;
mod static_embedding;
mod static_tables;
mod tensor_file;
mod text;
mod token_words;
mod unreadable;
mod word2vec;
mod word_list;

use std::path::Path;

use beside::beside;
use output_table::OutputTable;

use crate::publish::Staged;
use crate::{Error, Progress, Result, WordVectors, sha256_of_file};

pub use dtype::Dtype;
pub use format::Format;
pub use gpt2::{Gpt2Tables, Parameter};
pub use output_table::Written;
pub use reading::{Loaded, Reading};
pub use report::{Reason, Report};
pub use saved_tables::SavedTables;
pub use static_embedding::write_static_embedding;
pub use static_tables::StaticTable;
pub use token_words::TokenWords;

/// Reads the file at `path`, which is in `format`.
///
/// # Errors
///
/// If it cannot be read, is damaged, or more of its rows are bad than good; with `how.strict`, if any row is left out.
pub fn read(path: &Path, format: Format, how: &Reading<'_>) -> Result<Loaded> {
    match format {
        Format::Word2vecBinary => word2vec::read(path, how),
        Format::Word2vecText => text::read(path, true, how),
        Format::Glove => text::read(path, false, how),
        Format::Npy => npy::read(path, how),
        Format::Safetensors => safetensors::read(path, how),
        Format::Projector => projector::read(path, how),
        Format::Csv => csv::read(path, how),
        Format::FastText => fasttext::read(path, how),
    }
}

/// Writes `vectors` to `path` in `format`, and a word list beside it if the format needs one. They appear once both are
/// complete: the vectors last, so that they are never there without their words.
///
/// `spellings` are written instead of the words if they are given: GPT-2's vocabulary spells ` cat` as `Ġcat`, which formats
/// without spaces in words can hold.
///
/// # Errors
///
/// If a file of that name exists, if the format is only read or cannot hold some of the words, or if the system refuses. A word
/// list with the same words may exist: a process that is killed between the two leaves it.
pub fn write(
    path: &Path,
    format: Format,
    vectors: &WordVectors,
    spellings: Option<&[String]>,
    progress: Option<Progress<'_>>,
) -> Result<Written> {
    let table = OutputTable::new(vectors, spellings, progress);
    let word_list = match format {
        Format::Npy => Some(beside(path, ".words.txt")),
        Format::Projector => Some(projector::metadata_of(path)),
        _ => None,
    };
    if path.symlink_metadata().is_ok() {
        return Err(Error::Exists { path: path.to_path_buf() });
    }
    table.check(path, format)?;
    let words = word_list.as_ref().map(|list| table.stage(list, |out| table.each_word(out))).transpose()?;
    let words = match words {
        Some(words) => new_words(words)?,
        None => None,
    };
    let staged = table.stage(path, |out| match format {
        Format::Word2vecBinary => word2vec::write(&table, out),
        Format::Word2vecText => text::write(&table, true, out),
        Format::Glove => text::write(&table, false, out),
        Format::Npy => npy::write(&table, out),
        Format::Safetensors => safetensors::write(&table, out),
        Format::Projector => projector::write(&table, out),
        Format::Csv => csv::write(&table, out),
        // Refused by `check`.
        Format::FastText => Err(std::io::ErrorKind::Unsupported.into()),
    })?;
    publish(words, staged)?;
    Written::of(word_list.into_iter().chain([path.to_path_buf()]).collect(), &table)
}

/// The word list, or none if there is the same one already.
fn new_words(words: Staged) -> Result<Option<Staged>> {
    let path = words.path();
    let Ok(found) = path.symlink_metadata() else { return Ok(Some(words)) };
    let size = words.temporary().metadata().map_err(|source| Error::read(words.temporary(), source))?.len();
    match found.is_file() && found.len() == size && sha256_of_file(path)? == sha256_of_file(words.temporary())? {
        true => Ok(None),
        false => Err(Error::Exists { path: path.to_path_buf() }),
    }
}

/// Publishes the words, then the vectors; neither stays if the system refuses.
fn publish(words: Option<Staged>, vectors: Staged) -> Result<()> {
    let Some(words) = words else { return vectors.publish() };
    let list = words.path().to_path_buf();
    words.publish()?;
    vectors.publish().inspect_err(|_| drop(std::fs::remove_file(list)))
}
