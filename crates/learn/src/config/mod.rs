//! The configuration of a run: one plain struct. Every key has a default; unknown keys are refused.

mod device;
mod toml;
mod validate;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wordspace_data::TokenizerChoice;
use wordspace_model::{ModelConfig, Positions};

use crate::Result;

pub use device::DeviceChoice;

/// The name of the built-in corpus, in place of a path.
pub const TOY: &str = "toy";

/// Everything that determines a run, beside its text. The defaults are the toy run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Name and seed.
    pub run: RunConfig,
    /// Text and tokenizer.
    pub data: DataConfig,
    /// Size and shape of the model.
    pub model: NetworkConfig,
    /// Updates and optimizer.
    pub train: TrainConfig,
    /// Evaluation on held-out text.
    pub evaluate: EvaluateConfig,
    /// Checkpoints.
    pub checkpoint: CheckpointConfig,
    /// Words to watch, and saved vector tables.
    pub watch: WatchConfig,
    /// Device.
    pub device: DeviceConfig,
}

/// `[run]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunConfig {
    /// The name of the run and of its folder.
    pub name: String,
    /// The seed of all random numbers: initial values, windows, dropout, the toy corpus.
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
    /// How often a word must occur to get a row of its own; rarer words become `<unk>`.
    pub min_count: u64,
    /// The share of the text that is held out, taken from its end.
    pub validation: f64,
}

/// `[model]`: [`ModelConfig`] without the vocabulary size, which the tokenizer determines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// T: tokens per window.
    pub context: usize,
    /// C: elements of a vector.
    pub channels: usize,
    /// H: attention heads; divides C.
    pub heads: usize,
    /// L: transformer blocks; 0 leaves only the embedding tables.
    pub layers: usize,
    /// Dropout rate while training.
    pub dropout: f64,
    /// Whether the output head shares the token table (weight tying).
    pub tied: bool,
    /// Position embedding: `learned`, `sinusoidal` or `none`.
    pub positions: Positions,
    /// Standard deviation of the initial weights.
    pub init_std: f64,
}

/// `[train]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// Number of updates.
    pub steps: u64,
    /// B: windows per forward pass.
    pub batch: usize,
    /// Forward passes per update (gradient accumulation): an update reads `batch * accumulate` windows.
    pub accumulate: usize,
    /// The highest learning rate, reached after warm-up.
    pub learning_rate: f64,
    /// Steps of linear warm-up from 0.
    pub warmup: u64,
    /// The learning rate at the end of the cosine decay.
    pub min_learning_rate: f64,
    /// AdamW's β₁.
    pub beta1: f64,
    /// AdamW's β₂.
    pub beta2: f64,
    /// AdamW's ε.
    pub epsilon: f64,
    /// AdamW's λ, for matrices and tables; 0 for biases and norms.
    pub weight_decay: f64,
    /// The gradient is clipped to this norm; 0 turns clipping off.
    pub clip: f64,
    /// Whether an update changes only the rows of the token table that its batches read, so that its cost does not depend on
    /// the vocabulary size. The other rows keep their values and moments, without weight decay. Needs an untied head.
    pub lazy: bool,
    /// Early stopping: end after this many evaluations without a new best; 0 turns it off.
    pub early_stop: u64,
}

/// `[evaluate]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluateConfig {
    /// Steps between evaluations; 0 evaluates only at the start and the end.
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
    /// How many of the newest checkpoints are kept, beside the best.
    pub keep: usize,
}

/// `[watch]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchConfig {
    /// Steps between measurements; 0 measures only at the start and the end. Before the first multiple also at 1, 2, 4, 8, …
    pub every: u64,
    /// The pairs of words to watch.
    pub pairs: Vec<[String; 2]>,
    /// Groups of words for the purity measure; the toy corpus has its own.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Steps between saved vector tables; 0 saves only the first and the last. Before the first multiple also at 1, 2, 4, 8, …
    pub vectors_every: u64,
}

/// `[device]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeviceConfig {
    /// `auto`, `flex`, `ndarray`, `wgpu`, `vulkan`, `metal`, `cuda`, `cuda:N` or `rocm`.
    pub name: String,
    /// CPU threads; 0 takes all.
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
    /// The same run with `steps` updates, to scale how long a preset takes. A shorter run has a proportionally shorter
    /// warm-up; everything else stays.
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

    /// Tokens that one update reads.
    pub fn tokens_per_step(&self) -> u64 {
        self.train.batch as u64 * self.train.accumulate as u64 * self.model.context as u64
    }

    /// Whether the text is the built-in toy corpus.
    pub fn is_toy(&self) -> bool {
        self.data.text == TOY
    }
}
