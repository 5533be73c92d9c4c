//! Words with their vectors as rows that can be searched.

use wordspace_similarity::Rows;

use crate::WordVectors;

impl Rows for WordVectors {
    fn row_count(&self) -> usize {
        self.len()
    }

    fn dimension(&self) -> usize {
        self.dimension()
    }

    #[inline]
    fn row_bytes(&self, row: u32) -> &[u8] {
        self.row_bytes(row)
    }
}
