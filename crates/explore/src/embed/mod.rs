//! A text as the input of a model's first block: token vectors plus position vectors.

mod embedding;
mod splitter;

pub use embedding::{Comparison, EmbeddedToken, Embedding};
pub use splitter::TextSplitter;
