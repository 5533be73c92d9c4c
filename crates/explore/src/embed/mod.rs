//! A text as the input of a model's first block: token vectors plus position vectors. Or as one vector, the mean of its
//! token vectors.

mod embedding;
mod splitter;
mod text_vector;

pub use embedding::{Comparison, EmbeddedToken, Embedding};
pub use splitter::TextSplitter;
pub use text_vector::{cosines, text_vector};
