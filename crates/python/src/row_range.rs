//! Some of the rows of a table, as a table.

use std::ops::Range;

use wordspace::data::WordVectors;
use wordspace_similarity::{Query, Rows, nearest};

/// The rows of `vectors` within a range.
pub struct RowRange<'a> {
    vectors: &'a WordVectors,
    range: Range<u32>,
}

impl<'a> RowRange<'a> {
    /// `range` must lie within the rows of `vectors`.
    pub fn new(vectors: &'a WordVectors, range: Range<u32>) -> Self {
        Self { vectors, range }
    }

    /// For each of `queries` the `k` rows of highest cosine, highest first, rows of equal cosine in the order of their words.
    /// Rows are numbered as in the whole table, in the queries and in the answers.
    pub fn nearest(&self, mut queries: Vec<Query>, k: usize) -> Vec<Vec<(u32, f32)>> {
        let (vectors, first) = (self.vectors, self.range.start);
        for query in &mut queries {
            query.excluded.retain(|row| self.range.contains(row));
            query.excluded.iter_mut().for_each(|row| *row -= first);
        }
        let queries: Vec<&Query> = queries.iter().collect();
        let by_word = |a: u32, b: u32| vectors.word(first + a).cmp(&vectors.word(first + b));
        let zeros = vec![0.0; vectors.dimension()];
        let (mut answers, _) = nearest(self, &zeros, &queries, k.min(self.row_count()), &by_word, &|_, _| ());
        answers.iter_mut().flatten().for_each(|(row, _)| *row += first);
        answers
    }
}

impl Rows for RowRange<'_> {
    fn row_count(&self) -> usize {
        self.range.len()
    }

    fn dimension(&self) -> usize {
        self.vectors.dimension()
    }

    #[inline]
    fn row_bytes(&self, row: u32) -> &[u8] {
        self.vectors.row_bytes(self.range.start + row)
    }
}
