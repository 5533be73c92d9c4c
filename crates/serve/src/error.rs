//! What can go wrong with serving, and what a reader of the page is told of it.

use std::io;
use std::path::PathBuf;

use wordspace_explore as explore;

/// The result of everything fallible in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A run, a frame or an address that does not exist.
    #[error("{0}")]
    NotFound(String),
    /// A request that makes no sense for this run.
    #[error("{0}")]
    Question(String),
    /// A file that cannot be read, or a question that its vectors cannot answer.
    #[error(transparent)]
    Explore(#[from] explore::Error),
    /// The queue of requests is full.
    #[error("too many requests are waiting; ask again in a moment")]
    Busy,
    /// An answer took too long.
    #[error("the answer took longer than {0} seconds; ask again: what was computed so far is kept")]
    Late(u64),
    /// Our own mistake.
    #[error("this is a bug in wordspace; please report the request that caused it")]
    Bug,
    /// A folder that holds no run.
    #[error("{}: {problem}", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
        /// What was found, and what to do instead.
        problem: String,
    },
    /// A port that cannot be used.
    #[error("cannot listen on port {port} of this machine: {source}")]
    Port {
        /// The port.
        port: u16,
        /// The system's reason.
        source: io::Error,
    },
    /// Threads or sockets that the system refuses.
    #[error("cannot serve the page: {0}")]
    System(io::Error),
}

impl From<wordspace_data::Error> for Error {
    fn from(error: wordspace_data::Error) -> Self {
        Self::Explore(error.into())
    }
}
