//! Words that are there, for one that is not.

use std::collections::BTreeSet;

use strsim::osa_distance;
use wordspace_data::WordVectors;

use crate::pass::{Told, in_pieces};
use crate::{Error, Result};

/// How many words are suggested.
const SUGGESTIONS: usize = 3;

/// The rows of `words`.
///
/// # Errors
///
/// If one is not among the vectors, which are those of `source`: with words like it that are.
pub fn rows_of(vectors: &WordVectors, source: &str, words: &[String], told: Told<'_>) -> Result<Vec<u32>> {
    let row = |word: &String| {
        vectors.find(word).ok_or_else(|| Error::UnknownWord {
            word: word.clone(),
            source_name: source.to_string(),
            words: vectors.len(),
            suggestions: suggestions(vectors, word, told),
        })
    };
    words.iter().map(row).collect()
}

/// Up to three words like `word`: first those that differ only by case, by a space before them or by `_` for a space; then those
/// of nearly the same letters, the likest first, and of equally like ones the first in the table, where frequent words are.
pub fn suggestions(vectors: &WordVectors, word: &str, told: Told<'_>) -> Vec<String> {
    let mut found: Vec<String> = variants(word).into_iter().filter(|variant| vectors.find(variant).is_some()).collect();
    if found.len() < SUGGESTIONS {
        let alike = nearly_spelled(vectors, word, told).into_iter().map(|row| vectors.word(row).into_owned());
        found.extend(alike.filter(|alike| !found.contains(alike)).collect::<Vec<_>>());
    }
    found.truncate(SUGGESTIONS);
    found
}

/// `word` in other case, with and without a space before it, with `_` for spaces.
fn variants(word: &str) -> Vec<String> {
    let bare = word.trim();
    let lower = bare.to_lowercase();
    let mut letters = lower.chars();
    let capital: String = letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default();
    let cases = [bare.to_string(), lower, capital, bare.to_uppercase()];
    let joined = cases.iter().filter(|word| word.contains(' ')).map(|word| word.replace(' ', "_"));
    let all = cases.iter().cloned().chain(joined).flat_map(|word| [format!(" {word}"), word]);
    let mut seen = BTreeSet::from([word.to_string(), String::new(), " ".to_string()]);
    all.filter(|variant| seen.insert(variant.clone())).collect()
}

/// The rows whose words are `word` but for a letter or two: one in three may be missing, too many, wrong or exchanged.
fn nearly_spelled(vectors: &WordVectors, word: &str, told: Told<'_>) -> Vec<u32> {
    let bare = word.trim().to_lowercase();
    let length = bare.chars().count();
    let most = length.div_ceil(3).min(3);
    let letters = letter_set(&bare);
    let distance = |row: u32| {
        let other = vectors.word(row);
        let other = other.trim();
        // Each letter that is changed changes at most one place of either set. Most words fail here, which costs little.
        if other.len().abs_diff(bare.len()) > 4 * most || (letter_set(other) ^ letters).count_ones() as usize > 2 * most
        {
            return None;
        }
        let distance = osa_distance(&bare, &other.to_lowercase());
        (distance <= most && distance < length).then_some((distance, row))
    };
    let alike = in_pieces(vectors.len(), told, |rows| rows.filter_map(distance).collect::<Vec<_>>());
    let mut alike: Vec<(usize, u32)> = alike.into_iter().flatten().collect();
    alike.sort_unstable();
    alike.into_iter().take(SUGGESTIONS).map(|(_, row)| row).collect()
}

/// Which letters a word has, whatever their case, as bits.
fn letter_set(word: &str) -> u64 {
    word.chars().flat_map(char::to_lowercase).fold(0, |set, letter| set | 1 << (letter as u32 % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &[&str], asked: &str, expected: &[&str]) {
        let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
        let rows = vec![1.0; words.len()];
        assert_eq!(suggestions(&WordVectors::new(words, rows, 1), asked, &|_, _| ()), expected);
    }

    #[test]
    fn case_and_the_space_before_come_first() {
        check(&["band", " bank", "Bank", "bang"], "bank", &[" bank", "Bank", "band"]);
        check(&["bank"], " bank", &["bank"]);
        check(&["PARIS", "pairs"], "paris", &["PARIS", "pairs"]);
        check(&["New_York"], "New York", &["New_York"]);
    }

    #[test]
    fn the_likest_spelling_comes_first_and_the_first_row_among_equals() {
        check(&["thing", "kings", "king", "zebra"], "kingg", &["kings", "king"]);
        check(&["knig", "king"], "kign", &["king", "knig"]);
        check(&["bang", "band"], "banx", &["bang", "band"]);
        check(&["zebra"], "cat", &[]);
        check(&["a", "b"], "c", &[]);
    }

    #[test]
    fn words_of_other_scripts_are_compared_by_letters_too() {
        check(&["München", "naïve"], "munchen", &["München"]);
        check(&["Киев"], "киев", &["Киев"]);
        check(&[""], "", &[]);
    }
}
