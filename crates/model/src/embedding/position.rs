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
    /// The rows of the first `t` places.
    ///
    /// # Shapes
    ///
    /// - output: `[T, C]`
    pub fn forward(&self, t: usize) -> Tensor<2> {
        self.weight.val().narrow(0, 0, t)
    }
}
