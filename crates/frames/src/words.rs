//! The words of a run: what does not change while it trains.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use serde::Serialize;
use wordspace_data::{Tokenizer, UNKNOWN, Vocabulary, WordVectors};
use wordspace_explore::{embed, suggestions};

use crate::plan::Plan;
use crate::{Error, Result};

/// The longest text that is split, in bytes and in tokens: a question, not a document.
const MAX_TEXT_BYTES: usize = 4096;
const MAX_TOKENS: usize = 64;

/// The words of a run's token table, and what is known of them.
pub struct Words {
    /// What the page is told of them.
    pub listed: WordList,
    /// The rows, the most frequent words first.
    pub by_count: Vec<u32>,
    splitter: embed::TextSplitter,
    /// The token that stands for words outside the vocabulary, if there is one.
    unknown: Option<u32>,
}

/// What the page is told of a run's words.
#[derive(Debug, Default, Serialize)]
pub struct WordList {
    /// The word of each row, ` cat` where a byte-level vocabulary spells `Ġcat`.
    pub words: Vec<String>,
    /// How often each occurs in the training text, where that is known.
    pub counts: Option<Vec<u64>>,
    /// The classes of words that are known.
    pub classes: Vec<Class>,
    /// The pairs that the run watches, as rows.
    pub watch: Vec<[u32; 2]>,
}

/// Words of one kind.
#[derive(Debug, Serialize)]
pub struct Class {
    /// What they are.
    pub name: String,
    /// Their rows.
    pub words: Vec<u32>,
}

impl WordList {
    /// The words of `rows` alone, which become rows 0, 1, 2 …
    pub fn only(&self, rows: &[u32]) -> Self {
        let new: HashMap<u32, u32> = rows.iter().copied().zip(0..).collect();
        let class = |class: &Class| {
            let words = class.words.iter().filter_map(|row| new.get(row).copied()).collect();
            Class { name: class.name.clone(), words }
        };
        Self {
            words: rows.iter().map(|&row| self.words[row as usize].clone()).collect(),
            counts: self.counts.as_ref().map(|counts| rows.iter().map(|&row| counts[row as usize]).collect()),
            classes: self.classes.iter().map(class).collect(),
            watch: self.watch.iter().filter_map(|[a, b]| Some([*new.get(a)?, *new.get(b)?])).collect(),
        }
    }
}

impl Words {
    /// The words of a run configured as `plan`: `words` as a reader sees them, the `vocabulary` with their counts, and the
    /// `tokenizer` that splits text into them.
    ///
    /// # Panics
    ///
    /// If there is not one count for each word.
    pub fn new(words: Vec<String>, vocabulary: Vocabulary, tokenizer: Tokenizer, plan: &Plan) -> Self {
        assert_eq!(words.len(), vocabulary.counts.len(), "one count for each word");
        let row = |word: &String| tokenizer.word(word).filter(|row| (*row as usize) < words.len());
        let class = |(name, members): (&String, &Vec<String>)| Class {
            name: name.clone(),
            words: members.iter().filter_map(row).collect(),
        };
        let classes = match plan.watch.groups.is_empty() {
            true => planted_classes(&vocabulary),
            false => plan.watch.groups.iter().map(class).collect(),
        };
        let watch = plan.watch.pairs.iter().filter_map(|[a, b]| Some([row(a)?, row(b)?])).collect();
        let mut by_count: Vec<u32> = (0..words.len() as u32).collect();
        by_count.sort_by_key(|&row| (Reverse(vocabulary.counts[row as usize]), row));
        let unknown = tokenizer.id(UNKNOWN);
        let splitter = embed::TextSplitter::Tokens(Box::new(tokenizer));
        let listed = WordList { words, counts: Some(vocabulary.counts), classes, watch };
        Self { listed, by_count, splitter, unknown }
    }

    /// All rows, each once: the watched words first, then those of classes, then by frequency.
    pub fn by_importance(&self) -> Vec<u32> {
        let watched = self.listed.watch.iter().flatten();
        let of_classes = self.listed.classes.iter().flat_map(|class| &class.words);
        let mut seen = HashSet::new();
        watched.chain(of_classes).chain(&self.by_count).copied().filter(|&row| seen.insert(row)).collect()
    }

    /// About how many bytes they take in memory.
    pub fn bytes(&self) -> usize {
        // Each word is stored here and twice in the tokenizer, with some 48 bytes of bookkeeping.
        self.listed.words.iter().map(|word| 3 * (word.len() + 48)).sum()
    }

    /// The ids of `text`, and the piece of it that each stands for. `name` is that of the run, for messages.
    ///
    /// # Errors
    ///
    /// If the text is too long, has no tokens, or has a word that the run does not know.
    pub fn split(&self, text: &str, name: &str) -> Result<Vec<(u32, String)>> {
        if text.len() > MAX_TEXT_BYTES {
            let found = text.len();
            return Err(Error::Question(format!("the text has {found} bytes; expected {MAX_TEXT_BYTES} at most")));
        }
        let table = self.table();
        let pieces = self.splitter.split(text, &table, name)?;
        if pieces.len() > MAX_TOKENS {
            let found = pieces.len();
            return Err(Error::Question(format!("the text has {found} tokens; expected {MAX_TOKENS} at most")));
        }
        match pieces.iter().any(|(id, _)| Some(*id) == self.unknown) {
            true => Err(self.unknown_word(text, &table, name)),
            false => Ok(pieces),
        }
    }

    /// The error about the first word of `text` that the vocabulary lacks.
    fn unknown_word(&self, text: &str, table: &WordVectors, name: &str) -> Error {
        let tokens = match &self.splitter {
            embed::TextSplitter::Tokens(tokenizer) => tokenizer.encode(text).unwrap_or_default(),
            embed::TextSplitter::Words => Vec::new(),
        };
        let word = tokens.into_iter().find(|token| Some(token.id) == self.unknown);
        let word = word.and_then(|token| text.get(token.bytes)).unwrap_or(text).to_string();
        let suggestions = suggestions(table, &word, &|_, _| ());
        Error::UnknownWord { word, source_name: name.into(), words: self.listed.words.len(), suggestions }
    }

    /// The words with vectors of one zero, for functions that look words up.
    fn table(&self) -> WordVectors {
        WordVectors::new(self.listed.words.clone(), vec![0.0; self.listed.words.len()], 1)
    }
}

/// The classes that came with the corpus.
fn planted_classes(vocabulary: &Vocabulary) -> Vec<Class> {
    let rows: HashMap<&str, u32> = vocabulary.words.iter().map(String::as_str).zip(0..).collect();
    let row = |word: &String| rows.get(word.as_str()).copied();
    let class = |(name, words): (&String, &Vec<String>)| Class {
        name: name.clone(),
        words: words.iter().filter_map(row).collect(),
    };
    vocabulary.classes.iter().map(class).collect()
}
