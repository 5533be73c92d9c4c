//! Tables that can be searched, wherever their rows lie.

/// N rows of C elements, in memory or in a mapped file.
pub trait Rows: Sync {
    /// N.
    fn row_count(&self) -> usize;

    /// C.
    fn dimension(&self) -> usize;

    /// Row `row`, `[C]`, as bytes: C floats in the machine's byte order, aligned or not.
    fn row_bytes(&self, row: u32) -> &[u8];
}

/// The elements of a row.
#[inline(always)]
pub(crate) fn elements(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.as_chunks().0.iter().map(|&element| f32::from_ne_bytes(element))
}

/// Whether no element of row `row` is NaN or infinite.
pub fn is_finite(rows: &impl Rows, row: u32) -> bool {
    elements(rows.row_bytes(row)).all(f32::is_finite)
}

/// The rows with NaN or infinite elements that a pass has met.
///
/// They have no direction and are left out of every answer. A large file is not checked for them when it is opened, because
/// that would take a pass of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotFinite {
    /// How many there are.
    pub rows: u64,
    /// The first of them.
    pub first: Option<u32>,
}

impl NotFinite {
    /// Counts `row` if it is not finite, and returns whether it is so.
    pub fn note(&mut self, rows: &impl Rows, row: u32) -> bool {
        let is_finite = is_finite(rows, row);
        if !is_finite {
            self.merge(Self { rows: 1, first: Some(row) });
        }
        !is_finite
    }

    /// Adds the rows that were met in another part of the table.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.first = self.first.into_iter().chain(other.first).min();
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Rows one after another in memory.
    pub struct Table {
        pub rows: Vec<f32>,
        pub dimension: usize,
    }

    impl Rows for Table {
        fn row_count(&self) -> usize {
            self.rows.len() / self.dimension
        }

        fn dimension(&self) -> usize {
            self.dimension
        }

        fn row_bytes(&self, row: u32) -> &[u8] {
            bytemuck::cast_slice(&self.rows[row as usize * self.dimension..][..self.dimension])
        }
    }

    #[test]
    fn rows_that_are_not_finite_are_counted_and_the_first_is_kept() {
        let table = Table { rows: vec![1.0, f32::NAN, f32::INFINITY, 0.0], dimension: 1 };
        let mut met = NotFinite::default();
        let noted: Vec<bool> = [2, 0, 1, 3].map(|row| met.note(&table, row)).to_vec();
        assert_eq!(noted, [true, false, true, false]);
        assert_eq!(met, NotFinite { rows: 2, first: Some(1) });
    }
}
