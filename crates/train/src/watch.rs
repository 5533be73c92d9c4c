//! Watching words find each other, with what keeps the watcher honest.
//!
//! Raw cosine misleads: a tied table drifts in a common direction, and all cosines rise with it. So a pair is reported
//! with its controls: the cosine seen from the mean vector, the place of each word in the other's list of neighbours, and
//! where the pair stands among random pairs of similar frequency. And with the reason it moves: the cosine between what
//! happened to one word since the last look and what happened to the other. Words of like use get like updates.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wordspace_data::{Directions, NamedTensor, Tokenizer, VectorTable, Vocabulary};

use crate::config::{Config, WatchConfig};
use crate::{Error, Result, likest};

/// How many neighbours purity looks at.
const PURITY_NEIGHBOURS: usize = 10;

/// What was seen of the watched words at one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// After which update.
    pub step: u64,
    /// The watched pairs, in the order of the configuration.
    pub pairs: Vec<PairLook>,
    /// The cosines of random pairs, seen from the mean: 5 % lie below the first, half below the second, 95 % below the third.
    pub chance: [f32; 3],
    /// Of the ten nearest neighbours of a word with a class, the share that has its class; none without classes.
    pub purity: Option<f64>,
}

/// What was seen of a pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairLook {
    /// The one word.
    pub a: String,
    /// The other.
    pub b: String,
    /// Cosine of their vectors.
    pub cosine: f32,
    /// The same, seen from the mean of all vectors.
    pub centred: f32,
    /// The place of `b` among the neighbours of `a`, and of `a` among those of `b`, from 1, seen from the mean.
    pub ranks: [usize; 2],
    /// The share of random pairs of similar frequency, in per cent, that are less near, seen from the mean.
    pub percentile: f64,
    /// Cosine between what happened to `a` since the last look and what happened to `b`.
    pub agreement: Option<f32>,
}

impl PairLook {
    /// The worse of the two ranks: each word is at least that near in the other's list.
    pub fn mutual_rank(&self) -> usize {
        self.ranks[0].max(self.ranks[1])
    }
}

/// Looks at the words that a run watches.
pub struct Watcher {
    pairs: Vec<(Word, Word)>,
    classes: Vec<Vec<u32>>,
    counts: Vec<u64>,
    seed: u64,
    /// The vectors of the watched words at the last look, by row.
    last: BTreeMap<u32, Vec<f32>>,
}

struct Word {
    text: String,
    row: u32,
}

impl Watcher {
    /// The watcher of `config` over the words of a tokenizer, and what it had to leave out.
    ///
    /// # Errors
    ///
    /// If a word that was asked for by name is not one token of the vocabulary. The default pairs are left out instead.
    pub fn new(config: &Config, tokenizer: &Tokenizer, vocabulary: &Vocabulary) -> Result<(Self, Vec<String>)> {
        let is_default = config.watch.pairs == WatchConfig::default().pairs;
        let (mut pairs, mut left_out) = (Vec::new(), Vec::new());
        for [a, b] in &config.watch.pairs {
            match (find(a, tokenizer, vocabulary), find(b, tokenizer, vocabulary)) {
                (Ok(a), Ok(b)) => pairs.push((a, b)),
                (Err(problem), _) | (_, Err(problem)) if is_default => {
                    left_out.push(format!("{a}·{b} is not watched: {problem}"));
                }
                (Err(problem), _) | (_, Err(problem)) => {
                    return Err(Error::UnknownWord(format!("watch.pairs: {problem}")));
                }
            }
        }
        let classes = match config.watch.groups.is_empty() {
            true => vocabulary.class_rows(),
            false => {
                let rows = |words: &Vec<String>| {
                    words
                        .iter()
                        .map(|word| Ok(find(word, tokenizer, vocabulary)?.row))
                        .collect::<std::result::Result<_, _>>()
                };
                let groups = config.watch.groups.values().map(rows).collect::<std::result::Result<_, String>>();
                groups.map_err(|problem| Error::UnknownWord(format!("watch.groups: {problem}")))?
            }
        };
        let counts = vocabulary.counts.clone();
        Ok((Self { pairs, classes, counts, seed: config.run.seed, last: BTreeMap::new() }, left_out))
    }

    /// What is to be seen in `table` after update `step`.
    pub fn look(&mut self, step: u64, table: &VectorTable) -> Look {
        let (raw, centred) = (table.directions(), table.centred_directions());
        let pairs = self.pairs.iter().map(|(a, b)| self.look_at_pair(a, b, table, &raw, &centred)).collect();
        let purity = centred.purity(&self.classes, PURITY_NEIGHBOURS);
        let watched = self.pairs.iter().flat_map(|(a, b)| [a.row, b.row]);
        self.last = watched.map(|row| (row, table.row(row).to_vec())).collect();
        Look { step, pairs, chance: centred.chance(self.seed), purity }
    }

    fn look_at_pair(
        &self,
        a: &Word,
        b: &Word,
        table: &VectorTable,
        raw: &Directions,
        centred: &Directions,
    ) -> PairLook {
        let moved = |word: &Word| {
            let before = self.last.get(&word.row)?;
            Some(table.row(word.row).iter().zip(before).map(|(now, then)| now - then).collect::<Vec<f32>>())
        };
        let agreement = moved(a).zip(moved(b)).map(|(a, b)| {
            let dimension = a.len();
            VectorTable::new([a, b].concat(), dimension).directions().cosine(0, 1)
        });
        PairLook {
            a: a.text.clone(),
            b: b.text.clone(),
            cosine: raw.cosine(a.row, b.row),
            centred: centred.cosine(a.row, b.row),
            ranks: [centred.rank(a.row, b.row), centred.rank(b.row, a.row)],
            percentile: centred.percentile(a.row, b.row, &self.counts, self.seed),
            agreement,
        }
    }

    /// What a checkpoint must hold so that the next look sees the same.
    pub fn to_host(&self) -> BTreeMap<String, NamedTensor> {
        let tensor = |row: &Vec<f32>| NamedTensor { shape: vec![row.len()], values: row.clone() };
        self.last.iter().map(|(row, vector)| (row.to_string(), tensor(vector))).collect()
    }

    /// Takes up what [`Self::to_host`] gave.
    pub fn restore(&mut self, tensors: BTreeMap<String, NamedTensor>) {
        let rows = tensors.into_iter().filter_map(|(row, tensor)| Some((row.parse().ok()?, tensor.values)));
        self.last = rows.collect();
    }
}

/// The row of `word`, or why it has none and what is like it.
fn find(word: &str, tokenizer: &Tokenizer, vocabulary: &Vocabulary) -> std::result::Result<Word, String> {
    if let Some(row) = tokenizer.word(word) {
        return Ok(Word { text: word.to_string(), row });
    }
    let hint = likest(word, vocabulary.words.iter().map(String::as_str));
    let hint = hint.map(|other| format!("; did you mean {other:?}?")).unwrap_or_default();
    Err(format!("{word:?} is not one token of this vocabulary{hint}"))
}
