//! The live page: a run's words as they move, served to this machine alone or written to one file.
//!
//! The server reads run folders and nothing else: the process that trains, this one or another, does not know that it is
//! watched. What the page asks is computed by [`wordspace_frames`]. In reading order:
//!
//! - [`Server`]: sockets and threads, from start to drop;
//! - `connections`: how many, and for how long;
//! - `guard`: which requests are let in;
//! - `routes`: which address gives which answer;
//! - `page`: the page's three files, compiled in;
//! - `answers`: what each address answers;
//! - `serving`, `worker`, `cache`: answers are computed one at a time for each run, and kept for all readers;
//! - `runs`, `run`, `folder`: the state of run folders, looked at four times a second;
//! - `frames`, `words`, `log`, `live_axes`: reading a run folder;
//! - [`report`](report()), [`projection_page`], `document`: a run or a projection as one file that carries its data;
//! - [`playground`](playground()): the page as one file that trains by itself.
//!
//! Not here on purpose: burn, writing of any kind, paths taken from requests, and connections from anything but this
//! machine's own browser.
//!
//! ```
//! use wordspace_serve::Server;
//!
//! let runs = tempfile::tempdir()?;
//! let server = Server::start(runs.path(), Some(0))?; // any free port
//! assert_eq!(server.url(), format!("http://127.0.0.1:{}/", server.port()));
//! // Dropping the server ends it.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answers;
mod cache;
mod connections;
mod document;
mod error;
mod folder;
mod frames;
mod guard;
mod live_axes;
mod lock;
mod log;
mod page;
mod playground;
mod report;
mod routes;
mod run;
mod runs;
mod server;
mod serving;
mod words;
mod worker;

pub use document::{is_page, projection_page};
pub use error::{Error, Result};
pub use playground::playground;
pub use report::{Contents, report};
pub use server::Server;
