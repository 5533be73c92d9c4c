//! wordspace trains token and position embeddings from random numbers by predicting the next token, and lets people watch
//! words of like use find each other.
//!
//! This library is a front door; each room is a crate of its own:
//!
//! - [`data`]: what lies on disk — text, tokenizers, token files, windows, vectors;
//! - [`kernels`]: the few operations that decide how fast an embedding trains;
//! - [`model`]: the network — GPT-2 exactly;
//! - [`explore`]: what vectors know — neighbours, analogies, projections, evaluations;
//! - [`serve`]: the live page — a run's words as they move, for this machine's browser;
//! - [`learn`]: what a run computes — updates, evaluation, watch measures;
//! - [`train`]: a run on disk — from a configuration to trained vectors, killed and resumed exactly;
//! - [`mod@bench`]: how fast a device does the work, checked before it is timed.
//!
//! The program `wordspace` is the command line to the same. A run of twenty updates, as the command line makes it:
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
//! assert!(outcome.evaluation.unwrap().loss < outcome.state.first_loss.unwrap()); // it has learned something
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod bench;

pub use wordspace_data as data;
pub use wordspace_explore as explore;
pub use wordspace_kernels as kernels;
pub use wordspace_learn as learn;
pub use wordspace_model as model;
pub use wordspace_serve as serve;
pub use wordspace_train as train;

/// What the program and its benches allocate with; whoever builds on this library chooses their own. Two threads ask it for memory at
/// once without waiting for each other, and what is large begins at the start of a line of the cache.
pub use mimalloc::MiMalloc as Allocator;

/// Makes [`Allocator`] keep freed memory for the rest of the process. By default mimalloc returns it to the system after a
/// second, and every update would fault its pages in and clear them again.
pub fn keep_freed_memory() {
    /// Milliseconds until freed memory is returned; -1 for never.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15; // of `mi_option_t` in mimalloc.h
    // SAFETY: mimalloc reads the option whenever memory is freed, and allows it to be set at any time.
    unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) };
}
