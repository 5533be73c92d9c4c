//! A run: from a configuration and a text to trained vectors, killed and resumed exactly.
//!
//! ```text
//! Config ─▶ RunFolder ─▶ run ─▶ Outcome
//!                         │ events ─▶ terminal, log.jsonl, page
//!                         └ checkpoints/  vectors/
//! ```
//!
//! A run is a function of (configuration, text, seed): windows, dropout and initial values are drawn by counter, so a run
//! that is killed at any moment and resumed ends, on the processor, with the same bits. In reading order:
//!
//! - [`config`]: a run as one plain struct in one file;
//! - [`RunFolder`]: what is on disk, one process's at a time;
//! - [`run()`]: a run from its folder;
//! - `trainer`: the training loop, with [`Learner`] (one update), `gradients`, [`Optimizer`], `schedule`, `batches`, `readback`;
//! - `evaluate`: the loss on held-out text;
//! - [`watch`]: what is seen of words while they move;
//! - [`event`], `log`: what is said of it;
//! - [`checkpoint`]: all or nothing, and checked before it is believed;
//! - [`device`]: which device, and whether it computes right;
//! - [`huggingface`]: folders of `transformers`, in and out;
//! - [`generate`]: a trained model goes on with a text;
//! - [`likest()`]: the word that was probably meant.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use wordspace_train::config::Config;
//! use wordspace_train::device::{DeviceChoice, OpenDevice};
//! use wordspace_train::{RunFolder, run};
//!
//! # if cfg!(feature = "flex") {
//! let runs = tempfile::tempdir()?;
//! let changes = [("train.steps", "3"), ("model.channels", "16")].map(|(key, value)| (key.into(), value.into()));
//! let config = Config::from_toml("", "none", &changes)?;
//! let folder = RunFolder::create(runs.path(), &config)?;
//! let device = OpenDevice::open(DeviceChoice::Flex)?;
//! let outcome = run(&folder, &config, &device, &mut |_| (), &AtomicBool::new(false))?;
//! assert_eq!(outcome.state.step, 3);
//! assert!(folder.vectors_of(0).exists());
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batches;
pub mod checkpoint;
pub mod config;
pub mod device;
mod error;
mod evaluate;
pub mod event;
pub mod generate;
mod gradients;
pub mod huggingface;
mod learner;
mod likest;
mod log;
mod optimizer;
mod provenance;
mod readback;
mod run;
mod run_folder;
mod schedule;
mod trainer;
pub mod watch;

pub use error::{Error, Result};
pub use learner::{Learner, StepResult};
pub use likest::likest;
pub use optimizer::Optimizer;
pub use run::{Outcome, run};
pub use run_folder::RunFolder;
pub use trainer::Ending;
