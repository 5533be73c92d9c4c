//! The network: GPT-2 exactly (Radford et al. 2019), so that its checkpoints go both ways.
//!
//! ```text
//! ids ─▶ embedding ─▶ block × L ─▶ layer norm ─▶ logits ─▶ loss
//!        wte + wpe    h                ln_f      wte again, if tied
//! ```
//!
//! Letters, here and in every `# Shapes`: B sequences of a batch, T tokens of a sequence, N = B·T, C channels, V vocabulary,
//! H heads, L layers. Modules and their fields have the names that Hugging Face gives them, so the path of a parameter is
//! its name in a checkpoint. In reading order:
//!
//! - [`ModelConfig`]: the sizes, and every parameter that they imply;
//! - [`Gpt`]: the network, then [`Block`] with [`Attention`] and [`Mlp`], [`LayerNorm`] and [`Linear`],
//!   [`TokenEmbedding`] and [`PositionEmbedding`];
//! - [`Cache`]: keys and values kept while a text is generated;
//! - [`init`]: all initial values, drawn by counter;
//! - [`parameters`]: the parameters by name, copied to and from the host;
//! - [`huggingface`]: the names and shapes of GPT-2 checkpoints;
//! - [`summary`]: a model as a table.
//!
//! No files, no clock, no terminal; the caller chooses the device.
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

mod block;
mod cache;
mod config;
mod embedding;
mod error;
mod gpt;
pub mod huggingface;
pub mod init;
mod layers;
pub mod parameters;
pub mod summary;

pub use block::{Attention, Block, Mlp};
pub use cache::Cache;
pub use config::{ModelConfig, ParameterShape, Positions};
pub use embedding::{PositionEmbedding, TokenEmbedding};
pub use error::{Error, Result};
pub use gpt::Gpt;
pub use layers::{LayerNorm, Linear};
