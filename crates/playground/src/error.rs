//! What can go wrong in the playground, in sentences for its reader.

/// The result of everything fallible in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The run asks for more than a page should take.
    #[error("{0}")]
    TooLarge(String),
    /// Training has diverged.
    #[error("training has diverged at step {step}: {problem}. Start again with a smaller learning rate.")]
    Diverged {
        /// The update.
        step: u64,
        /// What is not finite.
        problem: String,
    },
    /// A zip file that is not that of a run.
    #[error("This zip file cannot be opened: {0}")]
    Archive(String),
    /// A question that has no answer, such as one about a frame that does not exist.
    #[error("{0}")]
    Question(String),
    /// The text or its tokens.
    #[error(transparent)]
    Data(#[from] wordspace_data::Error),
    /// A question about a frame.
    #[error(transparent)]
    Frames(#[from] wordspace_frames::Error),
    /// The configuration.
    #[error(transparent)]
    Learn(#[from] wordspace_learn::Error),
    /// The sizes of the model.
    #[error(transparent)]
    Model(#[from] wordspace_model::Error),
}
