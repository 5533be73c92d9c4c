//! Tokenizer files from elsewhere: only parts that are known to be safe on any text are let through.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::Value;

use super::{Tokenizer, gpt2};
use crate::{Error, Result};

/// The largest vocabularies in use make files of some 30 MB.
const LARGEST_FILE: u64 = 256 << 20;

/// Vocabularies have holes in their ids, but few.
const MOST_ROWS_PER_TOKEN: usize = 4;

/// The kinds of each part that are accepted. Left out are those that the `tokenizers` crate can panic on when the file is
/// malformed (Precompiled, FixedLength) and those that treat the start of a text specially (Metaspace, Prepend), which
/// would do so at every piece of a long text.
const ACCEPTED: [(&str, &[&str]); 4] = [
    ("model", &["BPE", "WordLevel", "WordPiece"]),
    ("normalizer", &["Sequence", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "StripAccents", "BertNormalizer"]),
    (
        "pre_tokenizer",
        &[
            "Sequence",
            "ByteLevel",
            "Split",
            "Whitespace",
            "WhitespaceSplit",
            "BertPreTokenizer",
            "Punctuation",
            "Digits",
        ],
    ),
    ("decoder", &["Sequence", "ByteLevel", "WordPiece", "Fuse", "BPEDecoder", "ByteFallback", "Replace", "Strip"]),
];

/// The files of a tokenizer in a folder, the first that is there being taken.
const NAMES: [&str; 2] = ["tokenizer.json", "vocab.json"];

/// The tokenizer in `path`, which is a `tokenizer.json`, a `vocab.json` beside its `merges.txt`, or a folder of either.
pub(super) fn read(path: &Path) -> Result<Tokenizer> {
    if path.is_dir() {
        let file = NAMES.iter().map(|name| path.join(name)).find(|file| file.is_file());
        let wanted = "a tokenizer.json, or a folder with one or with vocab.json and merges.txt";
        return read(&file.ok_or(Error::IsDirectory { path: path.to_path_buf(), wanted })?);
    }
    match path.file_name().is_some_and(|name| name == "vocab.json") {
        true => read_pair(path, &path.with_file_name("merges.txt")),
        false => read_json(path),
    }
}

/// GPT-2's older form: what each token's id is, and which pairs are merged, in order (OpenAI's `encoder.json` and
/// `vocab.bpe`).
fn read_pair(vocabulary: &Path, merges: &Path) -> Result<Tokenizer> {
    let bad = |path: &Path, problem: String| Error::BadTokenizer { name: path.display().to_string(), problem };
    let ids: HashMap<String, u32> = serde_json::from_slice(&read_bounded(vocabulary)?)
        .map_err(|error| bad(vocabulary, format!("{error}; expected one JSON object of tokens and their ids")))?;
    let text = String::from_utf8(read_bounded(merges)?).map_err(|_| bad(merges, "it is not UTF-8".into()))?;
    let mut pairs = Vec::new();
    for (number, line) in text.lines().enumerate() {
        match line.trim_end().split_once(' ') {
            _ if line.trim_end().is_empty() || number == 0 && line.starts_with("#version") => {}
            Some((left, right)) if !right.contains(' ') => pairs.push((left.to_string(), right.to_string())),
            _ => return Err(bad(merges, format!("line {} is {line:?}; expected two tokens", number + 1))),
        }
    }
    let tokens = ids.len();
    let load = AssertUnwindSafe(|| gpt2::from_pairs(ids.into_iter().collect(), pairs));
    match catch_unwind(load) {
        Ok(Ok(tokenizer)) => checked(Tokenizer::new(tokenizer), tokens).map_err(|problem| bad(vocabulary, problem)),
        // It refuses some merges and panics at others.
        _ => {
            Err(bad(merges, "it merges tokens that vocab.json does not have, or to ones that it does not have".into()))
        }
    }
}

/// The bytes of a file that is no larger than tokenizers are.
fn read_bounded(path: &Path) -> Result<Vec<u8>> {
    let found = std::fs::metadata(path).map_err(|source| Error::read(path, source))?;
    if found.len() > LARGEST_FILE {
        let problem = format!("it has {} bytes; no tokenizer is that large", found.len());
        return Err(Error::BadTokenizer { name: path.display().to_string(), problem });
    }
    std::fs::read(path).map_err(|source| Error::read(path, source))
}

fn read_json(path: &Path) -> Result<Tokenizer> {
    let bad = |problem: String| Error::BadTokenizer { name: path.display().to_string(), problem };
    let mut json: Value = serde_json::from_slice(&read_bounded(path)?)
        .map_err(|error| bad(format!("it is not JSON ({error}); expected a Hugging Face tokenizer.json")))?;
    check_parts(&json).map_err(&bad)?;
    // Both would cut or fill the pieces of a text to one length.
    json["truncation"] = Value::Null;
    json["padding"] = Value::Null;

    let load = AssertUnwindSafe(|| json.to_string().parse::<tokenizers::Tokenizer>());
    let tokenizer = match catch_unwind(load) {
        Ok(Ok(tokenizer)) => tokenizer,
        Ok(Err(error)) => return Err(bad(error.to_string())),
        Err(_) => return Err(bad("a part of it is malformed".into())),
    };
    let tokens = tokenizer.get_vocab_size(true);
    checked(Tokenizer::new(tokenizer), tokens).map_err(bad)
}

/// `tokenizer` of `tokens` tokens, if its ids make a table.
fn checked(tokenizer: Tokenizer, tokens: usize) -> std::result::Result<Tokenizer, String> {
    match tokenizer.vocab_size() {
        0 => Err("its vocabulary is empty".into()),
        // Every id up to the highest costs a row of the token table.
        rows if rows > MOST_ROWS_PER_TOKEN * tokens => Err(format!("{tokens} tokens have ids as high as {}", rows - 1)),
        _ => Ok(tokenizer),
    }
}

fn check_parts(json: &Value) -> std::result::Result<(), String> {
    if !json["model"].is_object() {
        return Err("it has no \"model\"; expected a Hugging Face tokenizer.json".into());
    }
    for (part, accepted) in ACCEPTED {
        check_kinds(part, &json[part], accepted)?;
    }
    Ok(())
}

/// Every `type` in `part`, also inside sequences, must be one of `accepted`.
fn check_kinds(part: &str, value: &Value, accepted: &[&str]) -> std::result::Result<(), String> {
    match value["type"].as_str() {
        Some(kind) if !accepted.contains(&kind) => {
            return Err(format!("its {part} is of the kind {kind}; accepted here: {}", accepted.join(", ")));
        }
        Some(_) => {}
        // Older files leave the kind of the model out.
        None if value.is_null() || part == "model" => {}
        None => return Err(format!("its {part} names no kind")),
    }
    for list in ["normalizers", "pretokenizers", "decoders"] {
        for inner in value[list].as_array().into_iter().flatten() {
            check_kinds(part, inner, accepted)?;
        }
    }
    Ok(())
}
