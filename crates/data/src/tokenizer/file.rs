//! Tokenizer files and folders.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tokenizers::Tokenizer;

use super::byte_level::from_merges;
use super::json;
use crate::regular_file::MAX_VOCABULARY_BYTES;
use crate::{Error, Result, regular_file};

/// The tokenizer files of a folder, in order of preference.
const NAMES: [&str; 2] = ["tokenizer.json", "vocab.json"];

/// Reads the tokenizer at `path`: a `tokenizer.json`, a `vocab.json` beside its `merges.txt`, or a folder with either.
pub(super) fn read(path: &Path) -> Result<Tokenizer> {
    if path.is_dir() {
        let file = NAMES.iter().map(|name| path.join(name)).find(|file| file.is_file());
        let wanted = "a tokenizer.json, or a folder with one or with vocab.json and merges.txt";
        return read(&file.ok_or(Error::IsDirectory { path: path.to_path_buf(), wanted })?);
    }
    match path.file_name().is_some_and(|name| name == "vocab.json") {
        true => read_vocabulary(path, &path.with_file_name("merges.txt")),
        false => json::parse(&regular_file::read(path, MAX_VOCABULARY_BYTES)?).map_err(|problem| bad(path, problem)),
    }
}

/// Reads GPT-2's older pair of files: the id of each token, and the merges in order (OpenAI's `encoder.json` and
/// `vocab.bpe`).
fn read_vocabulary(vocabulary: &Path, merges: &Path) -> Result<Tokenizer> {
    let ids: HashMap<String, u32> = serde_json::from_slice(&regular_file::read(vocabulary, MAX_VOCABULARY_BYTES)?)
        .map_err(|error| bad(vocabulary, format!("{error}; expected one JSON object of tokens and their ids")))?;
    let text = String::from_utf8(regular_file::read(merges, MAX_VOCABULARY_BYTES)?)
        .map_err(|_| bad(merges, "it is not UTF-8".into()))?;
    let mut pairs = Vec::new();
    for (number, line) in text.lines().enumerate() {
        match line.trim_end().split_once(' ') {
            _ if line.trim_end().is_empty() || number == 0 && line.starts_with("#version") => {}
            Some((left, right)) if !right.contains(' ') => pairs.push((left.to_string(), right.to_string())),
            _ => return Err(bad(merges, format!("line {} is {line:?}; expected two tokens", number + 1))),
        }
    }
    let tokens = ids.len();
    // The crate returns an error for some bad merges and panics on others.
    match catch_unwind(AssertUnwindSafe(|| from_merges(ids.into_iter().collect(), pairs))) {
        Ok(Ok(tokenizer)) => {
            json::check_ids(&tokenizer, tokens).map_err(|problem| bad(vocabulary, problem))?;
            Ok(tokenizer)
        }
        _ => Err(bad(merges, "one of its merges has a part or a result that is not a token in vocab.json".into())),
    }
}

fn bad(path: &Path, problem: String) -> Error {
    Error::BadTokenizer { name: path.display().to_string(), problem }
}
