//! What can go wrong with a run, sorted by what the user can do about it.

use std::path::PathBuf;

/// The result of everything fallible in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong with a run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration that no run can be made from, a watched word that the vocabulary lacks, or a prompt that cannot be
    /// continued.
    #[error(transparent)]
    Learn(wordspace_learn::Error),
    /// Text, tokens or another file.
    #[error(transparent)]
    Data(wordspace_data::Error),
    /// The model's sizes, or tensors that do not fit them.
    #[error(transparent)]
    Model(#[from] wordspace_model::Error),
    /// A device that is not there, not built in, or too small for the run.
    #[error("{0}")]
    Device(String),
    /// A run that needs more memory than there is.
    #[error("{0}")]
    Memory(String),
    /// A computation that failed on the device.
    #[error("the computation failed on {device}: {problem}")]
    Computation {
        /// The device.
        device: String,
        /// What the device reported.
        problem: String,
    },
    /// A file of the run that could not be written.
    #[error("cannot write {}: {source}{}", path.display(), if *disk_full { "; free some space and try again" } else { "" })]
    Disk {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
        /// Whether the disk or a quota is full.
        disk_full: bool,
    },
    /// A run folder that already exists.
    #[error("{} already exists", path.display())]
    RunExists {
        /// The run folder.
        path: PathBuf,
    },
    /// A run folder that another process works in.
    #[error("{} is being trained by another process ({holder})", path.display())]
    RunLocked {
        /// The run folder.
        path: PathBuf,
        /// What the lock file says of that process.
        holder: String,
    },
    /// A folder that is not a run, or whose files cannot be used.
    #[error("{}: {problem}", path.display())]
    BadRun {
        /// The folder or file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A run all of whose checkpoints are damaged or gone.
    #[error(
        "{}: {problem}; restore a checkpoint, or train the run again from its first step with `wordspace resume \
         --from-scratch`, which moves aside what there is",
        path.display()
    )]
    CheckpointsLost {
        /// The folder of the checkpoints.
        path: PathBuf,
        /// What became of them.
        problem: String,
    },
    /// A run with a loss, gradient or weight that is not finite.
    #[error(
        "training has diverged at step {step}: {problem}; {}; \
         a smaller learning rate (--set train.learning_rate=…) or a longer warm-up usually helps",
        match last_good {
            Some(step) => format!("the last good checkpoint, from which resuming continues, is that of step {step}"),
            None => "no checkpoint was saved before, so resuming begins again".into(),
        }
    )]
    Diverged {
        /// The step.
        step: u64,
        /// What is not finite.
        problem: String,
        /// The step of the newest checkpoint.
        last_good: Option<u64>,
    },
}

impl From<wordspace_data::Error> for Error {
    fn from(error: wordspace_data::Error) -> Self {
        match error {
            wordspace_data::Error::Write { path, source } => Self::disk(path, source),
            other => Self::Data(other),
        }
    }
}

impl From<wordspace_learn::Error> for Error {
    fn from(error: wordspace_learn::Error) -> Self {
        match error {
            wordspace_learn::Error::Data(error) => error.into(),
            wordspace_learn::Error::Model(error) => error.into(),
            other => Self::Learn(other),
        }
    }
}

impl Error {
    /// The error of writing a file or folder of the run.
    pub fn disk(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        let disk_full = matches!(source.kind(), StorageFull | QuotaExceeded | FileTooLarge);
        Self::Disk { path: path.into(), source, disk_full }
    }
}
