//! The words of a table that has none itself: a list beside it.
//!
//! For a table `NAME.npy` or `NAME.safetensors` the first of these that is there: `NAME.words.txt`, `NAME.txt`,
//! `NAME.words.json`, `words.txt`, `words.json`, `vocab.json`, `tokenizer.json`, all in the same folder. In a `.txt` each line
//! is the word of a row; a `.json` is a list of words, a run's `words.json`, or a vocabulary that gives each word its row.

use std::path::{Path, PathBuf};

use super::text::without_mark;
use super::token_words::spellings;
use super::{bad, beside};
use crate::{Error, Result};

/// The words of a table's rows, in their order.
pub(super) struct WordList {
    /// Lines, or spellings with a line break behind each.
    words: Vec<Vec<u8>>,
}

impl WordList {
    /// The list beside the table at `path` of `rows` rows, of which the first `wanted` are wanted.
    ///
    /// # Errors
    ///
    /// If there is none, or it is not of as many words.
    pub fn beside(path: &Path, rows: u64, wanted: u64) -> Result<Self> {
        let Some(list) = candidates(path).into_iter().find(|list| list.is_file() && list != path) else {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            return Err(bad(
                path,
                format!(
                    "it has no words; expected them beside it, one a line, in {name}.words.txt, {name}.txt or words.txt"
                ),
            ));
        };
        let bytes = std::fs::read(&list).map_err(|source| Error::read(&list, source))?;
        let is_json = list.extension().is_some_and(|ending| ending == "json");
        let words = match is_json {
            true => spellings(&bytes, rows as usize).map_err(|problem| bad(&list, problem))?.0,
            false => lines(&bytes),
        };
        if words.len() as u64 != rows {
            let (list, found) = (list.display(), words.len());
            return Err(bad(
                path,
                format!("it has {rows} rows, but {list} has {found} words: they do not belong together"),
            ));
        }
        Ok(Self { words: words.into_iter().take(wanted as usize).collect() })
    }

    /// The words.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.words.iter().map(Vec::as_slice)
    }
}

impl From<Vec<String>> for WordList {
    fn from(words: Vec<String>) -> Self {
        Self { words: words.into_iter().map(String::into_bytes).collect() }
    }
}

fn candidates(path: &Path) -> Vec<PathBuf> {
    let own = [".words.txt", ".txt", ".words.json"].map(|ending| beside(path, ending));
    let shared = ["words.txt", "words.json", "vocab.json", "tokenizer.json"].map(|name| path.with_file_name(name));
    own.into_iter().chain(shared).collect()
}

/// The lines of a list; the last may lack its line break.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let bytes = without_mark(bytes);
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let lines = bytes.split(|&byte| byte == b'\n');
    lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect()
}
