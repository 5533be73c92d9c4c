//! The position table.

use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// The position table, one row a place in the window. Sinusoidal positions are a table too, one that is not trained.
#[derive(Module, Debug)]
pub struct PositionEmbedding {
    /// `[largest T, C]`.
    pub weight: Param<Tensor<2>>,
}

impl PositionEmbedding {
    /// The rows of `t` places from `first` on.
    ///
    /// # Shapes
    ///
    /// - output: `[at least T, C]`
    pub fn forward(&self, first: usize, t: usize) -> Tensor<2> {
        match first {
            // The whole table: what is cut off it twice is differentiated twice.
            0 => self.weight.val(),
            _ => self.weight.val().narrow(0, first, t),
        }
    }
}
