//! Words with their vectors: what every vector file, model folder and run comes to.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use crate::VectorTable;

/// V words, each with a vector of C numbers.
pub struct WordVectors {
    words: Vec<String>,
    table: VectorTable,
    rows: OnceLock<HashMap<String, u32>>,
}

impl WordVectors {
    /// `words` with `rows`, in the same order, `dimension` numbers each.
    ///
    /// # Panics
    ///
    /// If there are not `dimension` numbers for every word.
    pub fn new(words: Vec<String>, rows: Vec<f32>, dimension: usize) -> Self {
        assert_eq!(words.len() * dimension, rows.len());
        Self { words, table: VectorTable::new(rows, dimension), rows: OnceLock::new() }
    }

    /// V: how many words there are.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// C: how many numbers a vector has.
    pub fn dimension(&self) -> usize {
        self.table.dimension()
    }

    /// The word of `row`. Bytes that are not UTF-8 come as `U+FFFD`.
    pub fn word(&self, row: u32) -> Cow<'_, str> {
        Cow::Borrowed(&self.words[row as usize])
    }

    /// The vector of `row`, `[C]`.
    pub fn row(&self, row: u32) -> Cow<'_, [f32]> {
        Cow::Borrowed(self.table.row(row))
    }

    /// The row of `word`, the first one if it is there twice.
    pub fn find(&self, word: &str) -> Option<u32> {
        let rows = self.rows.get_or_init(|| self.words.iter().cloned().zip(0..self.len() as u32).rev().collect());
        rows.get(word).copied()
    }
}
