//! The live page: a run's words as they move, served to this machine alone.
//!
//! A browser asks, and is answered from what lies in run folders: whoever trains, this process or another, knows nothing of
//! it. In reading order:
//!
//! - [`Server`]: sockets and threads, from start to drop;
//! - `connections`: few, patient for a while, the newest first;
//! - `guard`: who may ask, and how;
//! - `routes`: what is answered to which address;
//! - `page`: the page itself, compiled in;
//! - `serving`: the runs, and what was found out of them;
//! - `runs`, `run`, `folder`, `plan`: what can be seen of run folders, four times a second;
//! - `log`: the curves, read on from where they were read to;
//! - `answers`: what is answered to each question about a run;
//! - `words`, `frame`, `axes`, `points`, `positions`: what the answers are made of;
//! - [`report`](report()): a run as one file, [`projection_page`]: a projection as one; `embedded`: the
//!   page that carries its data;
//! - `worker`, `cache`: one thread computes, once for all readers.
//!
//! Absent on purpose: burn, writing of any kind, paths from requests, and every connection that is not asked for by this
//! machine's own browser.

mod answers;
mod axes;
mod cache;
mod connections;
mod embedded;
mod error;
mod folder;
mod frame;
mod guard;
mod log;
mod page;
mod plan;
mod points;
mod positions;
mod projection;
mod report;
mod routes;
mod run;
mod runs;
mod server;
mod serving;
mod words;
mod worker;

pub use error::{Error, Result};
pub use projection::projection_page;
pub use report::{Contents, is_page, report};
pub use server::Server;
