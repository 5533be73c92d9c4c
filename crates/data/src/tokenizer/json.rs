//! Reads a Hugging Face `tokenizer.json` from anywhere: only parts that are known to be safe on any text are accepted.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;
use tokenizers::Tokenizer;

/// Vocabularies may skip ids, but only a few.
const MAX_ROWS_PER_TOKEN: usize = 4;

/// The accepted types of each part. Not accepted are those on which the `tokenizers` crate can panic if the file is
/// malformed (Precompiled, FixedLength), and those that treat the start of a text specially (Metaspace, Prepend), which
/// would happen at the start of every chunk of a long text.
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

/// The tokenizer in `json`, or the problem with it.
pub(super) fn parse(json: &[u8]) -> Result<Tokenizer, String> {
    let mut json: Value = serde_json::from_slice(json)
        .map_err(|error| format!("it is not JSON ({error}); expected a Hugging Face tokenizer.json"))?;
    check_parts(&json)?;
    // Either would cut or pad every chunk of a text to one length.
    json["truncation"] = Value::Null;
    json["padding"] = Value::Null;
    match catch_unwind(AssertUnwindSafe(|| json.to_string().parse::<Tokenizer>())) {
        Ok(Ok(tokenizer)) => {
            let tokens = tokenizer.get_vocab_size(true);
            check_ids(&tokenizer, tokens)?;
            Ok(tokenizer)
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("a part of it is malformed".into()),
    }
}

/// Checks that every token of `tokenizer` has an id of its own, and that the highest is in proportion to their number: every
/// id up to the highest is a row of the token table.
pub(super) fn check_ids(tokenizer: &Tokenizer, tokens: usize) -> Result<(), String> {
    let mut ids: Vec<u32> = tokenizer.get_vocab(true).into_values().collect();
    ids.sort_unstable();
    if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("two of its tokens have the id {}; expected an id of its own for each", pair[0]));
    }
    match ids.last() {
        None => Err("its vocabulary is empty".into()),
        Some(&highest) if highest as usize >= MAX_ROWS_PER_TOKEN * tokens => {
            Err(format!("its {tokens} tokens have ids as high as {highest}"))
        }
        Some(_) => Ok(()),
    }
}

fn check_parts(json: &Value) -> Result<(), String> {
    if !json["model"].is_object() {
        return Err("it has no \"model\"; expected a Hugging Face tokenizer.json".into());
    }
    for (part, accepted) in ACCEPTED {
        check_types(part, &json[part], accepted)?;
    }
    Ok(())
}

/// Every `type` in `part`, also inside sequences, must be one of `accepted`.
fn check_types(part: &str, value: &Value, accepted: &[&str]) -> Result<(), String> {
    match value["type"].as_str() {
        Some(found) if !accepted.contains(&found) => {
            return Err(format!("its {part} is of type {found}; accepted types: {}", accepted.join(", ")));
        }
        Some(_) => {}
        // Older files leave out the type of the model.
        None if value.is_null() || part == "model" => {}
        None => return Err(format!("its {part} has no type")),
    }
    for list in ["normalizers", "pretokenizers", "decoders"] {
        for inner in value[list].as_array().into_iter().flatten() {
            check_types(part, inner, accepted)?;
        }
    }
    Ok(())
}
