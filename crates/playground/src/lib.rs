//! The playground: a run that trains inside a browser page, with the program's own learner, kernels, corpus and frames.
//!
//! ```text
//! page (TypeScript) ─▶ worker ─▶ Playground ─▶ Training ─▶ wordspace-learn
//!                                         └──▶ Answers  ─▶ wordspace-frames
//! ```
//!
//! - [`Training`]: a run in memory; one call is one update;
//! - [`Answers`]: what the page asks of it: points, neighbours, pairs, positions, sentences;
//! - `saved_run`, `archive`: a run as the zip file of its folder, which the program resumes, and back;
//! - [`Log`]: the lines that `log.jsonl` has, and their curves;
//! - [`Playground`]: both, as functions of JavaScript.
//!
//! It has no clock, file or thread. `scripts/playground.sh` compiles it to WebAssembly.
//!
//! ```
//! use wordspace_learn::config::Config;
//! use wordspace_playground::Training;
//!
//! let config = Config::from_toml("[train]\nsteps = 2\nwarmup = 1\n[model]\nlayers = 0\n", "two steps", &[])?;
//! let mut training = Training::new(config, None)?;
//! while !training.is_complete() {
//!     training.advance(0.0)?;
//! }
//! assert_eq!(training.evaluations.len(), 2); // before and after
//! # Ok::<(), wordspace_playground::Error>(())
//! ```

pub mod answers;
mod archive;
mod binding;
mod error;
mod log;
mod saved_run;
mod training;

pub use answers::Answers;
pub use binding::Playground;
pub use error::{Error, Result};
pub use log::Log;
pub use training::{SavedFrame, Training};
