//! One file a verb.

pub mod analogy;
pub mod bench;
pub mod completions;
pub mod convert;
pub mod devices;
pub mod embed;
pub mod evaluate;
pub mod export;
pub mod generate;
pub mod inspect;
mod interrupt;
mod nearest;
pub mod neighbors;
pub mod project;
pub mod report;
pub mod serve;
pub mod similarity;
mod source;
pub mod tokens;
pub mod train;

/// How this program was called: what a suggested command begins with.
pub fn program() -> &'static str {
    // Cargo tells the programs it runs where it is itself.
    if std::env::var_os("CARGO").is_some() { "cargo run --release --" } else { "wordspace" }
}

/// Prints `value` as one line of JSON with the version of its form.
pub fn print_json(mut value: serde_json::Value) {
    value["schema"] = 1.into();
    println!("{value}");
}

/// `word` as it is typed in a shell.
pub fn in_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./@:,+=".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
