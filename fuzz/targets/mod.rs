//! The targets: each takes any bytes, reads them as a file, a folder or a request, and panics if a promise of the reader is
//! broken. The programs in `fuzz/bin` search for such bytes, guided by
//! coverage; `tests/hostile_files.rs` tries the corpora in
//! `fuzz/corpus` and damaged copies of them.

mod files;
pub mod http;
mod memory;
pub mod models;
pub mod runs;
pub mod vectors;

pub use files::parts;
pub use memory::{bounded, measured};

/// Panics if a promise is broken for these bytes.
pub type Target = fn(&[u8]);

/// All targets by name, which is also that of the corpus.
pub const ALL: [(&str, Target); 19] = [
    ("config", runs::config),
    ("corpus", runs::corpus),
    ("csv", vectors::csv),
    ("fasttext", vectors::fasttext),
    ("glove", vectors::glove),
    ("gpt2", models::gpt2),
    ("http", http::http),
    ("judgements", runs::judgements),
    ("log", runs::log),
    ("npy", vectors::npy),
    ("projector", vectors::projector),
    ("run", runs::run),
    ("safetensors", vectors::safetensors),
    ("static_embedding", models::static_embedding),
    ("text", runs::text),
    ("tokenizer", models::tokenizer),
    ("tokens", runs::tokens),
    ("word2vec_binary", vectors::word2vec_binary),
    ("word2vec_text", vectors::word2vec_text),
];
