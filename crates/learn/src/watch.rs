//! Watch measures: are words finding each other, compared with what chance would give?
//!
//! Raw cosine misleads: a tied token table drifts in a common direction, which raises all cosines. So each watched pair
//! is reported with controls: its centred cosine (the mean of all vectors is subtracted first), the rank of each word
//! among the other's neighbours, and its percentile among random pairs of similar frequency. And with the reason why it
//! moves: the cosine between the moves of the two words since the last measurement. Words of similar use get similar
//! updates.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wordspace_data::{NamedTensor, Tokenizer, VectorTable, Vocabulary, uniform};
use wordspace_similarity::{UnitVectors, did_you_mean};

use crate::config::{Config, WatchConfig};
use crate::{Error, Result};

/// How many neighbours of each word purity counts.
const PURITY_NEIGHBOURS: usize = 10;

/// The watch measures after one update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// After which update.
    pub step: u64,
    /// The watched pairs, in the order of the configuration.
    pub pairs: Vec<PairMeasurement>,
    /// The 5th, 50th and 95th percentile of the centred cosines of random pairs.
    pub chance: [f32; 3],
    /// The share of the ten nearest neighbours of a word with a class that have its class; `None` without classes.
    pub purity: Option<f64>,
}

/// The measures of one pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairMeasurement {
    /// One word.
    pub a: String,
    /// The other word.
    pub b: String,
    /// Cosine of their vectors.
    pub cosine: f32,
    /// Centred cosine.
    pub centred: f32,
    /// The rank of `b` among the neighbours of `a`, and of `a` among those of `b`, from 1, by centred cosine.
    pub ranks: [usize; 2],
    /// The percentage of random pairs of similar frequency whose centred cosine is lower.
    pub percentile: f64,
    /// Cosine between the moves of `a` and `b` since the last measurement.
    pub agreement: Option<f32>,
}

impl PairMeasurement {
    /// The mutual rank: the worse of the two ranks.
    pub fn mutual_rank(&self) -> usize {
        self.ranks[0].max(self.ranks[1])
    }
}

/// Measures the words that a run watches.
pub struct Watcher {
    pairs: Vec<(Word, Word)>,
    classes: Vec<Vec<u32>>,
    counts: Vec<u64>,
    seed: u64,
    /// The vectors of the watched words at the last measurement, by row.
    last: BTreeMap<u32, Vec<f32>>,
}

struct Word {
    text: String,
    row: u32,
}

impl Watcher {
    /// The watcher for the pairs and groups of `config`, and a warning for each default pair that the vocabulary lacks.
    ///
    /// # Errors
    ///
    /// If a word that the user named is not one token of the vocabulary.
    pub fn new(config: &Config, tokenizer: &Tokenizer, vocabulary: &Vocabulary) -> Result<(Self, Vec<String>)> {
        let find = |word: &str| find(word, tokenizer, vocabulary);
        let is_default = config.watch.pairs == WatchConfig::default().pairs;
        let (mut pairs, mut warnings) = (Vec::new(), Vec::new());
        for [a, b] in &config.watch.pairs {
            match find(a).and_then(|a| Ok((a, find(b)?))) {
                Ok(pair) => pairs.push(pair),
                Err(problem) if is_default => warnings.push(format!("{a}·{b} is not watched: {problem}")),
                Err(problem) => return Err(Error::UnknownWord(format!("watch.pairs: {problem}"))),
            }
        }
        let classes = match config.watch.groups.is_empty() {
            true => vocabulary.class_rows(),
            false => {
                let rows = |words: &Vec<String>| words.iter().map(|word| Ok(find(word)?.row)).collect();
                let groups = config.watch.groups.values().map(rows).collect::<std::result::Result<_, String>>();
                groups.map_err(|problem| Error::UnknownWord(format!("watch.groups: {problem}")))?
            }
        };
        let counts = vocabulary.counts.clone();
        Ok((Self { pairs, classes, counts, seed: config.run.seed, last: BTreeMap::new() }, warnings))
    }

    /// Measures the watched words in the token table after update `step`.
    pub fn measure(&mut self, step: u64, table: &VectorTable) -> Measurement {
        let plain = UnitVectors::new(table.as_slice().to_vec(), table.dimension());
        let centred = UnitVectors::centred(table.as_slice(), table.dimension());
        let pairs = self.pairs.iter().map(|(a, b)| self.measure_pair(a, b, table, &plain, &centred)).collect();
        let purity = centred.purity(&self.classes, PURITY_NEIGHBOURS);
        let watched = self.pairs.iter().flat_map(|(a, b)| [a.row, b.row]);
        self.last = watched.map(|row| (row, table.row(row).to_vec())).collect();
        Measurement { step, pairs, chance: centred.chance_level(uniform(self.seed, "chance")), purity }
    }

    fn measure_pair(
        &self,
        a: &Word,
        b: &Word,
        table: &VectorTable,
        plain: &UnitVectors,
        centred: &UnitVectors,
    ) -> PairMeasurement {
        let moved = |word: &Word| {
            let before = self.last.get(&word.row)?;
            Some(table.row(word.row).iter().zip(before).map(|(now, then)| now - then).collect::<Vec<f32>>())
        };
        let agreement = moved(a).zip(moved(b)).map(|(a, b)| {
            let dimension = a.len();
            UnitVectors::new([a, b].concat(), dimension).cosine(0, 1)
        });
        PairMeasurement {
            a: a.text.clone(),
            b: b.text.clone(),
            cosine: plain.cosine(a.row, b.row),
            centred: centred.cosine(a.row, b.row),
            ranks: centred.ranks(a.row, b.row),
            percentile: centred.percentile(a.row, b.row, &self.counts, uniform(self.seed, "random pairs")),
            agreement,
        }
    }

    /// The vectors that a checkpoint must hold so that the next measurement is the same after resuming.
    pub fn to_host(&self) -> BTreeMap<String, NamedTensor> {
        let tensor = |row: &Vec<f32>| NamedTensor { shape: vec![row.len()], values: row.clone() };
        self.last.iter().map(|(row, vector)| (row.to_string(), tensor(vector))).collect()
    }

    /// Restores the vectors that [`Self::to_host`] returned.
    pub fn restore(&mut self, tensors: BTreeMap<String, NamedTensor>) {
        let rows = tensors.into_iter().filter_map(|(row, tensor)| Some((row.parse().ok()?, tensor.values)));
        self.last = rows.collect();
    }
}

/// The row of `word`, or why it has none, with the closest spelling.
fn find(word: &str, tokenizer: &Tokenizer, vocabulary: &Vocabulary) -> std::result::Result<Word, String> {
    if let Some(row) = tokenizer.word(word) {
        return Ok(Word { text: word.to_string(), row });
    }
    let hint = did_you_mean(word, vocabulary.words.iter().map(String::as_str));
    let hint = hint.map(|other| format!("; did you mean {other:?}?")).unwrap_or_default();
    Err(format!("{word:?} is not one token of this vocabulary{hint}"))
}
