//! Errors: a configuration that makes no model, or a checkpoint that does not fit one.

/// The result of everything fallible in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What is wrong with a configuration or a checkpoint.
#[derive(Debug, thiserror::Error, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// Sizes that contradict each other or make no model.
    #[error("{key} is {found}: {problem}")]
    Config {
        /// The key of the configuration.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it would have to be.
        problem: String,
    },
    /// A checkpoint without one of the model's parameters.
    #[error("the checkpoint has no parameter {name}; expected one of shape {shape:?}")]
    Missing {
        /// The parameter.
        name: String,
        /// The shape it should have.
        shape: Vec<usize>,
    },
    /// A parameter of another shape than the configuration says.
    #[error("parameter {name} has shape {found:?}; the configuration says {expected:?}")]
    Shape {
        /// The parameter.
        name: String,
        /// The shape in the checkpoint.
        found: Vec<usize>,
        /// The shape it should have.
        expected: Vec<usize>,
    },
    /// A parameter that the model does not have.
    #[error("the checkpoint has a parameter {name} that a GPT-2 of this configuration does not have")]
    Unexpected {
        /// The parameter.
        name: String,
    },
    /// A Hugging Face configuration of another architecture.
    #[error("the configuration is not one of GPT-2 as it is built here: {problem}")]
    NotGpt2 {
        /// What differs.
        problem: String,
    },
}
