//! What a run was asked to be: as much of its `config.toml` as the page shows.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// The largest configuration that is read.
const LARGEST: u64 = 1 << 20;

/// A run's configuration. A key that is missing, or a file that cannot be read, leaves what is said of it empty.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Plan {
    /// The file, as it is written.
    #[serde(skip)]
    pub text: String,
    pub run: Run,
    pub data: Data,
    pub model: Model,
    pub train: Train,
    pub watch: Watch,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Run {
    /// Where all random numbers begin.
    pub seed: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Data {
    /// The path of the text, or `toy`.
    pub text: String,
    /// How text becomes tokens.
    pub tokenizer: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Model {
    pub context: usize,
    pub channels: usize,
    pub layers: usize,
    pub heads: usize,
    /// Whether the token table is also the head.
    pub tied: bool,
    /// `learned`, `sinusoidal` or `none`.
    pub positions: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Train {
    /// How many updates there are to be.
    pub steps: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Watch {
    /// The pairs of words whose nearness is followed.
    pub pairs: Vec<[String; 2]>,
    /// The groups of words whose purity is measured; the toy corpus brings its own.
    pub groups: BTreeMap<String, Vec<String>>,
}

impl Plan {
    /// The plan in the file at `path`.
    pub fn read(path: &Path) -> Self {
        let is_small = std::fs::metadata(path).is_ok_and(|found| found.len() <= LARGEST);
        let text = if is_small { std::fs::read_to_string(path).unwrap_or_default() } else { String::new() };
        Self { text: text.clone(), ..toml::from_str(&text).unwrap_or_default() }
    }
}
