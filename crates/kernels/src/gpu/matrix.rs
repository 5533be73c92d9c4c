//! Matrices as they lie in a GPU's memory, to be multiplied where they lie.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

/// A matrix in the memory of a tensor; or one of every head of every row of a batch, of the same size.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub numbers: &'a CubeTensor,
    pub rows: usize,
    pub columns: usize,
    /// Where the first number lies.
    pub start: usize,
    /// How far rows are apart.
    pub stride: usize,
    /// How far the matrices of one row of the batch and of the next are apart, and those of one head and of the next.
    pub apart: [usize; 2],
    /// Whether rows and columns trade places; the sizes are those before.
    pub is_turned: bool,
}

impl<'a> Matrix<'a> {
    /// All numbers of a tensor of two dimensions.
    pub fn new(numbers: &'a CubeTensor) -> Self {
        let [rows, columns] = numbers.meta.shape().dims();
        Self { numbers, rows, columns, start: 0, stride: columns, apart: [0; 2], is_turned: false }
    }

    /// The first so many columns.
    pub fn of_columns(self, columns: usize) -> Self {
        Self { columns, ..self }
    }

    /// With rows and columns traded.
    pub fn turned(self) -> Self {
        Self { is_turned: !self.is_turned, ..self }
    }

    /// Rows and columns as they are multiplied.
    pub fn sizes(&self) -> [usize; 2] {
        if self.is_turned { [self.columns, self.rows] } else { [self.rows, self.columns] }
    }

    /// Whether every row is made of whole [`Four`](super::Four)s, the last of which may be wider than the row.
    pub fn is_of_fours(&self) -> bool {
        [self.start, self.stride, self.apart[0], self.apart[1]].into_iter().all(is_of_fours)
    }

    pub(super) fn place(&self) -> PlaceLaunch {
        let [batch, head] = self.apart;
        PlaceLaunch::new(self.start / 4, self.stride / 4, batch / 4, head / 4)
    }
}

/// Whether so many numbers are read as [`Four`](super::Four)s.
pub(crate) fn is_of_fours(numbers: usize) -> bool {
    numbers.is_multiple_of(4)
}

/// Where a matrix lies, counted in [`Four`](super::Four)s.
#[derive(CubeType, CubeLaunch)]
pub(super) struct Place {
    pub start: usize,
    pub stride: usize,
    pub batch: usize,
    pub head: usize,
}
