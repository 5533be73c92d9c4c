//! Errors of questions about vectors.

/// The result of every fallible function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a question cannot be answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that cannot be read or written.
    #[error(transparent)]
    Data(#[from] wordspace_data::Error),
    /// A word that has no vector.
    #[error("{word:?} is not among the {} words of {source_name}{}", words, did_you_mean(suggestions))]
    UnknownWord {
        /// The word.
        word: String,
        /// The source of the vectors, usually a path.
        source_name: String,
        /// V.
        words: usize,
        /// Words of similar spelling that have vectors, closest first.
        suggestions: Vec<String>,
    },
    /// A source that does not exist, or has no vectors.
    #[error("{source_name}: {problem}")]
    Source {
        /// The source, as the user named it.
        source_name: String,
        /// What was found, and what to ask for instead.
        problem: String,
    },
    /// A question that makes no sense for these vectors.
    #[error("{0}")]
    Question(String),
}

fn did_you_mean(words: &[String]) -> String {
    if words.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("; did you mean {}?", quoted.join(" or "))
}
