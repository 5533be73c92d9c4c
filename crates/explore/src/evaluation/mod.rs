//! How well vectors agree with people's judgements: similarity, analogies, categories.
//!
//! Every score comes with its coverage, because a score over few words says little, and twice: for plain and for centred
//! vectors (see [`wordspace_similarity`]).

mod analogies;
mod benchmarks;
mod categories;
mod clusters;
mod evaluate;
#[cfg(feature = "files")]
mod files;
mod space;
mod spearman;

pub use analogies::{Analogies, SectionScore};
pub use benchmarks::{AnalogySection, Benchmarks, JudgedPair};
pub use categories::Categories;
pub use evaluate::{Evaluation, Similarity, evaluate};
#[cfg(feature = "files")]
pub use files::{read_analogies, read_categories, read_similarity};
pub use space::MOST_WORDS;
pub use spearman::{random_correlation, spearman};
