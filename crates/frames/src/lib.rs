//! What the live page asks of a run's vectors, computed from vectors in memory.
//!
//! `wordspace serve` answers the page over HTTP and reads run folders; this crate does the computing between the two.
//! It has no sockets, files, clock or threads of its own and compiles for wasm32, so that a page can call it directly.
//!
//! - [`Frame`]: the token table after one update; it answers for [neighbours](Frame::neighbours) and
//!   [pairs](Frame::pair);
//! - [`principal_axes`], [`Axes`]: the three directions on which all frames of a run are drawn;
//! - [`pair_axes()`]: two directions on which one sees two words meet; [`PairCurves`]: how close they are in each frame;
//! - [`layout()`]: the words of a frame by t-SNE or UMAP;
//! - [`points`](mod@points): the words of a frame on those axes, in the page's binary format;
//! - [`position_map`]: the position table as a similarity map and a curve;
//! - [`Words`], [`Sentence`]: a run's words, and a text as the sum of token and position vectors;
//! - [`RunLog`], [`Curves`]: the lines of a log as the curves that the page draws;
//! - [`Plan`], [`Summary`], [`Description`]: what the page shows of a run's configuration and progress;
//! - [`EmbeddedFrame`], [`EmbeddedPositions`], [`projection_json`]: the data of a page that carries its own.
//!
//! Letters in shapes: V words, C channels, T positions.
//!
//! ```
//! use wordspace_data::WordVectors;
//! use wordspace_frames::{Axes, Frame, points, principal_axes};
//!
//! // Four words of two channels: two that point up, two that point right.
//! let vectors = WordVectors::new(vec![String::new(); 4], vec![0.1, 2.0, 0.2, 1.0, 3.0, 0.1, 1.0, 0.2], 2);
//! let frame = Frame::new(600, vectors, 42);
//! let neighbours = frame.neighbours(0, 1)?;
//! assert_eq!((neighbours.raw[0].0, neighbours.centred[0].0), (1, 1));
//!
//! let axes = Axes { version: 1, step: 600, directions: principal_axes(&frame, &[0, 1, 2, 3], None) };
//! let bytes = points::points(&frame, &axes);
//! assert_eq!((&bytes[..4], bytes.len()), (&b"WSP1"[..], 20 + 4 * 6));
//! # Ok::<(), wordspace_frames::Error>(())
//! ```

mod axes;
mod curves;
mod description;
mod embedded;
mod frame;
mod layout;
mod pair_axes;
mod pair_curves;
mod plan;
pub mod points;
mod positions;
mod projection;
mod sentence;
mod words;

pub use axes::{Axes, DIMENSIONS, principal_axes};
pub use curves::{Curves, RunLog};
pub use description::{Description, State, Summary};
pub use embedded::{EmbeddedFrame, EmbeddedPositions, base64, half_floats};
pub use frame::{Frame, MAX_RANK, Neighbours, PairMeasurement, Statistics};
pub use layout::{Layout, MAX_LAID_OUT, layout};
pub use pair_axes::pair_axes;
pub use pair_curves::PairCurves;
pub use plan::Plan;
pub use positions::position_map;
pub use projection::projection_json;
pub use sentence::{Sentence, Token};
pub use words::{Class, WordList, Words};
pub use wordspace_explore::{Error, Result};
