//! A `tokenizer.json` from elsewhere: only parts that are known to be safe on any text are let through.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde_json::Value;

use super::Tokenizer;
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

pub(super) fn read(path: &Path) -> Result<Tokenizer> {
    let bad = |problem: String| Error::BadTokenizer { name: path.display().to_string(), problem };
    let found = std::fs::metadata(path).map_err(|source| Error::read(path, source))?;
    if found.is_dir() {
        return Err(Error::IsDirectory { path: path.to_path_buf(), wanted: "a tokenizer.json" });
    }
    if found.len() > LARGEST_FILE {
        return Err(bad(format!("it has {} bytes; no tokenizer.json is that large", found.len())));
    }
    let bytes = std::fs::read(path).map_err(|source| Error::read(path, source))?;
    let mut json: Value = serde_json::from_slice(&bytes)
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
    let tokenizer = Tokenizer::new(tokenizer);
    match tokenizer.vocab_size() {
        0 => Err(bad("its vocabulary is empty".into())),
        // Every id up to the highest costs a row of the token table.
        rows if rows > MOST_ROWS_PER_TOKEN * tokens => {
            Err(bad(format!("{tokens} tokens have ids as high as {}", rows - 1)))
        }
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
