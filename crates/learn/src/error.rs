//! What can go wrong before or while a model learns.

/// The result of everything fallible in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration that no run can be made from.
    #[error("{0}")]
    Config(String),
    /// A word to watch that is not one token of the vocabulary.
    #[error("{0}")]
    UnknownWord(String),
    /// A prompt or sampling options that nothing can be generated with.
    #[error("{0}")]
    Generate(String),
    /// A token file, a tokenizer or its name.
    #[error(transparent)]
    Data(#[from] wordspace_data::Error),
    /// The model's sizes, or tensors that do not fit them.
    #[error(transparent)]
    Model(#[from] wordspace_model::Error),
}
