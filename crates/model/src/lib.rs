//! The network: GPT-2 exactly (Radford et al. 2019), so that its checkpoints go both ways.
//!
//! ```text
//! ids ─▶ embedding ─▶ block × L ─▶ layer norm ─▶ logits ─▶ loss
//!        wte + wpe    h                ln_f      wte again, if tied
//! ```
//!
//! Letters, here and in every `# Shapes`: B batch, T time (place in the window), C channels, V vocabulary, H heads,
//! L layers, N = B·T. Modules and their fields have the names that Hugging Face gives them, so that the path of a
//! parameter is its name in a checkpoint. In reading order:
//!
//! - [`ModelConfig`]: the sizes, and what they imply;
//! - [`embedding`]: the two tables, and what they are read for;
//! - [`Gpt`]: the whole, with [`Block`], [`Attention`], [`Mlp`], [`LayerNorm`], [`Linear`] below it;
//! - [`Cache`]: what is kept of the tokens so far, so that the next one costs itself alone;
//! - [`init`]: all initial values, by counter;
//! - [`parameters`]: the parameters by name, to and from numbers on the host;
//! - [`huggingface`]: the names and shapes of GPT-2 checkpoints;
//! - [`summary`]: a model as a table.
//!
//! Absent on purpose: files, the clock, the terminal; which device runs it is the caller's choice.
//!
//! ```
//! use burn::tensor::{Device, Int, Tensor};
//! use wordspace_model::{Gpt, ModelConfig};
//!
//! let config = ModelConfig { vocab_size: 50, context: 8, channels: 16, heads: 2, layers: 1, ..ModelConfig::default() };
//! let model = Gpt::init(&config, 42, &Device::flex())?;
//! let ids = Tensor::<2, Int>::from_ints([[3, 1, 4, 1]], &Device::flex());
//! let targets = Tensor::<2, Int>::from_ints([[1, 4, 1, 5]], &Device::flex());
//! assert_eq!(model.logits(ids.clone()).dims(), [4, 50]);
//! let loss: f32 = model.loss(ids, targets).into_scalar();
//! assert!((loss - 50_f32.ln()).abs() < 0.1); // an untrained model knows nothing
//! # Ok::<(), wordspace_model::Error>(())
//! ```

mod attention;
mod block;
mod cache;
mod config;
pub mod embedding;
mod error;
mod gpt;
pub mod huggingface;
pub mod init;
mod layer_norm;
mod linear;
mod mlp;
pub mod parameters;
pub mod summary;

pub use attention::Attention;
pub use block::Block;
pub use cache::Cache;
pub use config::{ModelConfig, ParameterShape, Positions};
pub use error::{Error, Result};
pub use gpt::Gpt;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use mlp::Mlp;
