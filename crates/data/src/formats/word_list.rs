//! Word lists: the words of a table whose file has none.
//!
//! For a table `NAME.npy` or `NAME.safetensors` the word list is the first of these files in its folder: `NAME.words.txt`,
//! `NAME.txt`, `NAME.words.json`, `words.txt`, `words.json`, `vocab.json`, `tokenizer.json`. A `.txt` has a word on each line;
//! a `.json` is a list of words, a run's `words.json`, or a vocabulary that maps each word to its row.

use std::path::{Path, PathBuf};

use super::beside::beside;
use super::fields::without_bom;
use super::token_words::parse_words;
use crate::{Error, Result, regular_file};

/// The largest list: a hundred million words of ten letters.
const MAX_LIST_BYTES: u64 = 1 << 30;

/// The words of a table, row by row.
pub(super) struct WordList {
    words: Vec<Vec<u8>>,
}

impl WordList {
    /// Reads the word list beside the table at `path`, which has `rows` rows, and keeps its first `wanted` words.
    ///
    /// # Errors
    ///
    /// If there is no list, or its number of words is not `rows`.
    pub fn beside(path: &Path, rows: u64, wanted: u64) -> Result<Self> {
        let Some(list) = candidates(path).into_iter().find(|list| list.is_file() && list != path) else {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            return Err(Error::bad_file(
                path,
                format!(
                    "it has no words; expected them beside it, one a line, in {name}.words.txt, {name}.txt or words.txt"
                ),
            ));
        };
        let bytes = regular_file::read(&list, MAX_LIST_BYTES)?;
        let is_json = list.extension().is_some_and(|ending| ending == "json");
        let words = match is_json {
            true => parse_words(&bytes, rows as usize).map_err(|problem| Error::bad_file(&list, problem))?.0,
            false => lines(&bytes),
        };
        if words.len() as u64 != rows {
            let (list, found) = (list.display(), words.len());
            let problem = format!("it has {rows} rows, but {list} has {found} words: they do not belong together");
            return Err(Error::bad_file(path, problem));
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

/// The lines of a list; the last may lack its newline.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let bytes = without_bom(bytes);
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let lines = bytes.split(|&byte| byte == b'\n');
    lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect()
}
