//! The token table.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};
use wordspace_kernels::Ids;

/// The token table, one row a token, and its two readings.
///
/// Read by id it turns tokens into vectors; read as a whole it scores every token against a hidden state. When one table
/// serves both, a word's vector is moved from two sides: by the words that follow it, and by the contexts it follows.
/// Words of like use get like pushes from both, and so they meet.
#[derive(Module, Debug)]
pub struct TokenEmbedding {
    /// `[V, C]`.
    pub weight: Param<Tensor<2>>,
}

impl TokenEmbedding {
    /// The rows of `ids`.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[B, T]`
    /// - output: `[N, C]`
    pub fn forward(&self, ids: impl Into<Ids>) -> Tensor<2> {
        wordspace_kernels::embed(self.weight.val(), None, ids)
    }

    /// The score of every token for each hidden state.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[N, C]`
    /// - output: `[N, V]`
    pub fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        wordspace_kernels::logits(hidden, self.weight.val())
    }

    /// The mean cross-entropy of `targets` under [`Self::logits`], in nats.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[N, C]`
    /// - `targets`: `[N]`
    /// - output: `[1]`
    pub fn loss(&self, hidden: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        wordspace_kernels::cross_entropy(hidden, self.weight.val(), targets)
    }
}
