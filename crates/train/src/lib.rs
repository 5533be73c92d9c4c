//! A run on disk: from a configuration to trained vectors, interrupted and resumed exactly.
//!
//! ```text
//! Config ─▶ RunFolder ─▶ run ─▶ Outcome
//!                         │ events ─▶ terminal, log.jsonl, page
//!                         └ checkpoints/  vectors/
//! ```
//!
//! `wordspace-learn` computes; this crate adds what needs the system: files, the clock, a thread that reads ahead, and
//! devices. A run that is killed at any moment and resumed ends, on the CPU, with the same bits. In reading order:
//!
//! - [`open_config`]: a configuration from a TOML file;
//! - [`RunFolder`]: the folder of a run, locked by one process at a time;
//! - [`run()`]: trains a run from its folder, once `prepare` has prepared its text;
//! - `trainer`: the training loop, with `prefetch` and `readback`;
//! - [`event`], `log`: what a run reports;
//! - [`checkpoint`]: saved completely or not at all, and verified before loading;
//! - [`device`]: opens devices, and checks that they compute correctly;
//! - [`huggingface`]: reads and exports folders of `transformers`;
//! - [`LanguageModel`]: a trained model with its tokenizer, to continue a text with.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use wordspace_learn::config::{Config, DeviceChoice};
//! use wordspace_train::device::OpenDevice;
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

pub mod checkpoint;
mod config_file;
mod dated;
pub mod device;
mod error;
pub mod event;
pub mod huggingface;
mod language_model;
mod log;
mod memory;
mod prefetch;
mod prepare;
mod provenance;
mod readback;
mod run;
mod run_folder;
mod trainer;

pub use config_file::open_config;
pub use error::{Error, Result};
pub use language_model::{Continuation, LanguageModel};
pub use memory::check_memory;
pub use run::{Outcome, run};
pub use run_folder::RunFolder;
