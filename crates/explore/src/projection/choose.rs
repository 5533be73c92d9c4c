//! Which words of many are projected: those that were named, or the most frequent ones.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use wordspace_data::WordVectors;

use super::chosen::Chosen;
use super::points::Points;
use crate::check_finite;

/// The most frequent words of vectors, and those that were passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MostFrequent {
    /// Their rows, the most frequent first.
    pub rows: Vec<u32>,
    /// How many words are no candidates: those without a class if some have one, else those with digits or signs, and single
    /// Latin letters, most of which are parts of words.
    pub left_out: usize,
    /// Rows that would be among them, but are not finite.
    pub not_finite: Vec<u32>,
}

impl MostFrequent {
    /// At most `top` of the words of `vectors`. Without `counts`, words count as sorted by frequency.
    pub fn of(
        vectors: &WordVectors,
        counts: Option<&[u64]>,
        classes: &BTreeMap<String, Vec<String>>,
        top: usize,
    ) -> Self {
        let class_of = class_of(classes);
        let is_word = |row: &u32| {
            let word = vectors.word(*row);
            let letters = word.trim();
            match class_of.is_empty() {
                true => letters.len() > 1 && letters.chars().all(char::is_alphabetic),
                false => class_of.contains_key(letters),
            }
        };
        let all = || 0..vectors.len() as u32;
        let mut rows: Vec<u32> = all().filter(is_word).collect();
        // A vocabulary of single characters has none of these.
        if rows.len() < top.min(4) {
            rows = all().collect();
        }
        let mut found = Self { left_out: vectors.len() - rows.len(), ..Self::default() };
        if let Some(counts) = counts {
            rows.sort_by_key(|&row| (Reverse(counts[row as usize]), row));
        }
        for row in rows {
            if found.rows.len() == top {
                break;
            }
            match check_finite(vectors, row) {
                Ok(()) => found.rows.push(row),
                Err(_) => found.not_finite.push(row),
            }
        }
        found
    }
}

impl Chosen {
    /// The words of `rows`, with their classes.
    pub fn of(vectors: &WordVectors, classes: &BTreeMap<String, Vec<String>>, rows: &[u32]) -> Self {
        let words: Vec<String> = rows.iter().map(|&row| vectors.word(row).into_owned()).collect();
        let class_of = class_of(classes);
        let classes = words.iter().map(|word| class_of.get(word.trim()).map(|class| class.to_string())).collect();
        let values = rows.iter().flat_map(|&row| vectors.row(row).iter().map(|&x| x as f64).collect::<Vec<_>>());
        Self { words, classes, vectors: Points::new(values.collect(), vectors.dimension()), frames: Vec::new() }
    }
}

/// The class of every word that has one. A word with several takes the first by name.
fn class_of(classes: &BTreeMap<String, Vec<String>>) -> HashMap<&str, &str> {
    let classes = classes.iter().rev();
    classes.flat_map(|(class, words)| words.iter().map(|word| (word.as_str(), class.as_str()))).collect()
}
