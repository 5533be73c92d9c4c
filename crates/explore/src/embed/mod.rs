//! A text as the input of a model's first block: token vectors plus position vectors.

mod embedding;
mod splitter;

pub use embedding::{Comparison, EmbeddedToken, Embedding};
pub use splitter::TextSplitter;

// Names until their callers are switched.
#[doc(hidden)]
pub use embedding::EmbeddedToken as PlacedToken;
#[doc(hidden)]
pub use splitter::TextSplitter as Pieces;
