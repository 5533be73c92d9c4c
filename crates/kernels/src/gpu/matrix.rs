//! Strided and batched matrices in GPU memory, to be multiplied where they are.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

/// A matrix inside a tensor, or a batch of matrices of one size: one for each head of each sequence.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    pub tensor: &'a CubeTensor,
    pub rows: usize,
    pub columns: usize,
    /// The offset of the first element.
    pub start: usize,
    /// The distance between rows.
    pub row_stride: usize,
    /// The distance between the matrices of two sequences, and of two heads.
    pub batch_strides: [usize; 2],
    /// Whether it is read as its transpose; `rows` and `columns` are those before.
    pub is_transposed: bool,
}

impl<'a> Matrix<'a> {
    /// All of a tensor of two dimensions.
    pub fn new(tensor: &'a CubeTensor) -> Self {
        let [rows, columns] = tensor.meta.shape().dims();
        Self { tensor, rows, columns, start: 0, row_stride: columns, batch_strides: [0; 2], is_transposed: false }
    }

    /// The first `columns` columns.
    pub fn with_columns(self, columns: usize) -> Self {
        Self { columns, ..self }
    }

    pub fn transposed(self) -> Self {
        Self { is_transposed: !self.is_transposed, ..self }
    }

    /// Rows and columns after the transpose.
    pub fn dims(&self) -> [usize; 2] {
        if self.is_transposed { [self.columns, self.rows] } else { [self.rows, self.columns] }
    }

    /// Whether every row starts at a multiple of four elements, so that it is read as [`Vec4`](super::Vec4)s, the last of which
    /// may reach beyond the row.
    pub fn is_vec4_aligned(&self) -> bool {
        let [sequence, head] = self.batch_strides;
        [self.start, self.row_stride, sequence, head].into_iter().all(is_vec4_aligned)
    }

    pub(super) fn layout(&self) -> LayoutLaunch {
        let [sequence, head] = self.batch_strides;
        LayoutLaunch::new(self.start / 4, self.row_stride / 4, sequence / 4, head / 4)
    }
}

/// Whether so many elements are a whole number of [`Vec4`](super::Vec4)s.
pub(crate) fn is_vec4_aligned(elements: usize) -> bool {
    elements.is_multiple_of(4)
}

/// The layout of a [`Matrix`] for a kernel, in [`Vec4`](super::Vec4)s.
#[derive(CubeType, CubeLaunch)]
pub(super) struct Layout {
    pub start: usize,
    pub row_stride: usize,
    pub sequence_stride: usize,
    pub head_stride: usize,
}
