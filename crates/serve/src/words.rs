//! The words of a run, from its folder.

use wordspace_data::formats::TokenWords;
use wordspace_data::{RunFiles, Tokenizer, Vocabulary};
use wordspace_frames::{Plan, Words};

use crate::{Error, Result};

/// The largest `words.json` and `tokenizer.json` that are read: those of some two million words.
const MAX_BYTES: u64 = 64 << 20;

/// The words of the run with these `files`, configured as `plan`.
///
/// # Errors
///
/// If it has none yet, or they cannot be read.
pub(crate) fn open_words(files: &RunFiles, plan: &Plan) -> Result<Words> {
    let folder = files.folder();
    if !folder.join("words.json").exists() {
        return Err(Error::NotFound("the run has no words yet: its text is still being tokenized".into()));
    }
    let [words, tokenizer] = ["words.json", "tokenizer.json"].map(|name| files.locate(name, MAX_BYTES));
    let (vocabulary, tokenizer) = (Vocabulary::open(&words?)?, tokenizer?);
    let words = TokenWords::of_folder(folder, vocabulary.words.len())?.words;
    Ok(Words::new(words, vocabulary, Tokenizer::from_file(&tokenizer)?, plan))
}
