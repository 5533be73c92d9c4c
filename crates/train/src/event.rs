//! The events of a run. Terminal, log and page read these events and nothing else.

use std::path::PathBuf;

use wordspace_data::{CorpusSummary, Phase};
use wordspace_learn::watch::Measurement;
use wordspace_learn::{Evaluation, Step};
use wordspace_model::ModelConfig;

/// One event. The enum is exhaustive, so that a reader can handle all of them.
#[derive(Debug)]
pub enum Event<'a> {
    /// The text is being prepared: phase, bytes done, bytes in total.
    Preparing(Phase, u64, u64),
    /// Training begins or resumes.
    Started(Start<'a>),
    /// Something differs from what was asked for, but training goes on.
    Warning(String),
    /// An update was made.
    Stepped(Step),
    /// The model was evaluated on held-out text.
    Evaluated(Evaluation),
    /// The watched words were measured.
    Watched(&'a Measurement),
    /// The vector tables were saved after this update.
    VectorsSaved(u64),
    /// A checkpoint was saved after this update.
    CheckpointSaved(u64),
}

/// The facts known when training begins.
#[derive(Debug)]
pub struct Start<'a> {
    /// The run folder.
    pub folder: PathBuf,
    /// The text.
    pub corpus: &'a CorpusSummary,
    /// The model.
    pub model: &'a ModelConfig,
    /// The device, and why it was chosen.
    pub device: String,
    /// Updates made so far.
    pub step: u64,
    /// Updates in total.
    pub steps: u64,
    /// Tokens that one update reads.
    pub tokens_per_step: u64,
}
