//! wordspace trains token and position embeddings from scratch by predicting the next token, and shows how words of similar use find
//! each other.
//!
//! This library re-exports the crates it is made of, and adds the command line and the benchmark:
//!
//! - [`data`]: text, tokenizers, token files, windows and vector files;
//! - [`kernels`]: the operations that decide how fast an embedding trains;
//! - [`model`]: the network, exactly GPT-2;
//! - [`explore`]: neighbours, analogies, projections and evaluations of vectors;
//! - [`train`]: runs, from a configuration to trained vectors, resumable at any step;
//! - [`serve`]: the live page of runs;
//! - [`mod@bench`]: the speed of devices, measured on checked results;
//! - [`picture`]: pictures of runs and of projected words;
//! - [`cli`]: the command line, which the program `wordspace` calls.
//!
//! A run of twenty steps, as the command line makes it:
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//! use wordspace::learn::config::{Config, DeviceChoice};
//! use wordspace::train::device::OpenDevice;
//! use wordspace::train::{RunFolder, run};
//!
//! # if cfg!(feature = "flex") {
//! let runs = tempfile::tempdir()?;
//! let config = Config::from_toml("[train]\nsteps = 20\nwarmup = 5", "the example", &[])?;
//! let folder = RunFolder::create(runs.path(), &config)?;
//! let device = OpenDevice::open(DeviceChoice::Flex)?;
//! let outcome = run(&folder, &config, &device, &mut |_| (), &AtomicBool::new(false))?;
//! assert!(outcome.evaluation.unwrap().loss < outcome.state.first_loss.unwrap()); // it has learned
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod allocator;
pub mod bench;
pub mod cli;
pub mod picture;

pub use allocator::{Allocator, keep_freed_memory};
pub use wordspace_data as data;
pub use wordspace_explore as explore;
pub use wordspace_kernels as kernels;
pub use wordspace_learn as learn;
pub use wordspace_model as model;
pub use wordspace_serve as serve;
pub use wordspace_train as train;
