//! a is to b as c is to what?

use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use super::space::Space;
use crate::projection::Progress;

/// How many answers are looked through for one that is not a word of the question: gensim's number.
const LOOKED_THROUGH: usize = 5;

/// Questions of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalogySection {
    /// What kind.
    pub section: String,
    /// The questions: the first word is to the second as the third to the fourth.
    pub questions: Vec<[String; 4]>,
}

/// How many analogy questions are answered with exactly the expected word.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analogies {
    /// How many are.
    pub correct: usize,
    /// How many are, seen from the mean.
    pub correct_centred: usize,
    /// How many questions there are.
    pub total: usize,
    /// Of how many the vectors have all four words; accuracy is `correct / covered`.
    pub covered: usize,
    /// The same by section.
    pub sections: Vec<SectionScore>,
}

/// The same of one section.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SectionScore {
    /// What kind of questions.
    pub section: String,
    /// How many are answered right.
    pub correct: usize,
    /// How many are, seen from the mean.
    pub correct_centred: usize,
    /// How many there are.
    pub total: usize,
    /// Of how many the vectors have all four words.
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

    /// Takes over what was right of the same questions seen from the mean.
    pub(super) fn take_centred(&mut self, centred: &Self) {
        for (section, centred) in self.sections.iter_mut().zip(&centred.sections) {
            section.correct_centred = centred.correct;
        }
        self.correct_centred = centred.correct;
    }
}

/// A question whose words are all there: its section, its rows and the expected word as words are compared.
struct Covered<'a> {
    section: usize,
    rows: [u32; 3],
    expected: &'a str,
}

/// Answers every question with the word nearest to b − a + c, each of unit length: 3CosAdd (Mikolov, Yih and Zweig 2013), as
/// gensim's `evaluate_word_analogies` does.
///
/// The words of the question are no answer, whatever their case.
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
        covered.iter().map(|question| (wanted(space, question.rows), question.rows)).collect();
    let done = AtomicUsize::new(0);
    let count = |more: usize| progress(more + done.fetch_add(more, Ordering::Relaxed), queries.len());
    let answers = space.nearest(&queries, LOOKED_THROUGH, &count);
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
fn wanted(space: &Space, [a, b, c]: [u32; 3]) -> Vec<f32> {
    let (a, b, c) = (space.row(a), space.row(b), space.row(c));
    (0..a.len()).map(|i| b[i] - a[i] + c[i]).collect()
}

/// The first answer that is not, in another case, a word of the question; if all are, the last, as in gensim.
fn answer<'a>(space: &'a Space, question: &Covered<'_>, answers: &[u32]) -> Option<&'a str> {
    let asked = question.rows.map(|row| space.spelling(row));
    let mut spellings = answers.iter().map(|&row| space.spelling(row));
    let last = answers.last().map(|&row| space.spelling(row));
    spellings.find(|spelling| !asked.contains(spelling)).or(last)
}
