//! Failures of commands: their messages, hints and exit codes.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use crate::{data, explore, learn, model, serve, train};

/// The exit code after Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    message: String,
    code: u8,
    /// Commands that may help.
    pub hints: Vec<String>,
}

impl Failure {
    /// Arguments that make no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2, hints: Vec::new() }
    }

    /// A file that cannot be used.
    pub fn data(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 3, hints: Vec::new() }
    }

    /// A file that cannot be written.
    pub fn disk(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 5, hints: Vec::new() }
    }

    /// An existing file that would be overwritten.
    pub fn exists(path: &Path) -> Self {
        let message = format!("{} already exists; choose another name", path.display());
        Self { message, code: 6, hints: Vec::new() }
    }

    /// A panic.
    pub fn bug() -> Self {
        let message = "this is a bug in wordspace; please run it again with RUST_BACKTRACE=1 and report what it prints";
        Self { message: message.into(), code: 1, hints: Vec::new() }
    }

    /// The same failure with commands that may help.
    pub fn with_hints(self, hints: Vec<String>) -> Self {
        Self { hints, ..self }
    }

    /// Its exit code: 2 arguments that make no sense, 3 a file that cannot be used, 4 a device, 5 a disk, 6 something that
    /// exists, 130 Ctrl-C, 1 anything else.
    pub fn code(&self) -> u8 {
        self.code
    }

    /// The same, as a process ends with it.
    pub fn exit_code(&self) -> ExitCode {
        self.code.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<data::Error> for Failure {
    fn from(error: data::Error) -> Self {
        train::Error::from(error).into()
    }
}

impl From<explore::Error> for Failure {
    fn from(error: explore::Error) -> Self {
        let code = match error {
            explore::Error::Data(error) => return error.into(),
            explore::Error::UnknownWord { .. } | explore::Error::Source { .. } => 3,
            explore::Error::Question(_) => 2,
            _ => 1,
        };
        Self { message: error.to_string(), code, hints: Vec::new() }
    }
}

impl From<serve::Error> for Failure {
    fn from(error: serve::Error) -> Self {
        let code = match error {
            serve::Error::Explore(error) => return error.into(),
            serve::Error::NoRun { .. } | serve::Error::NotFound(_) => 3,
            serve::Error::Question(_) => 2,
            _ => 1,
        };
        Self { message: error.to_string(), code, hints: Vec::new() }
    }
}

impl From<learn::Error> for Failure {
    fn from(error: learn::Error) -> Self {
        train::Error::from(error).into()
    }
}

impl From<train::Error> for Failure {
    fn from(error: train::Error) -> Self {
        use train::Error::*;
        let code = match &error {
            Learn(learn::Error::Config(_) | learn::Error::Generate(_)) | Data(data::Error::NoSuchTokenizer { .. }) => 2,
            Model(model::Error::Config { .. }) | Memory(_) => 2,
            Data(data::Error::Stopped) => INTERRUPTED,
            Disk { .. } => 5,
            Data(data::Error::Exists { .. }) | RunExists { .. } | RunLocked { .. } => 6,
            Data(_) | Model(_) | BadRun { .. } | CheckpointsLost { .. } | Learn(learn::Error::UnknownWord(_)) => 3,
            Device(_) => 4,
            Computation { device, .. } if !["flex", "ndarray"].contains(&device.as_str()) => 4,
            _ => 1,
        };
        Self { message: error.to_string(), code, hints: Vec::new() }
    }
}
