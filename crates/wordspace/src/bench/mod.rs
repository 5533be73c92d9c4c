//! The benchmark of the work of training embeddings. Results are checked before times count.
//!
//! - [`Work`], [`Case`]: what is measured, its sizes, and its minimal cost;
//! - [`Ids`]: distributions of ids;
//! - [`mod@work`]: the pieces of work themselves;
//! - [`Prepared`]: a case on a device, its inputs in place;
//! - [`expected()`]: the expected results of a case;
//! - [`Machine`]: the machine's speed in copying and multiplying matrices;
//! - [`measure()`]: the result of a case on a device, a [`Row`];
//! - [`fastest()`]: which device is the fastest at which work;
//! - [`compare()`]: compares two [`Measured`], aware of the noise.
//!
//! `wordspace bench` prints these as a table; the criterion benches and the paired comparison with PyTorch drive the same work.

mod case;
mod check;
mod compare;
mod expected;
mod ids;
mod inputs;
mod machine;
mod measure;
mod prepared;
mod statistics;
mod summary;
pub mod work;

pub use case::{Case, Work};
pub use compare::{Compared, Verdict, compare, read};
pub use expected::expected;
pub use ids::Ids;
pub use machine::{Machine, copy_speed};
pub use measure::{Measured, Plan, Row, measure};
pub use prepared::Prepared;
pub use summary::{Fastest, fastest};
