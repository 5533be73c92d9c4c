//! A run is one plain struct in one file: every key has a default and a reason, unknown keys are refused.

mod read;
mod validate;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wordspace_data::TokenizerChoice;
use wordspace_model::{ModelConfig, Positions};

use crate::Result;

/// The name of the built-in corpus, where a path would stand.
pub const TOY: &str = "toy";

/// Everything a run is a function of. The defaults are the toy run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What the run is called and where its random numbers begin.
    pub run: RunConfig,
    /// Which text, as which tokens.
    pub data: DataConfig,
    /// How large the model is.
    pub model: NetworkConfig,
    /// How it is trained.
    pub train: TrainConfig,
    /// When it is tried on held-out text.
    pub evaluate: EvaluateConfig,
    /// When it is saved.
    pub checkpoint: CheckpointConfig,
    /// What is watched while its vectors move.
    pub watch: WatchConfig,
    /// What it runs on.
    pub device: DeviceConfig,
}

/// `[run]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunConfig {
    /// The name of the run's folder.
    pub name: String,
    /// Where all random numbers begin: initial values, windows, dropout, the toy corpus.
    pub seed: u64,
}

/// `[data]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// The path of a UTF-8 text, or `toy` for the built-in corpus.
    pub text: String,
    /// `word`, `char`, `bpe:SIZE`, `gpt2` or the path of a `tokenizer.json`.
    pub tokenizer: String,
    /// How often a word must occur to have a row of its own; rarer ones are `<unk>`.
    pub min_count: u64,
    /// The share of the text, from its end, that is held out.
    pub validation: f64,
}

/// `[model]`: [`ModelConfig`] without the vocabulary, which the tokenizer decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// T: how many tokens are read at once.
    pub context: usize,
    /// C: how many numbers a vector has.
    pub channels: usize,
    /// H: how many ways each place attends to the earlier ones; divides C.
    pub heads: usize,
    /// L: how many blocks; 0 leaves the two tables alone.
    pub layers: usize,
    /// The share of activations dropped while training.
    pub dropout: f64,
    /// Whether the token table is also the head.
    pub tied: bool,
    /// `learned`, `sinusoidal` or `none`.
    pub positions: Positions,
    /// Standard deviation of the initial weights.
    pub init_std: f64,
}

/// `[train]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// How many updates.
    pub steps: u64,
    /// B: windows per forward pass.
    pub batch: usize,
    /// Forward passes per update: the gradient is of `batch * accumulate` windows.
    pub accumulate: usize,
    /// The highest learning rate, after warm-up.
    pub learning_rate: f64,
    /// Steps over which the rate rises from 0.
    pub warmup: u64,
    /// The rate that the cosine ends at.
    pub min_learning_rate: f64,
    /// AdamW's β₁.
    pub beta1: f64,
    /// AdamW's β₂.
    pub beta2: f64,
    /// AdamW's ε.
    pub epsilon: f64,
    /// AdamW's λ, for matrices and tables; biases and norms do not decay.
    pub weight_decay: f64,
    /// The largest norm that all gradients together may have; 0 turns clipping off.
    pub clip: f64,
    /// Whether an update moves only those rows of the token table that it read, which costs what these cost however many words
    /// there are. All other rows rest, with their moments, and do not decay. It needs a head that is not tied.
    pub lazy: bool,
    /// Stop after this many evaluations without a better one; 0 never stops early.
    pub early_stop: u64,
}

/// `[evaluate]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluateConfig {
    /// Steps between evaluations; 0 evaluates only at the end.
    pub every: u64,
    /// Batches per evaluation, spread evenly over the held-out text; 0 reads all of it.
    pub batches: usize,
}

/// `[checkpoint]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointConfig {
    /// Steps between checkpoints; 0 saves only the best and the last.
    pub every: u64,
    /// How many of the newest are kept, beside the best.
    pub keep: usize,
}

/// `[watch]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchConfig {
    /// Steps between looks at the watched words; 0 looks only at the start and the end. Early looks come at 1, 2, 4, 8, …
    pub every: u64,
    /// Pairs of words whose nearness is followed.
    pub pairs: Vec<[String; 2]>,
    /// Groups of words whose purity is measured; the toy corpus brings its own.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Steps between saved vector tables; 0 saves only the first and the last. Early ones come at 1, 2, 4, 8, …
    pub vectors_every: u64,
}

/// `[device]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceConfig {
    /// `auto`, `flex`, `ndarray`, `wgpu`, `vulkan`, `metal`, `cuda`, `cuda:N` or `rocm`.
    pub name: String,
    /// Threads of the processor; 0 takes all.
    pub threads: usize,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self { name: "toy".into(), seed: 42 }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { text: TOY.into(), tokenizer: "word".into(), min_count: 2, validation: 0.1 }
    }
}

impl Default for NetworkConfig {
    fn default() -> Self {
        let ModelConfig { vocab_size: _, context, channels, heads, layers, dropout, tied, positions, init_std } =
            ModelConfig::default();
        Self { context, channels, heads, layers, dropout, tied, positions, init_std }
    }
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            steps: 600,
            batch: 32,
            accumulate: 1,
            learning_rate: 3e-3,
            warmup: 50,
            min_learning_rate: 3e-4,
            beta1: 0.9,
            beta2: 0.99,
            epsilon: 1e-8,
            weight_decay: 0.1,
            clip: 1.0,
            lazy: false,
            early_stop: 0,
        }
    }
}

impl Default for EvaluateConfig {
    fn default() -> Self {
        Self { every: 100, batches: 50 }
    }
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self { every: 200, keep: 2 }
    }
}

impl Default for WatchConfig {
    fn default() -> Self {
        let pair = |a: &str, b: &str| [a.to_string(), b.to_string()];
        Self {
            every: 20,
            pairs: vec![pair("cat", "dog"), pair("king", "queen"), pair("cat", "piano")],
            groups: BTreeMap::new(),
            vectors_every: 20,
        }
    }
}

impl Default for DeviceConfig {
    fn default() -> Self {
        Self { name: "auto".into(), threads: 0 }
    }
}

impl Config {
    /// The same run with `steps` updates: the dial for how long a preset takes. A shorter run has a warm-up shorter in
    /// proportion; all else stays.
    ///
    /// # Errors
    ///
    /// As [`Self::validate`].
    pub fn scaled_to(mut self, steps: u64) -> Result<Self> {
        if steps < self.train.steps {
            self.train.warmup = (self.train.warmup as u128 * steps as u128 / self.train.steps as u128) as u64;
        }
        self.train.steps = steps;
        self.validate()?;
        Ok(self)
    }

    /// The model's configuration for a vocabulary of `vocab_size`.
    pub fn model(&self, vocab_size: usize) -> ModelConfig {
        let NetworkConfig { context, channels, heads, layers, dropout, tied, positions, init_std } = self.model;
        ModelConfig { vocab_size, context, channels, heads, layers, dropout, tied, positions, init_std }
    }

    /// The tokenizer that the configuration names.
    pub fn tokenizer(&self) -> Result<TokenizerChoice> {
        Ok(self.data.tokenizer.parse()?)
    }

    /// How many tokens one update reads.
    pub fn tokens_per_step(&self) -> u64 {
        self.train.batch as u64 * self.train.accumulate as u64 * self.model.context as u64
    }

    /// Whether the text is the built-in corpus.
    pub fn is_toy(&self) -> bool {
        self.data.text == TOY
    }
}
