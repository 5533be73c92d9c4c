//! Distributions of ids: the cost of a lookup depends on how often it meets the same row.

use serde::{Deserialize, Serialize};
use wordspace_data::{Tokenizer, below, generator, toy};

/// A distribution of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ids {
    /// All ids equally often; most rows are in no cache.
    Uniform,
    /// Zipf's law, as in texts: the id of rank r has frequency ∝ 1/r. The ranks are spread over the table.
    Zipf,
    /// The toy corpus, encoded by GPT-2's tokenizer.
    Corpus,
    /// One id only; all gradients go to the same row.
    Same,
}

impl Ids {
    /// All distributions.
    pub const ALL: [Self; 4] = [Self::Uniform, Self::Zipf, Self::Corpus, Self::Same];

    /// `n` ids below `v`, the same at every call.
    pub fn draw(self, v: usize, n: usize) -> Vec<u32> {
        let mut random = generator(1, "bench ids", 0);
        match self {
            Self::Same => vec![v as u32 / 2; n],
            Self::Uniform => (0..n).map(|_| below(&mut random, v as u64) as u32).collect(),
            Self::Corpus => corpus(v).into_iter().cycle().take(n).collect(),
            Self::Zipf => {
                let mut ids: Vec<u32> = (0..v as u32).collect();
                for at in (1..v).rev() {
                    ids.swap(at, below(&mut random, at as u64 + 1) as usize);
                }
                let mut total = 0.0;
                let up_to = |rank: usize| {
                    total += 1.0 / rank as f64;
                    total
                };
                let up_to: Vec<f64> = (1..=v).map(up_to).collect();
                let mut draw = || below(&mut random, 1 << 53) as f64 / (1_u64 << 53) as f64 * up_to[v - 1];
                let mut rank = || {
                    let drawn = draw();
                    up_to.partition_point(|&sum| sum <= drawn).min(v - 1)
                };
                (0..n).map(|_| ids[rank()]).collect()
            }
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Zipf => "zipf",
            Self::Corpus => "corpus",
            Self::Same => "same",
        }
    }
}

/// The ids of the toy corpus that are below `v`.
fn corpus(v: usize) -> Vec<u32> {
    let tokens = Tokenizer::gpt2().encode(&toy::text(1, 2000)).expect("GPT-2's tokenizer takes any text");
    let ids: Vec<u32> = tokens.iter().map(|token| token.id).filter(|&id| (id as usize) < v).collect();
    assert!(!ids.is_empty(), "no id of the corpus is below {v}");
    ids
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_draw_is_in_the_table_and_repeatable() {
        for ids in Ids::ALL {
            let drawn = ids.draw(1000, 5000);
            assert_eq!(drawn.len(), 5000);
            assert!(drawn.iter().all(|&id| id < 1000), "{ids:?}");
            assert_eq!(drawn, ids.draw(1000, 5000));
        }
    }

    #[test]
    fn the_most_frequent_ids_follow_zipfs_law() {
        let (v, n) = (1000, 100_000);
        let mut counts = HashMap::new();
        Ids::Zipf.draw(v, n).into_iter().for_each(|id| *counts.entry(id).or_insert(0) += 1);
        let mut counts: Vec<i32> = counts.into_values().collect();
        counts.sort_by(|a, b| b.cmp(a));
        let harmonic: f64 = (1..=v).map(|rank| 1.0 / rank as f64).sum();
        for rank in [1, 2, 10] {
            let expected = n as f64 / harmonic / rank as f64;
            let found = counts[rank - 1] as f64;
            assert!((found / expected - 1.0).abs() < 0.1, "rank {rank}: {found} instead of {expected}");
        }
    }
}
