//! The vectors to evaluate, scaled to length 1, plain or centred.

use std::collections::HashMap;

use rayon::prelude::*;
use wordspace_data::WordVectors;
use wordspace_similarity::{Candidates, Mean, NotFinite, descending, dot, norm, top_k};

/// How many words are used, from the first: gensim's `restrict_vocab`. Files list frequent words first.
pub const MOST_WORDS: usize = 300_000;

/// Queries that share one pass over the rows.
const BLOCK: usize = 64;

/// V unit vectors of C elements with their words.
pub(super) struct Space {
    /// `[V, C]`
    rows: Vec<f32>,
    dimension: usize,
    spellings: Vec<String>,
    by_spelling: HashMap<String, u32>,
    not_finite: NotFinite,
}

impl Space {
    /// The first words of `vectors` that are finite.
    pub fn new(vectors: &WordVectors, centred: bool) -> Self {
        let (n, dimension) = (vectors.len().min(MOST_WORDS), vectors.dimension());
        let mut not_finite = NotFinite::default();
        let all: Vec<u32> = (0..n as u32).filter(|&row| !not_finite.note(vectors, row)).collect();
        let mut mean = Mean::new(dimension);
        if centred {
            all.iter().for_each(|&row| mean.add(vectors.row(row).iter().copied()));
        }
        let mean = mean.finish();
        let mut rows = Vec::with_capacity(all.len() * dimension);
        for &row in &all {
            let row: Vec<f64> = vectors.row(row).iter().zip(&mean).map(|(&x, mean)| x as f64 - mean).collect();
            let norm = norm(&row);
            rows.extend(row.iter().map(|x| if norm > 0.0 { (x / norm) as f32 } else { 0.0 }));
        }
        let spellings: Vec<String> = all.iter().map(|&row| spelling(&vectors.word(row))).collect();
        let by_spelling = spellings.iter().cloned().zip(0..all.len() as u32).rev().collect();
        Self { rows, dimension, spellings, by_spelling, not_finite }
    }

    /// The rows that were left out.
    pub fn not_finite(&self) -> NotFinite {
        self.not_finite
    }

    /// The row of a word.
    pub fn find(&self, word: &str) -> Option<u32> {
        self.by_spelling.get(&spelling(word)).copied()
    }

    /// The word of a row, in the form in which words are compared.
    pub fn spelling(&self, row: u32) -> &str {
        &self.spellings[row as usize]
    }

    /// The unit vector of a row, `[C]`.
    pub fn row(&self, row: u32) -> &[f32] {
        &self.rows[row as usize * self.dimension..][..self.dimension]
    }

    /// C.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The cosine of two rows, summed in `f64`.
    pub fn cosine(&self, a: u32, b: u32) -> f64 {
        self.row(a).iter().zip(self.row(b)).map(|(&x, &y)| x as f64 * y as f64).sum()
    }

    /// For each query the `k` rows of largest dot product, largest first, rows of equal product by index.
    ///
    /// A query is a vector, `[C]`, and the rows that are no answer to it. `done` is called with the queries of a block.
    pub fn nearest(&self, queries: &[(Vec<f32>, [u32; 3])], k: usize, done: &(dyn Fn(usize) + Sync)) -> Vec<Vec<u32>> {
        let of_block = |block: &[(Vec<f32>, [u32; 3])]| -> Vec<Vec<u32>> {
            let mut all: Vec<Candidates> = block.iter().map(|_| Candidates::new(k, 0.0)).collect();
            for (row, vector) in self.rows.chunks_exact(self.dimension).enumerate() {
                for ((query, excluded), candidates) in block.iter().zip(&mut all) {
                    let product = dot(query, vector);
                    if product >= candidates.threshold() && !excluded.contains(&(row as u32)) {
                        candidates.offer(row as u32, product);
                    }
                }
            }
            done(block.len());
            let ranked = all.into_iter().map(|candidates| top_k(candidates.finish(), k, descending));
            ranked.map(|rows| rows.into_iter().map(|(row, _)| row).collect()).collect()
        };
        queries.par_chunks(BLOCK).flat_map_iter(of_block).collect()
    }
}

/// The form in which words are compared: without case, and without surrounding spaces, which GPT-2's words have.
pub(super) fn spelling(word: &str) -> String {
    word.trim().to_uppercase()
}
