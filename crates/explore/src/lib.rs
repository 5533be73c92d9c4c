//! What vectors know: which words are near which, what is to what as what, and how it all looks from afar.
//!
//! Works on any [`WordVectors`](wordspace_data::WordVectors): a run's, GPT-2's, word2vec's. No burn anywhere below, so that
//! exploring builds in seconds and goes on beside a run.
//!
//! - [`projection`]: vectors as points on a page, by principal components, t-SNE or UMAP;
//! - [`align`](align()): one picture turned onto another;
//! - [`frames`](frames()): the tables that a run saved on its way;
//! - [`evaluation`]: vectors against what people say of words.

mod align;
mod error;
pub mod evaluation;
mod frames;
pub mod projection;

pub use align::align;
pub use error::{Error, Result};
pub use frames::frames;
