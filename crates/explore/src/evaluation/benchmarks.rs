//! The judgements that vectors are compared with.

use std::collections::BTreeMap;

/// Two words with a judgement of their similarity.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedPair {
    /// The words.
    pub words: [String; 2],
    /// The judgement: the larger, the more similar. Only the order matters.
    pub score: f64,
}

/// Analogy questions of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalogySection {
    /// The kind.
    pub section: String,
    /// The questions: the first word is to the second as the third is to the fourth.
    pub questions: Vec<[String; 4]>,
}

/// Judgements of several kinds, each optional.
#[derive(Clone, Debug, Default)]
pub struct Benchmarks {
    /// Judged pairs.
    pub similarity: Option<Vec<JudgedPair>>,
    /// Analogy questions by section.
    pub analogies: Option<Vec<AnalogySection>>,
    /// Words by category.
    pub categories: Option<BTreeMap<String, Vec<String>>>,
}
