//! Folders of GPT-2 models and of static embeddings, and tokenizers.

use wordspace_data::Tokenizer;
use wordspace_data::formats::{Gpt2Tables, Reading, StaticTable};
use wordspace_explore::{Source, TableChoice};

use super::files;
use super::memory::bounded;

/// The files of a model's folder, in the order of their parts in an input.
const MODEL: [&str; 8] = [
    "config.json",
    "model.safetensors",
    "model-1.safetensors",
    "model.safetensors.index.json",
    "words.json",
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
];

pub fn gpt2(data: &[u8]) {
    let folder = files::folder("gpt2", &MODEL, data);
    let Ok(tables) = bounded(data.len(), || Gpt2Tables::open(&folder, None, &Reading::default())) else { return };
    assert_eq!(tables.tokens.len(), tables.rows);
    assert!(tables.spellings.is_none_or(|spellings| spellings.len() == tables.rows));
    assert!(!tables.parameters.is_empty());
    let name = folder.to_str().expect("temporary folders have simple names");
    for table in [TableChoice::Token, TableChoice::Position] {
        if let Ok(opened) = Source::parse(name, table).and_then(|source| source.open(Some(1))) {
            assert_eq!(opened.vectors.len(), 1, "{table:?}");
        }
    }
}

/// The folder of a static embedding.
pub fn static_embedding(data: &[u8]) {
    let folder = files::folder("static", &["modules.json", "model.safetensors", "tokenizer.json"], data);
    let Ok(table) = bounded(data.len(), || StaticTable::open(&folder, &Reading::default())) else { return };
    assert!(StaticTable::is_in(&folder));
    assert!(table.spellings.is_none_or(|spellings| spellings.len() == table.tokens.len()));
    let name = folder.to_str().expect("temporary folders have simple names");
    if let Ok(opened) = Source::parse(name, TableChoice::Token).and_then(|source| source.open(Some(1))) {
        assert_eq!(opened.vectors.len(), 1);
    }
}

/// A tokenizer, and a text to split. A run saves its tokenizer, so what was read can be written and read again.
pub fn tokenizer(data: &[u8]) {
    let folder = files::folder("tokenizer", &["tokenizer.json", "vocab.json", "merges.txt"], data);
    let Ok(tokenizer) = Tokenizer::from_file(&folder) else { return };
    let text = String::from_utf8_lossy(files::parts(data).nth(3).unwrap_or(b"the cat sat on a mat")).into_owned();
    let Ok(tokens) = tokenizer.encode(&text) else { return };
    for token in &tokens {
        assert!((token.id as usize) < tokenizer.vocab_size(), "{token:?}");
        assert!(token.bytes.start <= token.bytes.end && token.bytes.end <= text.len(), "{token:?}");
    }
    let _ = Tokenizer::left_out(&text, &tokens);
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).collect();
    let _ = tokenizer.decode(&ids);
    let again = Tokenizer::from_json("the saved tokenizer", tokenizer.to_json().as_bytes());
    let again = again.unwrap_or_else(|error| panic!("a tokenizer that was saved cannot be read: {error}"));
    assert_eq!(again.vocab_size(), tokenizer.vocab_size());
    assert_eq!(again.encode(&text).expect("the text could be split before"), tokens);
}
