//! The built-in corpus: a seeded grammar with planted word classes, and the answer key.
//!
//! Sentences are templates with slots. The words of a class are similar but not interchangeable, so that finding the
//! classes tests the embedding:
//!
//! - within a set, the frequency of a word falls off as 1/rank (Zipf's law);
//! - some templates take only a part of a class (pets sleep on sofas, queens say "she");
//! - each subject has three favourite words in every other set, drawn from the seed, and half of the words that follow it
//!   are favourites.

mod templates;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use chacha20::ChaCha8Rng;

use crate::random::{below, generator};
use templates::{GENERAL, PARTICULAR};
use words::{SETS, UNIONS};

/// Sentences in the corpus of the toy run.
pub const SENTENCES: usize = 12_000;

/// The percentage of general sentences.
const GENERAL_PERCENT: u64 = 60;

/// Favourites of a word in each set.
const FAVOURITES: u64 = 3;

/// The planted classes and their words: the answer key for purity.
pub fn classes() -> BTreeMap<String, Vec<String>> {
    let mut classes = BTreeMap::<_, Vec<String>>::new();
    for set in SETS {
        classes.entry(set.class.to_string()).or_default().extend(set.words.split(' ').map(String::from));
    }
    classes
}

/// `sentences` sentences drawn from `seed`, five to a line.
///
/// ```
/// let text = wordspace_data::toy::text(7, 100);
/// assert!(text.contains("cat") && text.ends_with(".\n"));
/// assert_eq!(text, wordspace_data::toy::text(7, 100));
/// ```
pub fn text(seed: u64, sentences: usize) -> String {
    let mut grammar = Grammar::new(seed);
    let mut text = String::new();
    for sentence in 1..=sentences {
        grammar.write_sentence(&mut text);
        text.push(if sentence % 5 == 0 || sentence == sentences { '\n' } else { ' ' });
    }
    text
}

struct Grammar {
    random: ChaCha8Rng,
    /// The words of every set and union, by the name of its slot.
    slots: HashMap<&'static str, Vec<&'static str>>,
    /// The favourites that were needed so far, by subject and slot.
    favourites: HashMap<(&'static str, &'static str), Vec<&'static str>>,
    seed: u64,
}

impl Grammar {
    fn new(seed: u64) -> Self {
        let mut slots: HashMap<_, Vec<&str>> =
            SETS.iter().map(|set| (set.name, set.words.split(' ').collect())).collect();
        for (union, sets) in UNIONS {
            let lists: Vec<&[&str]> = sets.iter().map(|set| slots[set].as_slice()).collect();
            slots.insert(union, interleave(&lists));
        }
        Self { random: generator(seed, "toy sentences", 0), slots, favourites: HashMap::new(), seed }
    }

    fn write_sentence(&mut self, text: &mut String) {
        let is_general = below(&mut self.random, 100) < GENERAL_PERCENT;
        let templates = if is_general { GENERAL } else { PARTICULAR };
        let template = templates[below(&mut self.random, templates.len() as u64) as usize];
        let mut subject = None;
        for (at, part) in template.split(' ').enumerate() {
            let word = match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                None => part,
                Some(slot) => self.fill(slot, subject),
            };
            if part.starts_with('{') {
                subject = subject.or(Some(word));
            }
            let space = if at == 0 { "" } else { " " };
            write!(text, "{space}{word}").expect("writing to a string cannot fail");
        }
    }

    /// A word for `slot`; with probability one half one of the subject's favourites.
    fn fill(&mut self, slot: &'static str, subject: Option<&'static str>) -> &'static str {
        if let Some(subject) = subject
            && below(&mut self.random, 2) == 0
        {
            let favourite = below(&mut self.random, FAVOURITES) as usize;
            let (words, seed) = (&self.slots[slot], self.seed);
            return self.favourites.entry((subject, slot)).or_insert_with(|| favourites(seed, subject, slot, words))
                [favourite];
        }
        zipf(&mut self.random, &self.slots[slot])
    }
}

/// The favourites of `subject` in `slot`; they depend only on the seed and the two names.
fn favourites(seed: u64, subject: &str, slot: &str, words: &[&'static str]) -> Vec<&'static str> {
    let name = subject.bytes().chain([b' ']).chain(slot.bytes());
    let index = name.fold(0_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte as u64));
    let mut random = generator(seed, "toy favourites", index);
    (0..FAVOURITES).map(|_| words[below(&mut random, words.len() as u64) as usize]).collect()
}

/// The word at rank r (from 1) with probability proportional to 1/r.
fn zipf(random: &mut ChaCha8Rng, words: &[&'static str]) -> &'static str {
    // In units of 1/5040: integers give the same draw on every machine.
    let share = |rank: usize| 5040 / (rank as u64 + 1);
    let mut draw = below(random, (0..words.len()).map(share).sum());
    for (rank, word) in words.iter().enumerate() {
        match draw.checked_sub(share(rank)) {
            None => return word,
            Some(rest) => draw = rest,
        }
    }
    unreachable!("the draw is below the sum of the shares")
}

/// The first word of each list, then the second of each, and so on, without repetitions: a union keeps the ranks of its sets.
fn interleave(lists: &[&[&'static str]]) -> Vec<&'static str> {
    let longest = lists.iter().map(|list| list.len()).max().unwrap_or(0);
    let mut words = Vec::new();
    for word in (0..longest).flat_map(|at| lists.iter().filter_map(move |list| list.get(at).copied())) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn words_of(text: &str) -> HashSet<&str> {
        text.split_whitespace().collect()
    }

    #[test]
    fn every_slot_of_every_template_is_a_set_or_a_union() {
        let grammar = Grammar::new(0);
        for template in GENERAL.iter().chain(PARTICULAR) {
            for slot in template.split(' ').filter_map(|part| part.strip_prefix('{')) {
                assert!(grammar.slots.contains_key(slot.trim_end_matches('}')), "{slot} in {template:?}");
            }
        }
    }

    #[test]
    fn every_word_of_the_answer_key_occurs() {
        let text = text(1, SENTENCES);
        let seen = words_of(&text);
        for (class, words) in classes() {
            let missing: Vec<_> = words.iter().filter(|word| !seen.contains(word.as_str())).collect();
            assert!(missing.is_empty(), "{class}: {missing:?}");
        }
    }

    #[test]
    fn the_vocabulary_is_a_few_hundred_words() {
        let text = text(1, SENTENCES);
        let vocabulary = words_of(&text).len();
        assert!((250..450).contains(&vocabulary), "{vocabulary} words");
    }

    #[test]
    fn another_seed_gives_another_text() {
        assert_ne!(text(1, 10), text(2, 10));
    }

    #[test]
    fn the_first_word_of_a_set_is_several_times_as_frequent() {
        let text = text(1, SENTENCES);
        let count = |wanted: &str| text.split_whitespace().filter(|&word| word == wanted).count();
        assert!(count("cat") > 3 * count("kitten"), "cat {}, kitten {}", count("cat"), count("kitten"));
        assert!(count("kitten") > 50, "kitten {}", count("kitten"));
    }
}
