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
    /// Something was asked for that is not there.
    #[error("{0}")]
    NotFound(String),
    /// A question that makes no sense for this run.
    #[error("{0}")]
    Question(String),
    /// A file that cannot be read, or vectors that cannot be asked so.
    #[error(transparent)]
    Explore(#[from] explore::Error),
    /// More is being computed than should be.
    #[error("too much is being asked at once; ask again in a moment")]
    Busy,
    /// An answer that took too long.
    #[error("the answer took longer than {0} seconds; ask again, what was found so far is kept")]
    Late(u64),
    /// Our own mistake.
    #[error("this is a bug of wordspace; please report what was asked")]
    Bug,
    /// A folder that holds no run.
    #[error("{}: {problem}", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
        /// What was found, and what to ask for instead.
        problem: String,
    },
    /// A port that cannot be listened at.
    #[error("cannot listen at port {port} of this machine: {source}")]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
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
