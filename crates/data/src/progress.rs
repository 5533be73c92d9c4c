//! How a long task reports its progress, and how it is stopped.

use std::ops::ControlFlow;

/// The phase of a long task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The tokenizer is learned from the text.
    Vocabulary,
    /// The text is encoded as token ids.
    Tokens,
    /// Vectors are read from a file.
    Reading,
    /// Vectors are written to a file.
    Writing,
}

impl Phase {
    /// What is being done, as a progress bar says it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Vocabulary => "learning the tokens",
            Self::Tokens => "encoding the text",
            Self::Reading => "reading vectors",
            Self::Writing => "writing vectors",
        }
    }
}

/// A progress callback: called with the phase, the bytes done and the bytes in total. If it returns
/// [`ControlFlow::Break`], the task ends with [`Error::Stopped`](crate::Error::Stopped).
pub type Progress<'a> = &'a (dyn Fn(Phase, u64, u64) -> ControlFlow<()> + Sync);
