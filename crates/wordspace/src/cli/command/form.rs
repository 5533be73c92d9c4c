//! The forms of an answer.

use serde_json::Value;

use super::print_json;

/// How a command prints its answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people.
    Table,
    /// One object; for several questions one a line.
    Json,
    /// With a line of names, quoted as in RFC 4180.
    Csv,
}

impl Form {
    /// Of the options `--json` and `--csv`, of which at most one is given.
    pub fn of(json: bool, csv: bool) -> Self {
        match (json, csv) {
            (true, _) => Self::Json,
            (_, true) => Self::Csv,
            _ => Self::Table,
        }
    }

    /// Prints the names of the columns, if this is CSV.
    pub fn begin(self, columns: &str) {
        if self == Self::Csv {
            println!("{columns}");
        }
    }

    /// Prints an answer in the form that was asked for.
    pub fn print(
        self,
        table: impl FnOnce() -> String,
        json: impl FnOnce() -> Value,
        csv: impl FnOnce() -> Vec<String>,
    ) {
        match self {
            Self::Table => print!("{}", table()),
            Self::Json => print_json(json()),
            Self::Csv => csv().iter().for_each(|line| println!("{line}")),
        }
    }
}

/// A CSV field, quoted as in RFC 4180.
pub fn csv_field(field: &str) -> String {
    let is_plain = !field.contains([',', '"', '\n', '\r']) && field.trim() == field;
    if is_plain { field.to_string() } else { format!("\"{}\"", field.replace('"', "\"\"")) }
}
