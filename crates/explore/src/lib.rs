//! What vectors know: which words are near which, what is to what as what, and how it all looks from afar.
//!
//! Works on any [`WordVectors`](wordspace_data::WordVectors): a run's, GPT-2's, word2vec's. No burn anywhere below, so that
//! exploring builds in seconds and goes on beside a run.
//!
//! - [`Source`]: anything with vectors, by the name a user gives it;
//! - [`nearest`]: the nearest words to directions, exactly, in one pass over the vectors;
//! - [`Direction`], [`Viewpoint`]: where words point, seen from the origin or from the mean;
//! - [`NotFinite`]: the rows that are near nothing, as they are met;
//! - [`Similarity`]: how near two words are, and how near random ones;
//! - [`rows_of`], [`suggestions`]: words that are asked for, and those that were meant;
//! - [`embed`]: a text as a model first sees it;
//! - [`projection`]: vectors as points on a page, by principal components, t-SNE or UMAP;
//! - [`align`](align()): one picture turned onto another;
//! - [`frames`](frames()): the tables that a run saved on its way;
//! - [`evaluation`]: vectors against what people say of words;
//! - [`inspect`]: the lengths of vectors.
//!
//! ```
//! use wordspace_data::WordVectors;
//! use wordspace_explore::{Direction, Viewpoint, nearest, rows_of};
//!
//! let words = ["king", "queen", "man", "woman", "piano"].map(String::from).to_vec();
//! let vectors = WordVectors::new(words, vec![9.0, 1.0, 9.0, 9.0, 1.0, 1.0, 1.0, 9.0, -1.0, 0.0], 2);
//!
//! // man is to king as woman is to …
//! let rows = rows_of(&vectors, "the example", &["king", "woman", "man"].map(String::from), &|_, _| ())?;
//! let from = Viewpoint::origin(&vectors);
//! let direction = Direction::new(&vectors, &from, &rows[..2], &rows[2..])?;
//! let found = nearest(&vectors, &from, &[direction], 1, &|_, _| ());
//! assert_eq!(found.answers[0][0].word, "queen");
//! # Ok::<(), wordspace_explore::Error>(())
//! ```

mod align;
mod candidates;
mod direction;
pub mod embed;
mod error;
pub mod evaluation;
mod frames;
pub mod inspect;
mod kernel;
mod neighbours;
mod pass;
pub mod projection;
mod similarity;
pub mod source;
mod spelling;

pub use align::{align, rotation};
pub use direction::{Direction, Viewpoint, check_finite};
pub use error::{Error, Result};
pub use frames::frames;
pub use neighbours::{Nearest, Neighbour, nearest};
pub use pass::{NotFinite, Told};
pub use similarity::Similarity;
pub use source::{Opened, Source, SourceKind, TableChoice};
pub use spelling::{rows_of, suggestions};
