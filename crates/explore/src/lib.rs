//! What vectors know: the nearest words, analogies, projections to the plane, and how well they agree with people.
//!
//! Works on any [`WordVectors`](wordspace_data::WordVectors): those of a run, of GPT-2, of word2vec. No burn, so that the
//! crate builds in seconds and runs beside training.
//!
//! - [`Source`]: anything with vectors, by the name a user gives it (feature `files`);
//! - [`Word`], [`rows_of`], [`suggestions`]: the words a user asks for, and those that were probably meant;
//! - [`Centre`], [`Query`], [`nearest`]: the words nearest to a word, a sum or an analogy, by plain or centred cosine;
//! - [`Similarity`]: how similar two words are, compared with random pairs;
//! - [`cosines_with_mean_of`]: which word does not belong with the others;
//! - [`embed`]: a text as the input of a model's first block, or as one vector;
//! - [`projection`]: vectors as points in two or three dimensions, by PCA, t-SNE or UMAP;
//! - [`saved_frames`]: the token tables that a run saved while it trained (feature `files`);
//! - [`evaluation`]: vectors compared with people's judgements of words;
//! - [`inspect`]: the lengths of vectors;
//! - [`OutputFormat`]: the formats in which vectors are written (feature `files`).
//!
//! The feature `files`, on by default, adds everything with a path. Without it the crate compiles for WebAssembly.
//!
//! ```
//! use wordspace_data::WordVectors;
//! use wordspace_explore::{Centre, Query, nearest, rows_of};
//!
//! let words = ["king", "queen", "man", "woman", "piano"].map(String::from).to_vec();
//! let vectors = WordVectors::new(words, vec![9.0, 1.0, 9.0, 9.0, 1.0, 1.0, 1.0, 9.0, -1.0, 0.0], 2); // [5, 2]
//!
//! // man is to king as woman is to …
//! let rows = rows_of(&vectors, "the example", &["king", "woman", "man"].map(String::from), &|_, _| ())?;
//! let centre = Centre::origin(&vectors);
//! let query = Query::new(&vectors, &centre, &rows[..2], &rows[2..])?;
//! let found = nearest(&vectors, &centre, &[query], 1, &|_, _| ());
//! assert_eq!(found.answers[0][0].word, "queen");
//! # Ok::<(), wordspace_explore::Error>(())
//! ```

mod centre;
pub mod embed;
mod error;
pub mod evaluation;
pub mod inspect;
mod nearest;
mod odd_one_out;
#[cfg(feature = "files")]
mod output_format;
mod pair;
pub mod projection;
mod query;
#[cfg(feature = "files")]
mod saved_frames;
#[cfg(feature = "files")]
mod source;
mod words;

pub use centre::Centre;
pub use error::{Error, Result};
pub use nearest::{Nearest, Neighbour, nearest};
pub use odd_one_out::{cosines_with_mean, cosines_with_mean_of};
#[cfg(feature = "files")]
pub use output_format::OutputFormat;
pub use pair::Similarity;
pub use query::{Query, check_finite};
#[cfg(feature = "files")]
pub use saved_frames::saved_frames;
#[cfg(feature = "files")]
pub use source::{Opened, Source, SourceKind, TableChoice};
pub use words::{Word, not_finite_warning, rows_of, suggestions};
pub use wordspace_similarity::{NotFinite, Progress};
