//! The words of a run, from its folder.

use std::path::Path;

use wordspace_data::formats::TokenWords;
use wordspace_data::{Tokenizer, Vocabulary};
use wordspace_frames::{Plan, Words};

use crate::{Error, Result};

/// The words of the run in `folder`, configured as `plan`.
///
/// # Errors
///
/// If it has none yet, or they cannot be read.
pub(crate) fn open_words(folder: &Path, plan: &Plan) -> Result<Words> {
    let file = folder.join("words.json");
    if !file.exists() {
        return Err(Error::NotFound("the run has no words yet: its text is still being tokenized".into()));
    }
    let vocabulary = Vocabulary::open(&file)?;
    let words = TokenWords::of_folder(folder, vocabulary.words.len())?.words;
    let tokenizer = Tokenizer::from_file(&folder.join("tokenizer.json"))?;
    Ok(Words::new(words, vocabulary, tokenizer, plan))
}
