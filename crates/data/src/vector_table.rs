//! A table of vectors in memory.

use wordspace_similarity::UnitVectors;

/// V vectors of C values, `[V, C]`.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorTable {
    values: Vec<f32>,
    dimension: usize,
}

impl VectorTable {
    /// The table of `values`, `[V, C]`; C is `dimension`.
    ///
    /// # Panics
    ///
    /// If `values` does not divide into rows of `dimension`.
    pub fn new(values: Vec<f32>, dimension: usize) -> Self {
        let count = values.len();
        assert!(dimension > 0 && count.is_multiple_of(dimension), "{count} values in rows of {dimension}");
        Self { values, dimension }
    }

    /// V.
    pub fn len(&self) -> usize {
        self.values.len() / self.dimension
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// C.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The vector of `row`, `[C]`.
    pub fn row(&self, row: u32) -> &[f32] {
        &self.values[row as usize * self.dimension..][..self.dimension]
    }

    /// All values, `[V, C]`.
    pub fn as_slice(&self) -> &[f32] {
        &self.values
    }

    /// The rows scaled to length 1: their dot products are cosines.
    pub fn directions(&self) -> UnitVectors {
        UnitVectors::new(self.values.clone(), self.dimension)
    }

    /// The rows less their mean, scaled to length 1: their dot products are centred cosines.
    pub fn centred_directions(&self) -> UnitVectors {
        UnitVectors::centred(&self.values, self.dimension)
    }

    /// All values, `[V, C]`, without a copy.
    pub fn into_vec(self) -> Vec<f32> {
        self.values
    }
}
