//! A frame: the token table after one update, and what is asked of its words.

use std::sync::Arc;

use serde::Serialize;
use wordspace_data::{WordVectors, uniform};
use wordspace_explore::{Centre, Query, nearest};
use wordspace_similarity::chance_level;

use crate::{Error, Result};

/// The token table after one update.
pub struct Frame {
    /// The update.
    pub step: u64,
    /// The table, `[V, C]`. Its words may be empty strings: nothing here reads them.
    pub vectors: WordVectors,
    /// The mean and the random pairs of the whole table.
    pub statistics: Arc<Statistics>,
}

/// What takes a pass over a whole table to compute, in C values or so: small enough to be kept for many frames.
pub struct Statistics {
    /// The mean of all vectors, which a centred cosine subtracts from both vectors first.
    pub mean: Centre,
    /// The 5th, 50th and 95th percentile of the centred cosines of random pairs.
    pub random_pairs: [f32; 3],
}

/// How close two words are in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairMeasurement {
    /// Their cosine.
    pub raw: f32,
    /// Their centred cosine.
    pub centred: f32,
    /// The rank of each among the neighbours of the other by centred cosine, from 1; none beyond [`MAX_RANK`].
    pub ranks: [Option<usize>; 2],
    /// The 5th, 50th and 95th percentile of the centred cosines of random pairs.
    pub random_pairs: [f32; 3],
}

/// Ranks of pairs are computed up to this one: two words have met when both ranks are at most this.
pub const MAX_RANK: usize = 10;

/// Why a word has no neighbours.
const NO_DIRECTION: &str = "this word's vector is zero, the mean of all vectors, or not finite: \
                            without a direction it has no neighbours";

/// The words nearest to a word: `/api/runs/R/neighbours/S`.
#[derive(Debug, Serialize)]
pub struct Neighbours {
    /// The step of the frame.
    pub step: u64,
    /// The row that was asked about.
    pub word: u32,
    /// The rows with the largest cosine, and that cosine, nearest first.
    pub raw: Vec<(u32, f32)>,
    /// The same by centred cosine.
    pub centred: Vec<(u32, f32)>,
}

impl Statistics {
    /// Those of `vectors`; `seed` draws the random pairs.
    pub fn new(vectors: &WordVectors, seed: u64) -> Self {
        let mean = Centre::mean(vectors, &|_, _| ());
        // The same pairs as in the run's own log.
        let random = uniform(seed, "chance");
        let random_pairs = chance_level(vectors.len(), random, |a, b| mean.cosine(vectors, a, b) as f32);
        Self { mean, random_pairs }
    }
}

impl Frame {
    /// The frame of update `step`; `seed` is the run's.
    pub fn new(step: u64, vectors: WordVectors, seed: u64) -> Self {
        let statistics = Arc::new(Statistics::new(&vectors, seed));
        Self { step, vectors, statistics }
    }

    /// The `top` words nearest to `word`, by cosine and by centred cosine.
    ///
    /// # Errors
    ///
    /// If there is no such row, or its vector is zero or not finite.
    pub fn neighbours(&self, word: u32, top: usize) -> Result<Neighbours> {
        self.check_row(word)?;
        let near = |centre: &Centre| -> Result<Vec<(u32, f32)>> {
            let no_direction = |_| Error::Question(NO_DIRECTION.into());
            let query = Query::new(&self.vectors, centre, &[word], &[]).map_err(no_direction)?;
            let found = nearest(&self.vectors, centre, &[query], top, &|_, _| ());
            Ok(found.answers[0].iter().map(|near| (near.row, near.cosine)).collect())
        };
        let (raw, centred) = (near(&Centre::origin(&self.vectors))?, near(&self.statistics.mean)?);
        Ok(Neighbours { step: self.step, word, raw, centred })
    }

    /// How close two words are.
    ///
    /// # Errors
    ///
    /// If one of them is not a row.
    pub fn pair(&self, a: u32, b: u32) -> Result<PairMeasurement> {
        self.check_row(a)?;
        self.check_row(b)?;
        let Statistics { mean, random_pairs } = &*self.statistics;
        let cosine = |centre: &Centre| centre.cosine(&self.vectors, a, b) as f32;
        let (raw, centred) = (cosine(&Centre::origin(&self.vectors)), cosine(mean));
        Ok(PairMeasurement { raw, centred, ranks: self.ranks(a, b), random_pairs: *random_pairs })
    }

    /// The ranks of a pair, of which a vector that is zero or not finite has none.
    fn ranks(&self, a: u32, b: u32) -> [Option<usize>; 2] {
        let mean = &self.statistics.mean;
        let query = |word: u32| Query::new(&self.vectors, mean, &[word], &[]);
        let (Ok(from_a), Ok(from_b)) = (query(a), query(b)) else { return [None; 2] };
        // One pass over the table for both.
        let found = nearest(&self.vectors, mean, &[from_a, from_b], MAX_RANK, &|_, _| ());
        let rank = |answer: usize, word: u32| Some(1 + found.answers[answer].iter().position(|near| near.row == word)?);
        [rank(0, b), rank(1, a)]
    }

    /// # Errors
    ///
    /// If `row` is not a row of the table.
    pub(crate) fn check_row(&self, row: u32) -> Result<()> {
        let rows = self.vectors.len();
        if (row as usize) < rows {
            return Ok(());
        }
        Err(Error::Question(format!("there is no word {row}: the words of this run are 0 to {}", rows - 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_outside_the_table_is_refused() {
        let frame = Frame::new(0, WordVectors::new(vec![String::new(); 2], vec![1.0, 0.0, 0.0, 1.0], 2), 42);
        assert_eq!(frame.pair(0, 1).unwrap().raw, 0.0);
        for error in [frame.pair(0, 2).unwrap_err(), frame.neighbours(2, 1).unwrap_err()] {
            assert!(error.to_string().contains("the words of this run are 0 to 1"), "{error}");
        }
    }

    #[test]
    fn a_word_without_a_direction_has_no_neighbours_and_says_why() {
        for values in [vec![0.0; 4], vec![1.0; 4], vec![f32::NAN; 4]] {
            let frame = Frame::new(0, WordVectors::new(vec![String::new(); 2], values, 2), 42);
            assert_eq!(frame.neighbours(0, 1).unwrap_err().to_string(), NO_DIRECTION);
        }
    }

    #[test]
    fn a_pair_has_the_rank_of_each_word_among_the_neighbours_of_the_other() {
        // Thirteen directions in a fan that widens: word 12 is the twelfth neighbour of word 0, and word 0 that of word 9.
        let fan = (0..13).map(|i| 0.02 * (i * i) as f32).flat_map(|angle| [angle.cos(), angle.sin()]).collect();
        let mut frame = Frame::new(0, WordVectors::new(vec![String::new(); 13], fan, 2), 42);
        frame.statistics = Arc::new(Statistics { mean: Centre::origin(&frame.vectors), random_pairs: [0.0; 3] });
        assert_eq!(frame.pair(0, 1).unwrap().ranks, [Some(1), Some(1)]);
        assert_eq!(frame.pair(0, 9).unwrap().ranks, [Some(9), None]);
        assert_eq!(frame.pair(0, 12).unwrap().ranks, [None, None]);
    }

    #[test]
    fn a_pair_with_a_vector_that_is_not_finite_has_no_ranks() {
        let values = vec![1.0, 0.0, f32::NAN, 1.0, 0.0, 1.0];
        let frame = Frame::new(0, WordVectors::new(vec![String::new(); 3], values, 2), 42);
        assert_eq!(frame.pair(0, 1).unwrap().ranks, [None, None]);
    }
}
