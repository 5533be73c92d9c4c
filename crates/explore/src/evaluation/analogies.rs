//! Analogies: a is to b as c is to what?

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::benchmarks::AnalogySection;
use super::space::Space;
use crate::Progress;

/// How many answers are searched for one that is not a word of the question, as in gensim.
const ANSWERS: usize = 5;

/// How many analogy questions are answered with exactly the expected word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analogies {
    /// Correct answers.
    pub correct: usize,
    /// Correct answers with centred vectors.
    pub correct_centred: usize,
    /// How many questions there are.
    pub total: usize,
    /// How many questions have vectors for all four words; accuracy is `correct / covered`.
    pub covered: usize,
    /// The scores by section.
    pub sections: Vec<SectionScore>,
}

/// The score of one section.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SectionScore {
    /// The kind of questions.
    pub section: String,
    /// Correct answers.
    pub correct: usize,
    /// Correct answers with centred vectors.
    pub correct_centred: usize,
    /// How many questions there are.
    pub total: usize,
    /// How many questions have vectors for all four words.
    pub covered: usize,
}

impl Analogies {
    fn of(sections: Vec<SectionScore>) -> Self {
        let sum = |count: &dyn Fn(&SectionScore) -> usize| sections.iter().map(count).sum();
        Self {
            correct: sum(&|section| section.correct),
            correct_centred: sum(&|section| section.correct_centred),
            total: sum(&|section| section.total),
            covered: sum(&|section| section.covered),
            sections,
        }
    }

    /// Sets the centred scores to those of `centred`, which answered the same questions.
    pub(super) fn set_centred(&mut self, centred: &Self) {
        for (section, centred) in self.sections.iter_mut().zip(&centred.sections) {
            section.correct_centred = centred.correct;
        }
        self.correct_centred = centred.correct;
    }
}

/// A question whose words all have vectors: its section, its rows, and the expected word as words are compared.
struct Covered<'a> {
    section: usize,
    rows: [u32; 3],
    expected: &'a str,
}

/// Answers every question with the word nearest to b − a + c, of unit vectors: 3CosAdd (Mikolov, Yih and Zweig 2013), as in
/// gensim's `evaluate_word_analogies`.
///
/// The words of the question are no answer, in any case.
pub(super) fn analogies(space: &Space, sections: &[AnalogySection], progress: Progress<'_>) -> Analogies {
    let mut covered = Vec::new();
    for (section, AnalogySection { questions, .. }) in sections.iter().enumerate() {
        for words in questions {
            if let [Some(a), Some(b), Some(c), Some(expected)] = words.each_ref().map(|word| space.find(word)) {
                covered.push(Covered { section, rows: [a, b, c], expected: space.spelling(expected) });
            }
        }
    }
    let queries: Vec<(Vec<f32>, [u32; 3])> =
        covered.iter().map(|question| (target(space, question.rows), question.rows)).collect();
    let done = AtomicU64::new(0);
    let count = |more: usize| {
        let before = done.fetch_add(more as u64, Ordering::Relaxed);
        progress(before + more as u64, queries.len() as u64);
    };
    let answers = space.nearest(&queries, ANSWERS, &count);
    let mut scores: Vec<SectionScore> = sections
        .iter()
        .map(|AnalogySection { section, questions }| SectionScore {
            section: section.clone(),
            correct: 0,
            correct_centred: 0,
            total: questions.len(),
            covered: 0,
        })
        .collect();
    for (question, answers) in covered.iter().zip(answers) {
        let score = &mut scores[question.section];
        score.covered += 1;
        score.correct += usize::from(answer(space, question, &answers) == Some(question.expected));
    }
    Analogies::of(scores)
}

/// b − a + c.
fn target(space: &Space, [a, b, c]: [u32; 3]) -> Vec<f32> {
    let (a, b, c) = (space.row(a), space.row(b), space.row(c));
    (0..a.len()).map(|i| b[i] - a[i] + c[i]).collect()
}

/// The first answer that is not a word of the question in another case; the last if all are, as in gensim.
fn answer<'a>(space: &'a Space, question: &Covered<'_>, answers: &[u32]) -> Option<&'a str> {
    let asked = question.rows.map(|row| space.spelling(row));
    let mut spellings = answers.iter().map(|&row| space.spelling(row));
    let last = answers.last().map(|&row| space.spelling(row));
    spellings.find(|spelling| !asked.contains(spelling)).or(last)
}
