//! The closest spelling to a word that is unknown.

use std::borrow::Cow;
use std::collections::BTreeSet;

use strsim::{normalized_damerau_levenshtein, osa_distance};

use crate::chunks::{Progress, in_chunks};
use crate::top_k::top_k;

/// From this similarity on a word is worth suggesting.
const SIMILAR: f64 = 0.5;
/// How many words [`suggestions`] returns at most.
const SUGGESTIONS: usize = 3;

/// How similar two words are spelled, from 0 to 1: one less the Damerau–Levenshtein distance (letters inserted, deleted,
/// replaced, or two swapped) by the length of the longer word.
pub fn spelling_similarity(a: &str, b: &str) -> f64 {
    normalized_damerau_levenshtein(a, b)
}

/// The one of `words` that is closest to `word` in spelling, if at least half of it is the same.
pub fn did_you_mean<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let similarity = |other: &&str| (spelling_similarity(word, other) * 1e6) as u64;
    words.into_iter().max_by_key(similarity).filter(|other| similarity(other) >= (SIMILAR * 1e6) as u64)
}

/// The `k` of `words` that are closest to `word` in spelling, whatever their case, closest first.
pub fn closest_spellings(word: &str, words: impl IntoIterator<Item = String>, k: usize) -> Vec<String> {
    let word = word.to_lowercase();
    let scored = words.into_iter().map(|other| (spelling_similarity(&word, &other.to_lowercase()), other));
    let similar = scored.filter(|(similarity, _)| *similarity >= SIMILAR).collect();
    let closest = top_k(similar, k, |a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    closest.into_iter().map(|(_, word)| word).collect()
}

/// Up to three of `rows` words that may have been meant by `word`: first those that differ only in case, in a space before
/// them or in `_` for a space; then those that differ in few letters, fewest first, and among equals the first row, since
/// frequent words come first in most tables.
///
/// `word_of` is the word of a row, `exists` whether there is such a word.
pub fn suggestions<'a>(
    word: &str,
    rows: usize,
    word_of: impl Fn(u32) -> Cow<'a, str> + Sync,
    exists: impl Fn(&str) -> bool,
    progress: Progress<'_>,
) -> Vec<String> {
    let mut found: Vec<String> = variants(word).into_iter().filter(|variant| exists(variant)).collect();
    if found.len() < SUGGESTIONS {
        let misspelled = Misspelled::new(word);
        let distance = |row: u32| Some((misspelled.distance(&word_of(row))?, row));
        let close = in_chunks(rows, progress, |chunk| chunk.filter_map(distance).collect::<Vec<_>>());
        let close = top_k(close.concat(), SUGGESTIONS, Ord::cmp).into_iter().map(|(_, row)| word_of(row).into_owned());
        let others: Vec<String> = close.filter(|word| !found.contains(word)).collect();
        found.extend(others);
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

/// A word to compare others with.
struct Misspelled {
    bare: String,
    length: usize,
    letters: u64,
    /// How many letters may differ.
    most: usize,
}

impl Misspelled {
    fn new(word: &str) -> Self {
        let bare = word.trim().to_lowercase();
        let length = bare.chars().count();
        Self { letters: letter_set(&bare), length, most: length.div_ceil(3).min(3), bare }
    }

    /// How many letters `other` differs in; none if too many.
    fn distance(&self, other: &str) -> Option<usize> {
        let other = other.trim();
        // A letter that is replaced changes two bits of the sets at most. This cheap test rules out most words.
        let is_other_length = other.len().abs_diff(self.bare.len()) > 4 * self.most;
        if is_other_length || (letter_set(other) ^ self.letters).count_ones() as usize > 2 * self.most {
            return None;
        }
        let distance = osa_distance(&self.bare, &other.to_lowercase());
        (distance <= self.most && distance < self.length).then_some(distance)
    }
}

/// The letters of a word as bits, whatever their case.
fn letter_set(word: &str) -> u64 {
    word.chars().flat_map(char::to_lowercase).fold(0, |set, letter| set | 1 << (letter as u32 % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let words = ["cat", "rabbit", "piano"];
        assert_eq!(did_you_mean("rabit", words), Some("rabbit"));
        assert_eq!(did_you_mean("xylophone", words), None);
    }

    #[test]
    fn closest_spellings_ignore_case_and_break_ties_by_name() {
        let words = ["Toy2", "toy1", "TOY", "shakespeare"].map(String::from);
        assert_eq!(closest_spellings("toy", words, 2), ["TOY", "Toy2"]);
    }

    #[track_caller]
    fn check(words: &[&str], word: &str, expected: &[&str]) {
        let word_of = |row: u32| Cow::Borrowed(words[row as usize]);
        let found = suggestions(word, words.len(), word_of, |word| words.contains(&word), &|_, _| ());
        assert_eq!(found, expected);
    }

    #[test]
    fn case_and_the_space_before_come_first() {
        check(&["band", " bank", "Bank", "bang"], "bank", &[" bank", "Bank", "band"]);
        check(&["bank"], " bank", &["bank"]);
        check(&["PARIS", "pairs"], "paris", &["PARIS", "pairs"]);
        check(&["New_York"], "New York", &["New_York"]);
    }

    #[test]
    fn the_closest_spelling_comes_first_and_the_first_row_among_equals() {
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
