//! The static embedding of sentence-transformers: a folder with a tokenizer and a table. The vector of a text is the mean of
//! the rows of its tokens. model2vec opens the same folder.
//!
//! The layout is that of model2vec, which sentence-transformers reads too; the other way round only late versions do. It was
//! tried with sentence-transformers 3.4 to 6.2 and model2vec 0.3 to 0.10.
//!
//! ```text
//! modules.json                       sentence-transformers: one module, StaticEmbedding, in this folder
//! config_sentence_transformers.json  sentence-transformers: the kind of model
//! config.json                        model2vec: its options
//! tokenizer.json                     text ↔ rows, for Hugging Face's tokenizers
//! model.safetensors                  the table embeddings, [V, C], 32-bit floats
//! README.md                          the model card
//! ```

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::output_table::{OutputTable, Written};
use crate::publish::{Staged, publish_bytes};
use crate::special::UNKNOWN;
use crate::{Error, Progress, Result, Tokenizer, WordVectors, safetensors_header};

/// The name of the table: model2vec's. sentence-transformers looks for it if there is no `embedding.weight`.
const TABLE: &str = "embeddings";

/// The files; the one with the vectors is the last.
const FILES: [&str; 6] = [
    "README.md",
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "tokenizer.json",
    "model.safetensors",
];

/// Writes `vectors` as the new folder `to`, which `SentenceTransformer(to)` of sentence-transformers and
/// `StaticModel.from_pretrained(to)` of model2vec open without a network. The folder appears complete or not at all.
/// Rows are written one by one, so a table in a mapped file is never in memory. The model card names `source`.
///
/// `tokenizer` splits a text; its ids are the rows. Without one, white space splits it into words, and the ids are the rows of
/// the words. A word without a vector is the token `<unk>`: it has the row of that word, or if there is none a row of zeros
/// after all others. sentence-transformers counts unknown tokens in the mean, model2vec leaves them out.
///
/// # Errors
///
/// If `to` exists, if there are no rows or fewer than `tokenizer` has ids, if `progress` asks to stop, or if the system refuses.
pub fn write_static_embedding(
    to: &Path,
    vectors: &WordVectors,
    tokenizer: Option<&Tokenizer>,
    source: &str,
    progress: Option<Progress<'_>>,
) -> Result<Written> {
    if to.symlink_metadata().is_ok() {
        return Err(Error::Exists { path: to.to_path_buf() });
    }
    check(to, vectors, tokenizer)?;
    let table = OutputTable::new(vectors, None, progress);
    let staged = Staged::folder(to)?;
    let card = model_card(source, vectors, tokenizer.is_some());
    // The name that the user gave, not that of a temporary file.
    write_files(staged.temporary(), &table, vectors, tokenizer, &card).map_err(|error| match error {
        Error::Write { source, .. } => Error::write(to, source),
        other => other,
    })?;
    staged.publish()?;
    Written::of(FILES.map(|name| to.join(name)).to_vec(), &table)
}

/// Checks that every id of `tokenizer` has a row.
fn check(to: &Path, vectors: &WordVectors, tokenizer: Option<&Tokenizer>) -> Result<()> {
    let rows = vectors.len();
    let problem = match tokenizer.map_or(0, Tokenizer::vocab_size) {
        _ if rows == 0 => "there are no rows".to_string(),
        tokens if tokens > rows => format!(
            "the tokenizer has {tokens} tokens, but there are only {rows} rows; expected a row for each token (all rows, \
             without --limit)"
        ),
        _ => return Ok(()),
    };
    Err(Error::CannotHold { path: to.to_path_buf(), problem })
}

fn write_files(
    folder: &Path,
    table: &OutputTable<'_>,
    vectors: &WordVectors,
    tokenizer: Option<&Tokenizer>,
    card: &str,
) -> Result<()> {
    let [readme, options, config, modules, tokens, model] = FILES.map(|name| folder.join(name));
    publish_bytes(&readme, card.as_bytes())?;
    publish_bytes(&options, pretty(&options_json()).as_bytes())?;
    publish_bytes(&config, pretty(&config_json()).as_bytes())?;
    publish_bytes(&modules, pretty(&modules_json()).as_bytes())?;
    let adds_unknown = tokenizer.is_none() && vectors.find(UNKNOWN).is_none();
    match tokenizer {
        Some(tokenizer) => publish_bytes(&tokens, tokenizer.to_json().as_bytes())?,
        None => table.stage(&tokens, |out| write_word_tokenizer(vectors, adds_unknown, out))?.publish()?,
    }
    table.stage(&model, |out| write_table(table, adds_unknown, out))?.publish()
}

/// Writes the `tokenizer.json` that splits at white space and whose tokens are the words of `vectors`.
fn write_word_tokenizer(vectors: &WordVectors, adds_unknown: bool, out: &mut impl Write) -> io::Result<()> {
    let without_words = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": [],
        "normalizer": null,
        "pre_tokenizer": { "type": "WhitespaceSplit" },
        "post_processor": null,
        "decoder": null,
        "model": { "type": "WordLevel", "unk_token": UNKNOWN, "vocab": {} },
    });
    let without_words = without_words.to_string();
    let (before, after) = without_words.split_once(r#""vocab":{"#).expect("it has a vocabulary");
    // Word by word: as one value in memory, three million words would take a gigabyte.
    write!(out, r#"{before}"vocab":{{"#)?;
    for row in 0..vectors.len() as u32 {
        let word = vectors.word(row);
        // No text has a token with a space, so a word's later rows are never read, as in `WordVectors::find`.
        let spelling = match vectors.find(&word) == Some(row) {
            true => word,
            false => Cow::Owned(format!("{word} (row {row})")),
        };
        out.write_all(if row == 0 { b"" } else { b"," })?;
        serde_json::to_writer(&mut *out, &spelling)?;
        write!(out, ":{row}")?;
    }
    if adds_unknown {
        write!(out, r#","{UNKNOWN}":{}"#, vectors.len())?;
    }
    out.write_all(after.as_bytes())
}

/// Writes `table`, and a row of zeros after it for the unknown token if `adds_unknown`.
fn write_table(table: &OutputTable<'_>, adds_unknown: bool, out: &mut impl Write) -> io::Result<()> {
    let shape = [table.len() + usize::from(adds_unknown), table.dimension()];
    let tensor = (TABLE, &shape[..], shape[0] * shape[1]);
    safetensors_header::write(out, json!({"format": "pt"}), [tensor].into_iter())?;
    table.each_row(|_, row| out.write_all(&row.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()))?;
    match adds_unknown {
        true => out.write_all(&vec![0; table.dimension() * 4]),
        false => Ok(()),
    }
}

fn modules_json() -> Value {
    json!([{ "idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding" }])
}

/// The options of model2vec. Without `max_length` it cuts a text after 512 tokens; older versions do so anyway.
fn options_json() -> Value {
    json!({
        "model_type": "model2vec",
        "architectures": ["StaticModel"],
        "embedding_dtype": "float32",
        "max_length": null,
        "normalize": false,
    })
}

fn config_json() -> Value {
    json!({
        "model_type": "SentenceTransformer",
        "prompts": {},
        "default_prompt_name": null,
        "similarity_fn_name": "cosine",
    })
}

fn pretty(json: &Value) -> String {
    serde_json::to_string_pretty(json).expect("values can always be written as JSON") + "\n"
}

/// The README of the folder.
fn model_card(source: &str, vectors: &WordVectors, has_tokenizer: bool) -> String {
    let splitting = match has_tokenizer {
        true => "The tokens are those of the model, and their ids are the rows of the table.",
        false => {
            "The tokens are words, separated by white space: write `the cat sleeps .`, not `The cat sleeps.`, unless there \
             are vectors for `The` and `sleeps.`. A word without a vector counts as zeros in sentence-transformers, and not \
             at all in model2vec."
        }
    };
    format!(
        "---\nlibrary_name: sentence-transformers\ntags: [sentence-transformers, static-embeddings, wordspace]\n---\n\
         # Static embedding\n\n\
         {rows} vectors of {dimension} values, written by wordspace from `{source}`. The vector of a text is the mean of \
         the vectors of its tokens. {splitting}\n\n\
         ```python\n\
         from sentence_transformers import SentenceTransformer\n\
         vectors = SentenceTransformer(\".\").encode([\"the cat sleeps\", \"the dog sleeps\"])\n\
         ```\n\n\
         ```python\n\
         from model2vec import StaticModel\n\
         vectors = StaticModel.from_pretrained(\".\").encode([\"the cat sleeps\", \"the dog sleeps\"])\n\
         ```\n",
        rows = vectors.len(),
        dimension = vectors.dimension(),
    )
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::read_tensors;

    /// The folder of `words`, whose vectors are [0, 1], [2, 3], ….
    fn write(folder: &Path, words: &[&str]) -> PathBuf {
        let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
        let values = (0..words.len() * 2).map(|value| value as f32).collect();
        let to = folder.join("static");
        write_static_embedding(&to, &WordVectors::new(words, values, 2), None, "test", None).unwrap();
        to
    }

    fn ids(folder: &Path, text: &str) -> Vec<u32> {
        Tokenizer::from_file(folder).unwrap().encode(text).unwrap().iter().map(|token| token.id).collect()
    }

    #[test]
    fn words_are_rows_and_unknown_ones_a_row_of_zeros() {
        let folder = tempfile::tempdir().unwrap();
        let to = write(folder.path(), &["dog", "don't", "\"ü\\", "New York", "dog"]);
        assert_eq!(ids(&to, "dog  don't\t\"ü\\ Dog <unk>\nNew York"), [0, 1, 2, 5, 5, 5, 5]);
        let table = &read_tensors(&to.join("model.safetensors")).unwrap()[TABLE];
        assert_eq!((&table.shape[..], &table.values[6..]), (&[6, 2][..], &[6.0, 7.0, 8.0, 9.0, 0.0, 0.0][..]));
        assert_eq!(Tokenizer::from_file(&to).unwrap().vocab_size(), 6);
    }

    #[test]
    fn the_row_of_the_unknown_word_is_that_of_all_unknown_words() {
        let folder = tempfile::tempdir().unwrap();
        let to = write(folder.path(), &["dog", UNKNOWN]);
        assert_eq!(ids(&to, "dog cat"), [0, 1]);
        assert_eq!(read_tensors(&to.join("model.safetensors")).unwrap()[TABLE].shape, [2, 2]);
    }

    #[test]
    fn a_tokenizer_with_more_ids_than_rows_is_refused_and_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let tokenizer = Tokenizer::from_file(&write(folder.path(), &["dog", "cat"])).unwrap();
        let vectors = WordVectors::new(vec!["dog".into(), "cat".into()], vec![0.0; 4], 2);
        let to = folder.path().join("other");
        let error = write_static_embedding(&to, &vectors, Some(&tokenizer), "test", None).unwrap_err().to_string();
        assert!(error.contains("has 3 tokens, but there are only 2 rows"), "{error}");
        assert!(!to.exists());
    }
}
