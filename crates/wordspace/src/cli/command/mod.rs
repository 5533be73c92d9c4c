//! The commands, one file each.

pub mod analogy;
pub mod bench;
mod bench_table;
pub mod completions;
pub mod convert;
pub mod devices;
pub mod embed;
pub mod evaluate;
pub mod export;
mod form;
pub mod generate;
pub mod inspect;
mod interrupt;
pub mod licences;
pub mod man;
mod nearest;
pub mod neighbors;
pub mod odd_one_out;
pub mod playground;
pub mod project;
mod questions;
pub mod report;
pub mod serve;
pub mod similarity;
mod source;
mod text_vectors;
pub mod tokens;
pub mod train;

/// How this program was called, for suggested commands.
pub fn program() -> &'static str {
    // Cargo sets this variable for the programs it runs.
    if std::env::var_os("CARGO").is_some() { "cargo run --release --" } else { "wordspace" }
}

/// Prints `value` as one line of JSON with its schema version.
pub fn print_json(mut value: serde_json::Value) {
    value["schema"] = 1.into();
    println!("{value}");
}

/// `word` quoted for a shell where it needs to be.
pub fn in_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./@:,+=".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
