//! The words of a model's token table, from the vocabulary that comes with it.
//!
//! They come from the first of these files in the model's folder: `words.json` (a run's), `tokenizer.json`, `vocab.json`.
//! Without any, a table of GPT-2's size gets the built-in vocabulary of GPT-2, and in other tables the word of a row is its
//! number: `#0`, `#1`, ….

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::regular_file::{MAX_VOCABULARY_BYTES, read};
use crate::tokenizer::{ByteSpelling, GPT2_VOCAB_SIZE};
use crate::{Error, Result, Tokenizer};

/// The words of a token table.
pub struct TokenWords {
    /// For each row the token as text: ` cat`. Bytes that are not a whole character are shown as `<0xE2>`.
    pub words: Vec<String>,
    /// For each row the spelling in a byte-level vocabulary, `Ġcat`; none for other vocabularies, which spell tokens as text.
    pub spellings: Option<Vec<String>>,
    /// The file of the words; none for the built-in vocabulary and for row numbers.
    pub from: Option<PathBuf>,
    /// The `tokenizer.json` beside it.
    pub tokenizer: Option<PathBuf>,
    /// Further words in the vocabulary, whose ids are beyond the rows of the table.
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
        let bytes = read(&from, MAX_VOCABULARY_BYTES)?;
        let (spelled, without_row) = parse_words(&bytes, rows).map_err(|problem| Error::bad_file(&from, problem))?;
        if spelled.len() != rows {
            let (found, path) = (spelled.len(), from.display());
            let problem = format!("its token table has {rows} rows, but {path} has {found} words");
            return Err(Error::bad_file(folder, problem));
        }
        let spelled = spelled.into_iter().enumerate().map(|(row, word)| match word.is_empty() {
            true => number(row),
            false => String::from_utf8(word).expect("strings in JSON are UTF-8"),
        });
        let is_byte_level = match &tokenizer {
            Some(tokenizer) => is_byte_level_tokenizer(&read(tokenizer, MAX_VOCABULARY_BYTES)?),
            None => folder.join("merges.txt").is_file(),
        };
        Ok(Self::new(spelled.collect(), is_byte_level, Some(from), tokenizer, without_row))
    }

    fn new(
        spelled: Vec<String>,
        is_byte_level: bool,
        from: Option<PathBuf>,
        tokenizer: Option<PathBuf>,
        without_row: u64,
    ) -> Self {
        if !is_byte_level {
            return Self { words: spelled, spellings: None, from, tokenizer, without_row };
        }
        let bytes = ByteSpelling::new();
        let words = spelled.iter().map(|spelling| bytes.text(spelling)).collect();
        Self { words, spellings: Some(spelled), from, tokenizer, without_row }
    }
}

/// The name of a row without a word.
fn number(row: usize) -> String {
    format!("#{row}")
}

fn gpt2() -> Vec<String> {
    let tokenizer = Tokenizer::gpt2();
    (0..GPT2_VOCAB_SIZE as u32).map(|id| tokenizer.spelling(id).unwrap_or_default()).collect()
}

/// Whether a `tokenizer.json` is byte-level, as GPT-2's.
fn is_byte_level_tokenizer(tokenizer: &[u8]) -> bool {
    let Ok(json) = serde_json::from_slice::<Value>(tokenizer) else { return false };
    ["pre_tokenizer", "decoder"].iter().any(|part| json[part].to_string().contains("\"ByteLevel\""))
}

/// The words in a JSON file, and the number of words without a row.
///
/// The file is a list, a run's `words.json`, a `vocab.json` or a `tokenizer.json`. A list has any length; a vocabulary fills
/// exactly `rows` rows, with an empty word in rows that it does not mention. A table has no more rows than its vocabulary has
/// bytes, or its header is wrong: a word and its id take several.
pub(super) fn parse_words(bytes: &[u8], rows: usize) -> std::result::Result<(Vec<Vec<u8>>, u64), String> {
    let json: Value = serde_json::from_slice(bytes).map_err(|error| format!("it is not JSON ({error})"))?;
    let list = json.as_array().or_else(|| json["words"].as_array());
    if let Some(list) = list {
        let words = list.iter().map(|word| word.as_str().map(|word| word.as_bytes().to_vec()));
        let words = words.collect::<Option<_>>().ok_or("its list has an element that is not a word")?;
        return Ok((words, 0));
    }
    let vocabulary = json["model"]["vocab"].as_object().or_else(|| json.as_object().filter(|all| is_vocabulary(all)));
    let vocabulary = vocabulary.ok_or("it holds no words; expected a list, a vocab.json or a tokenizer.json")?;
    let added = json["added_tokens"].as_array().into_iter().flatten();
    let added = added.filter_map(|token| Some((token["content"].as_str()?, token["id"].as_u64()?)));
    let ids = vocabulary.iter().filter_map(|(word, id)| Some((word.as_str(), id.as_u64()?)));
    if rows > bytes.len() {
        let found = vocabulary.len();
        return Err(format!(
            "its {found} words are too few for a table of {rows} rows; expected the table's own vocabulary"
        ));
    }
    let mut words = vec![Vec::new(); rows];
    // Ids without a row belong to tokens that were added without training, or to another model.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vocabulary_fills_as_many_rows_as_it_has_bytes_and_no_more() {
        let vocabulary = br#"{"cat":0,"dog":2}"#;
        let (words, without_row) = parse_words(vocabulary, 3).unwrap();
        assert_eq!((words, without_row), (vec![b"cat".to_vec(), Vec::new(), b"dog".to_vec()], 0));
        assert_eq!(parse_words(vocabulary, 1).unwrap().1, 1);
        let error = parse_words(vocabulary, 1 << 60).unwrap_err();
        assert!(error.contains("2 words are too few for a table of 1152921504606846976 rows"), "{error}");
    }
}
