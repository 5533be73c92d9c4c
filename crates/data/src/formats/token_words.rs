//! The words of a model's token table, from the vocabulary that comes with it.
//!
//! Taken is the first of these in the model's folder: `words.json` (a run's), `tokenizer.json`, `vocab.json`; then, for a
//! table of GPT-2's size, the vocabulary of GPT-2 that is built in. Without any, a row is called by its number: `#0`, `#1`, …

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::bad;
use crate::tokenizer::{ByteSpelling, GPT2_VOCAB_SIZE};
use crate::{Error, Result, Tokenizer};

/// The largest vocabularies in use make files of some 30 MB.
const LARGEST_FILE: u64 = 256 << 20;

/// The words of a token table.
pub struct TokenWords {
    /// Row by row the token as text: ` cat`. Bytes that are no whole character are shown as `<0xE2>`.
    pub words: Vec<String>,
    /// Row by row how a vocabulary of bytes spells the token, `Ġcat`; none for vocabularies that spell it as it is.
    pub spellings: Option<Vec<String>>,
    /// The file they came from; none for the built-in vocabulary and for numbers.
    pub from: Option<PathBuf>,
    /// The `tokenizer.json` that goes with them.
    pub tokenizer: Option<PathBuf>,
    /// How many words the vocabulary has besides, with ids that the table has no row for.
    pub without_row: u64,
}

impl TokenWords {
    /// The words of the `rows` rows of the model in `folder`.
    ///
    /// # Errors
    ///
    /// If there is a vocabulary and it cannot be read.
    pub fn of_folder(folder: &Path, rows: usize) -> Result<Self> {
        let tokenizer = Some(folder.join("tokenizer.json")).filter(|path| path.is_file());
        let found = ["words.json", "tokenizer.json", "vocab.json"].map(|name| folder.join(name));
        let Some(from) = found.into_iter().find(|path| path.is_file()) else {
            let words = if rows == GPT2_VOCAB_SIZE { gpt2() } else { (0..rows).map(number).collect() };
            return Ok(Self::new(words, rows == GPT2_VOCAB_SIZE, None, None, 0));
        };
        let bytes = read(&from)?;
        let (spelled, without_row) = spellings(&bytes, rows).map_err(|problem| bad(&from, problem))?;
        if spelled.len() != rows {
            let (found, path) = (spelled.len(), from.display());
            return Err(bad(folder, format!("its token table has {rows} rows, but {path} has {found} words")));
        }
        let spelled = spelled.into_iter().enumerate().map(|(row, word)| match word.is_empty() {
            true => number(row),
            false => String::from_utf8(word).expect("words in JSON are text"),
        });
        let is_of_bytes = match &tokenizer {
            Some(tokenizer) => names_bytes(&read(tokenizer)?),
            None => folder.join("merges.txt").is_file(),
        };
        Ok(Self::new(spelled.collect(), is_of_bytes, Some(from), tokenizer, without_row))
    }

    fn new(
        spelled: Vec<String>,
        is_of_bytes: bool,
        from: Option<PathBuf>,
        tokenizer: Option<PathBuf>,
        without_row: u64,
    ) -> Self {
        if !is_of_bytes {
            return Self { words: spelled, spellings: None, from, tokenizer, without_row };
        }
        let bytes = ByteSpelling::new();
        let words = spelled.iter().map(|spelling| bytes.text(spelling)).collect();
        Self { words, spellings: Some(spelled), from, tokenizer, without_row }
    }
}

/// What a row without a word is called.
fn number(row: usize) -> String {
    format!("#{row}")
}

fn gpt2() -> Vec<String> {
    let tokenizer = Tokenizer::gpt2();
    (0..GPT2_VOCAB_SIZE as u32).map(|id| tokenizer.spelling(id).unwrap_or_default()).collect()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let found = std::fs::metadata(path).map_err(|source| Error::read(path, source))?;
    if found.len() > LARGEST_FILE {
        return Err(bad(path, format!("it has {} bytes; no vocabulary is that large", found.len())));
    }
    std::fs::read(path).map_err(|source| Error::read(path, source))
}

/// Whether a `tokenizer.json` spells bytes as GPT-2 does.
fn names_bytes(tokenizer: &[u8]) -> bool {
    let Ok(json) = serde_json::from_slice::<Value>(tokenizer) else { return false };
    ["pre_tokenizer", "decoder"].iter().any(|part| json[part].to_string().contains("\"ByteLevel\""))
}

/// The words in a JSON file: a list, a run's `words.json`, a `vocab.json` or a `tokenizer.json`. A list is as long as it is;
/// a vocabulary fills `rows` rows, those it has no word for with an empty one. Beside them, how many words have no row.
pub(super) fn spellings(bytes: &[u8], rows: usize) -> std::result::Result<(Vec<Vec<u8>>, u64), String> {
    let json: Value = serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON ({error})"))?;
    let list = json.as_array().or_else(|| json["words"].as_array());
    if let Some(list) = list {
        let words = list.iter().map(|word| word.as_str().map(|word| word.as_bytes().to_vec()));
        let words = words.collect::<Option<_>>().ok_or("its list holds something else than words")?;
        return Ok((words, 0));
    }
    let vocabulary = json["model"]["vocab"].as_object().or_else(|| json.as_object().filter(|all| is_vocabulary(all)));
    let vocabulary = vocabulary.ok_or("it holds no words; expected a list, a vocab.json or a tokenizer.json")?;
    let added = json["added_tokens"].as_array().into_iter().flatten();
    let added = added.filter_map(|token| Some((token["content"].as_str()?, token["id"].as_u64()?)));
    let ids = vocabulary.iter().filter_map(|(word, id)| Some((word.as_str(), id.as_u64()?)));
    let mut words = vec![Vec::new(); rows];
    // Ids that the table has no row for belong to tokens that were added without training them, or to another model.
    let mut without_row = BTreeSet::new();
    for (word, id) in ids.chain(added) {
        match words.get_mut(usize::try_from(id).unwrap_or(usize::MAX)) {
            Some(row) => *row = word.as_bytes().to_vec(),
            None => drop(without_row.insert(id)),
        }
    }
    Ok((words, without_row.len() as u64))
}

fn is_vocabulary(object: &Map<String, Value>) -> bool {
    !object.is_empty() && object.values().all(Value::is_u64)
}
