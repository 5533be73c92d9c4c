//! What a run says while it goes on. Terminal, log and page are readers of these events and of nothing else.

use std::path::PathBuf;

use serde::Serialize;
use wordspace_data::{CorpusSummary, Phase};
use wordspace_model::ModelConfig;

use crate::watch::Look;

/// One thing that happened. The set is closed, so that a reader can be complete.
#[derive(Debug)]
pub enum Event<'a> {
    /// The text is being made ready: bytes done, bytes there are.
    Preparing(Phase, u64, u64),
    /// Training begins or goes on.
    Started(Start<'a>),
    /// Something is not as it was asked for, and training goes on.
    Warning(String),
    /// An update was made.
    Stepped(Step),
    /// The model was tried on held-out text.
    Evaluated(Evaluation),
    /// The watched words were looked at.
    Watched(&'a Look),
    /// The tables were saved.
    VectorsSaved(u64),
    /// A checkpoint was saved.
    CheckpointSaved(u64),
}

/// What is known when training begins.
#[derive(Debug)]
pub struct Start<'a> {
    /// The run folder.
    pub folder: PathBuf,
    /// The text.
    pub corpus: &'a CorpusSummary,
    /// The model.
    pub model: &'a ModelConfig,
    /// The device, and why this one.
    pub device: String,
    /// Updates made before.
    pub step: u64,
    /// Updates there will be.
    pub steps: u64,
    /// Tokens that one update reads.
    pub tokens_per_step: u64,
}

/// An update.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Which one, from 1.
    pub step: u64,
    /// Mean loss of its batches, in nats, before the update.
    pub loss: f32,
    /// The same, smoothed over about the last twenty updates.
    pub smoothed_loss: f64,
    /// Norm of the whole gradient before clipping.
    pub gradient_norm: f32,
    /// The rate it was made with.
    pub learning_rate: f64,
    /// Tokens read since the start.
    pub tokens: u64,
}

/// A trial on held-out text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// After which update.
    pub step: u64,
    /// Mean loss, in nats per token.
    pub loss: f64,
    /// `exp(loss)`: as unsure as between so many equally likely tokens.
    pub perplexity: f64,
    /// The loss in bits per character of text, which compares across tokenizers.
    pub bits_per_character: f64,
    /// Whether no earlier one was better.
    pub best: bool,
}
