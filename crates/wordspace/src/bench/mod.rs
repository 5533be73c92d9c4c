//! How fast a device does the work of training embeddings, each piece checked against its definition before its time counts.
//!
//! - [`Work`], [`Case`]: what is measured, its sizes, and the least it can cost;
//! - [`Ids`]: how ids are drawn;
//! - [`Prepared`]: a case on a device, ready to be done again and again;
//! - [`expected()`]: what must come out of it;
//! - [`Machine`]: what the processor can copy and multiply;
//! - [`measure()`]: all of it as a [`Row`];
//! - [`compare()`]: two [`Measured`], with a verdict that knows the noise.
//!
//! `wordspace bench` prints these as a table, `benches/` sweeps them.

mod case;
mod compare;
mod expected;
mod ids;
mod machine;
mod measure;
mod prepared;

pub use case::{Case, Work};
pub use compare::{Compared, Verdict, compare, read};
pub use expected::expected;
pub use ids::Ids;
pub use machine::{Machine, copy_speed};
pub use measure::{Measured, Row, measure, spread_of};
pub use prepared::Prepared;
