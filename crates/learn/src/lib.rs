//! What a training run computes, without files, clock, threads or terminal: it also runs in a browser.
//!
//! ```text
//! Config ─▶ Windows ─▶ batches ─▶ Learner ─▶ loss, gradient norm ─▶ State
//!                                    └▶ validation_loss, Watcher ─▶ Evaluation, Measurement
//! ```
//!
//! A run is determined by (configuration, text, seed): windows, dropout masks and initial values come from counter-based
//! random numbers. So every part here is a function of the step, and a run that is interrupted and resumed ends, on the CPU,
//! with the same bits. In reading order:
//!
//! - [`config`]: the configuration, its defaults, TOML and validation;
//! - [`batches_of_step`]: the batches of an update;
//! - [`Learner`]: a model and its optimizer; one call is one update;
//! - [`StepGradient`]: the gradient of an update; [`Optimizer`]: AdamW over all parameters;
//! - [`Memory`]: how much memory training takes;
//! - [`schedule`]: learning rate, and the tasks that are due after an update;
//! - [`validation_loss`]: the loss on held-out text;
//! - [`watch`]: are words finding each other?
//! - [`State`]: the progress of a run, and whether it should end;
//! - [`log_line()`]: a line of its log;
//! - [`checkpoint`]: everything that resuming needs, as the bytes of files;
//! - [`Generation`]: a text that the model continues;
//! - [`parity`]: does a device compute what PyTorch computes?
//!
//! Absent on purpose: folders, the training loop and its clock, opening devices. They are
//! `wordspace-train`'s.
//!
//! Letters: B windows per batch, T tokens per window, C channels, V vocabulary size.
//!
//! ```
//! use wordspace_data::Batch;
//! use wordspace_learn::config::TrainConfig;
//! use wordspace_learn::{Learner, Optimizer, StepResult};
//! use wordspace_model::{Gpt, ModelConfig};
//!
//! // One text of eight tokens over and over: 0 1 2 … 7 0.
//! let batch = Batch { rows: 1, context: 8, ids: (0..8).collect(), targets: (1..8).chain([0]).collect() };
//! let sizes = ModelConfig { vocab_size: 8, context: 8, channels: 16, heads: 2, layers: 1, ..Default::default() };
//! let device = burn::tensor::Device::flex().autodiff();
//! let model = Gpt::init(&sizes, 42, &device)?;
//! let mut learner = Learner { model, optimizer: Optimizer::new(&sizes), seed: 42 };
//! let train = TrainConfig { steps: 20, warmup: 1, ..Default::default() };
//! let mut losses = Vec::new();
//! for step in 1..=train.steps {
//!     let (updated, result) = learner.step(std::slice::from_ref(&batch), &train, step);
//!     learner = updated;
//!     losses.push(StepResult::from(result.into_data()).loss);
//! }
//! assert!(losses[19] < losses[0]);
//! # Ok::<(), wordspace_learn::Error>(())
//! ```

mod batches;
pub mod checkpoint;
pub mod config;
mod error;
mod evaluate;
mod generate;
mod gradients;
mod learner;
mod log_line;
mod memory;
mod optimizer;
pub mod parity;
pub mod schedule;
mod state;
pub mod watch;

pub use batches::batches_of_step;
pub use error::{Error, Result};
pub use evaluate::{Evaluation, validation_loss};
pub use generate::{Generation, Sampling};
pub use gradients::StepGradient;
pub use learner::{Learner, StepResult};
pub use log_line::log_line;
pub use memory::{Memory, Part};
pub use optimizer::Optimizer;
pub use state::{Best, Ending, State, Step};
pub use wordspace_similarity::did_you_mean;
