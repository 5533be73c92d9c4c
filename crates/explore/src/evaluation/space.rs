//! The vectors that are evaluated: each made one long, as they are or seen from their mean.

use std::collections::HashMap;

use rayon::prelude::*;
use wordspace_data::{VectorTable, WordVectors};

use super::MOST_WORDS;
use crate::pass::NotFinite;

/// How many queries share one pass over the rows.
const BLOCK: usize = 64;
/// How many products are summed side by side.
const LANES: usize = 8;

/// V unit vectors of C numbers and the words they belong to.
pub(super) struct Space {
    rows: Vec<f32>,
    dimension: usize,
    spellings: Vec<String>,
    by_spelling: HashMap<String, u32>,
    not_finite: NotFinite,
}

impl Space {
    /// The first words of `vectors`, but for those whose vector is not finite.
    pub fn new(vectors: &WordVectors, centred: bool) -> Self {
        let (n, dimension) = (vectors.len().min(MOST_WORDS), vectors.dimension());
        let mut not_finite = NotFinite::default();
        let all: Vec<u32> = (0..n as u32).filter(|&row| !not_finite.is(vectors, row)).collect();
        let n = all.len();
        let mut mean = vec![0.0; dimension];
        if centred {
            for &row in &all {
                mean.iter_mut().zip(&*vectors.row(row)).for_each(|(sum, &x)| *sum += x as f64 / n as f64);
            }
        }
        let mut rows = Vec::with_capacity(n * dimension);
        for &row in &all {
            let seen: Vec<f64> = vectors.row(row).iter().zip(&mean).map(|(&x, mean)| x as f64 - mean).collect();
            let length = seen.iter().map(|x| x * x).sum::<f64>().sqrt();
            rows.extend(seen.iter().map(|x| if length > 0.0 { (x / length) as f32 } else { 0.0 }));
        }
        let spellings: Vec<String> = all.iter().map(|&row| spelling(&vectors.word(row))).collect();
        let by_spelling = spellings.iter().cloned().zip(0..n as u32).rev().collect();
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

    /// The word of a row, as words are compared.
    pub fn spelling(&self, row: u32) -> &str {
        &self.spellings[row as usize]
    }

    /// The unit vector of a row.
    pub fn row(&self, row: u32) -> &[f32] {
        &self.rows[row as usize * self.dimension..][..self.dimension]
    }

    pub fn cosine(&self, a: u32, b: u32) -> f64 {
        self.row(a).iter().zip(self.row(b)).map(|(&x, &y)| x as f64 * y as f64).sum()
    }

    /// Some rows as a table of their own.
    pub fn table(&self, rows: &[u32]) -> VectorTable {
        VectorTable::new(rows.iter().flat_map(|&row| self.row(row)).copied().collect(), self.dimension)
    }

    /// For each query the `n` rows of largest product, largest first, rows of equal product in their order.
    ///
    /// A query is a vector and the rows that are no answer to it. `done` is told how many queries a block had.
    pub fn nearest(&self, queries: &[(Vec<f32>, [u32; 3])], n: usize, done: &(dyn Fn(usize) + Sync)) -> Vec<Vec<u32>> {
        let of_block = |block: &[(Vec<f32>, [u32; 3])]| -> Vec<Vec<u32>> {
            let mut best: Vec<Best> = block.iter().map(|_| Best::default()).collect();
            for (row, vector) in self.rows.chunks_exact(self.dimension).enumerate() {
                for ((query, no_answer), best) in block.iter().zip(&mut best) {
                    best.offer(row as u32, dot(query, vector), no_answer, n);
                }
            }
            done(block.len());
            best.into_iter().map(|best| best.rows.into_iter().map(|(row, _)| row).collect()).collect()
        };
        queries.par_chunks(BLOCK).flat_map_iter(of_block).collect()
    }
}

/// The best rows so far.
#[derive(Default)]
struct Best {
    rows: Vec<(u32, f32)>,
}

impl Best {
    fn offer(&mut self, row: u32, product: f32, no_answer: &[u32], n: usize) {
        let is_full = self.rows.len() == n;
        // Rows come in order, so one that is only as good as the last stays behind it.
        let is_better = !is_full || self.rows.last().is_some_and(|&(_, last)| product > last);
        if is_better && !no_answer.contains(&row) {
            let place = self.rows.partition_point(|&(_, other)| other >= product);
            self.rows.insert(place, (row, product));
            self.rows.truncate(n);
        }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// How words are compared: without case and without spaces around them, which GPT-2's words have.
fn spelling(word: &str) -> String {
    word.trim().to_uppercase()
}
