//! How similar vectors are, and which are nearest.
//!
//! The one place of the workspace for these questions; no files, no burn, and it compiles for WebAssembly. In reading order:
//!
//! - [`dot`], [`norm`], [`cosine`]: of two vectors;
//! - [`Mean`], [`mean`]: the mean of many vectors, which is subtracted from each for a *centred cosine*;
//! - [`UnitVectors`]: rows scaled to length 1, plain or centred, with their neighbours, ranks and purity;
//! - [`percentile`], [`chance_level`]: where a cosine stands among those of random pairs;
//! - [`top_k`]: the first k in some order;
//! - [`nearest`]: exact search for many queries in one pass over rows in memory or in a mapped file, see [`Rows`];
//! - [`cosines`]: of every row with one direction;
//! - [`in_chunks`]: such a pass, for other questions;
//! - [`did_you_mean`], [`suggestions`]: the closest spelling to an unknown word.
//!
//! Vectors are slices of `f32`; a table is row-major, `[N, C]`: N rows of C elements.
//!
//! Why centred: vectors that were trained together share a direction that says nothing about words and raises every
//! cosine. Once the mean of all vectors is subtracted, only what distinguishes words is left (Mu and Viswanath 2018,
//! "All-but-the-Top").
//!
//! ```
//! use wordspace_similarity::{NotFinite, Query, UnitVectors, did_you_mean, nearest};
//!
//! let words = ["king", "queen", "rabbit"];
//! let rows = vec![9.0, 1.0, 8.0, 2.0, 1.0, 7.0]; // [3, 2]
//!
//! let plain = UnitVectors::new(rows.clone(), 2);
//! let centred = UnitVectors::centred(&rows, 2);
//! assert_eq!(plain.neighbours(0, 1)[0].0, 1); // "queen" is the nearest to "king"
//! assert_eq!(plain.ranks(0, 1), [1, 1]); // and the other way round
//! assert!(plain.cosine(0, 2) > 0.0 && centred.cosine(0, 2) < 0.0);
//!
//! let query = Query { direction: vec![0.0, 1.0], excluded: Vec::new() };
//! let (found, not_finite) = nearest(&plain, &[0.0, 0.0], &[&query], 1, &|a, b| a.cmp(&b), &|_, _| ());
//! assert_eq!((found[0][0].0, not_finite), (2, NotFinite::default()));
//!
//! assert_eq!(did_you_mean("quene", words), Some("queen"));
//! ```

mod candidates;
mod chunks;
mod kernel;
mod mean;
mod query;
mod random_pairs;
mod rows;
mod search;
mod spelling;
mod top_k;
mod unit_vectors;
mod vector;

pub use candidates::Candidates;
pub use chunks::{Progress, in_chunks};
pub use mean::{Mean, mean, mean_of_finite};
pub use query::Query;
pub use random_pairs::{chance_level, percentile};
pub use rows::{NotFinite, Rows, is_finite};
pub use search::{cosines, nearest};
pub use spelling::{closest_spellings, did_you_mean, spelling_similarity, suggestions};
pub use top_k::{descending, top_k};
pub use unit_vectors::UnitVectors;
pub use vector::{cosine, dot, norm};
