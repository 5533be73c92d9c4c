//! What vectors know: which words are near which, what is to what as what, and how it all looks from afar.
//!
//! Works on any [`WordVectors`](wordspace_data::WordVectors): a run's, GPT-2's, word2vec's. No burn anywhere below, so that
//! exploring builds in seconds and goes on beside a run.

pub mod embed;
mod error;
pub mod inspect;
pub mod source;

pub use error::{Error, Result};
pub use source::{Opened, Source, SourceKind, TableChoice};
