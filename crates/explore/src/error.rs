//! What can go wrong with a question about vectors.

/// The result of everything fallible in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong with a question.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file that cannot be read or written.
    #[error(transparent)]
    Data(#[from] wordspace_data::Error),
    /// A word that the vectors do not have.
    #[error("{word:?} is not among the {} words of {source_name}{}", words, suggest(suggestions))]
    UnknownWord {
        /// The word.
        word: String,
        /// What was asked: a path, mostly.
        source_name: String,
        /// V.
        words: usize,
        /// Words like it that are there, the likest first.
        suggestions: Vec<String>,
    },
    /// A source that is not there, or holds no vectors.
    #[error("{source_name}: {problem}")]
    Source {
        /// What was asked for.
        source_name: String,
        /// What was found, and what to ask for instead.
        problem: String,
    },
    /// A question that makes no sense for these vectors.
    #[error("{0}")]
    Question(String),
}

fn suggest(words: &[String]) -> String {
    if words.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("; did you mean {}?", quoted.join(" or "))
}
