//! A run's configuration, as much of `config.toml` as the page shows.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A run's configuration. A key that is missing has its type's default: 0, false or an empty text.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// The file as it is written.
    #[serde(skip)]
    pub text: String,
    /// `[run]`
    pub run: Run,
    /// `[data]`
    pub data: Data,
    /// `[model]`
    pub model: Model,
    /// `[train]`
    pub train: Train,
    /// `[watch]`
    pub watch: Watch,
}

/// The run itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Run {
    /// Seeds all random numbers.
    pub seed: u64,
}

/// The text and how it becomes tokens.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Data {
    /// The path of the text, or `toy`.
    pub text: String,
    /// How text becomes tokens.
    pub tokenizer: String,
}

/// The network.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Model {
    /// T: how many tokens the network reads at once.
    pub context: usize,
    /// C: how many values a vector has.
    pub channels: usize,
    /// How many transformer blocks it has.
    pub layers: usize,
    /// How many attention heads a block has.
    pub heads: usize,
    /// Whether the token table is also the output head.
    pub tied: bool,
    /// `learned`, `sinusoidal` or `none`.
    pub positions: String,
}

/// The training.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Train {
    /// How many updates there will be.
    pub steps: u64,
}

/// The words that are measured while the run trains.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Watch {
    /// The pairs of words whose cosine is followed.
    pub pairs: Vec<[String; 2]>,
    /// The groups of words whose purity is measured; the toy corpus brings its own.
    pub groups: BTreeMap<String, Vec<String>>,
}

impl Plan {
    /// The configuration in `text`; one that is not TOML of this form leaves all keys at their defaults.
    pub fn from_toml(text: String) -> Self {
        let plan: Self = toml::from_str(&text).unwrap_or_default();
        Self { text, ..plan }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_that_cannot_be_parsed_is_empty_but_keeps_its_text() {
        let plan = Plan::from_toml("[run]\nseed = 7\n[train]\nbatch = 3\n".into());
        assert_eq!((plan.run.seed, plan.train.steps), (7, 0));
        let broken = Plan::from_toml("[run\nseed".into());
        assert_eq!((broken.run.seed, broken.text.as_str()), (0, "[run\nseed"));
    }
}
