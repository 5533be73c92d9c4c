//! The words of a run: what does not change while it trains.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use serde::Serialize;
use wordspace_data::UNKNOWN;
use wordspace_data::formats::TokenWords;
use wordspace_data::{Tokenizer, Vocabulary, WordVectors};
use wordspace_explore::{Error as ExploreError, embed, suggestions};

use crate::plan::Plan;
use crate::{Error, Result};

/// The longest text that is looked at, in bytes and in tokens.
const LONGEST_TEXT: usize = 4096;
const MOST_TOKENS: usize = 64;

/// The words of a run's token table, and what is known of them.
pub(crate) struct Words {
    pub listed: Listed,
    /// The rows, the most frequent words first.
    pub by_count: Vec<u32>,
    pieces: embed::Pieces,
    unknown: Option<u32>,
}

/// What a page is told of words.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Listed {
    /// Row by row the word, ` cat` for what a vocabulary of bytes spells `Ġcat`.
    pub words: Vec<String>,
    /// Row by row how often it occurs in the training part, where that is known.
    pub counts: Option<Vec<u64>>,
    /// The classes that are known of.
    pub classes: Vec<Class>,
    /// The pairs that are watched.
    pub watch: Vec<[u32; 2]>,
}

/// Words of one kind.
#[derive(Debug, Serialize)]
pub(crate) struct Class {
    pub name: String,
    /// Their rows.
    pub words: Vec<u32>,
}

impl Listed {
    /// Of `rows` alone, which are numbered anew.
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
    /// The words of the run in `folder`, planned as `plan`.
    ///
    /// # Errors
    ///
    /// If it has none yet, or they cannot be read.
    pub fn open(folder: &Path, plan: &Plan) -> Result<Self> {
        let file = folder.join("words.json");
        if !file.exists() {
            return Err(Error::NotFound("the run has no words yet; its text is being made ready".into()));
        }
        let vocabulary = Vocabulary::open(&file)?;
        let words = TokenWords::of_folder(folder, vocabulary.words.len())?.words;
        let tokenizer = Tokenizer::from_file(&folder.join("tokenizer.json"))?;
        let row = |word: &String| tokenizer.word(word).filter(|row| (*row as usize) < words.len());
        let classes = match plan.watch.groups.is_empty() {
            true => planted(&vocabulary),
            false => plan
                .watch
                .groups
                .iter()
                .map(|(name, words)| Class { name: name.clone(), words: words.iter().filter_map(row).collect() })
                .collect(),
        };
        let watch = plan.watch.pairs.iter().filter_map(|[a, b]| Some([row(a)?, row(b)?])).collect();
        let mut by_count: Vec<u32> = (0..words.len() as u32).collect();
        by_count.sort_by_key(|&row| (std::cmp::Reverse(vocabulary.counts[row as usize]), row));
        let unknown = tokenizer.id(UNKNOWN);
        let pieces = embed::Pieces::Tokens(Box::new(tokenizer));
        let listed = Listed { words, counts: Some(vocabulary.counts), classes, watch };
        Ok(Self { listed, by_count, pieces, unknown })
    }

    /// All rows, each once: those that are watched first, then those of classes, then by how often they occur.
    pub fn foremost(&self) -> Vec<u32> {
        let watched = self.listed.watch.iter().flatten();
        let of_classes = self.listed.classes.iter().flat_map(|class| &class.words);
        let mut seen = HashSet::new();
        watched.chain(of_classes).chain(&self.by_count).copied().filter(|&row| seen.insert(row)).collect()
    }

    /// About how many bytes they take in memory.
    pub fn weight(&self) -> usize {
        // A word with its place here, and twice in the tokenizer.
        self.listed.words.iter().map(|word| 3 * (word.len() + 48)).sum()
    }

    /// The ids of `text`, and the piece of it that each stands for. `name` is that of the run, for messages.
    ///
    /// # Errors
    ///
    /// If it is too long, has no tokens, or has a word that the run does not know.
    pub fn split(&self, text: &str, name: &str) -> Result<Vec<(u32, String)>> {
        if text.len() > LONGEST_TEXT {
            return Err(Error::Question(format!("the text has {} bytes; expected {LONGEST_TEXT} at most", text.len())));
        }
        let table = self.table();
        let pieces = self.pieces.split(text, &table, name)?;
        if pieces.len() > MOST_TOKENS {
            let found = pieces.len();
            return Err(Error::Question(format!("the text has {found} tokens; expected {MOST_TOKENS} at most")));
        }
        match pieces.iter().any(|(id, _)| Some(*id) == self.unknown) {
            true => Err(self.unknown_in(text, &table, name)),
            false => Ok(pieces),
        }
    }

    /// The error about the first word of `text` that stands for what is unknown.
    fn unknown_in(&self, text: &str, table: &WordVectors, name: &str) -> Error {
        let embed::Pieces::Tokens(tokenizer) = &self.pieces else { return Error::Bug };
        let tokens = tokenizer.encode(text).unwrap_or_default();
        let word = tokens.into_iter().find(|token| Some(token.id) == self.unknown);
        let word = word.and_then(|token| text.get(token.bytes)).unwrap_or(text).to_string();
        let suggestions = suggestions(table, &word, &|_, _| ());
        ExploreError::UnknownWord { word, source_name: name.into(), words: self.listed.words.len(), suggestions }.into()
    }

    /// The words alone, as what looks for words takes them.
    fn table(&self) -> WordVectors {
        WordVectors::new(self.listed.words.clone(), vec![0.0; self.listed.words.len()], 1)
    }
}

/// The classes that a corpus came with.
fn planted(vocabulary: &Vocabulary) -> Vec<Class> {
    let rows: HashMap<&str, u32> = vocabulary.words.iter().map(String::as_str).zip(0..).collect();
    let row = |word: &String| rows.get(word.as_str()).copied();
    let class = |(name, words): (&String, &Vec<String>)| Class {
        name: name.clone(),
        words: words.iter().filter_map(row).collect(),
    };
    vocabulary.classes.iter().map(class).collect()
}
