//! One file a verb.

pub mod completions;
pub mod devices;
pub mod evaluate;
pub mod export;
mod open;
pub mod project;
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
