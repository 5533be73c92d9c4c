//! The two tables: what a token is, and where it stands.

use burn::module::{Module, Param};
use burn::tensor::{Int, Tensor};
use wordspace_kernels::Ids;

/// The token table, wte: one row for each token of the vocabulary.
///
/// It is read in two ways. By id it turns tokens into vectors; as a whole it is the head, which scores every token against
/// a hidden state. When one table does both (tied weights, Press and Wolf 2017), a word's vector gets gradients from the
/// words that follow it and from the contexts that it follows. Words used alike get alike gradients from both sides, and
/// that is why their vectors converge.
#[derive(Module, Debug)]
pub struct TokenEmbedding {
    /// `[V, C]`.
    pub weight: Param<Tensor<2>>,
}

impl TokenEmbedding {
    /// The vector of each token, plus that of its position, if positions have vectors; in one pass over memory.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[B, T]`, each below V
    /// - `positions`: `[at least T, C]`, from [`PositionEmbedding::forward`]
    /// - output: `[N, C]`
    pub fn forward(&self, ids: impl Into<Ids>, positions: Option<Tensor<2>>) -> Tensor<2> {
        wordspace_kernels::embed(self.weight.val(), positions, ids)
    }

    /// The score of every token for each hidden state: `hidden · weightᵀ`.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[N, C]`
    /// - output: `[N, V]`
    pub fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        wordspace_kernels::logits(hidden, self.weight.val())
    }

    /// The mean cross-entropy of `targets` under the softmax of [`Self::logits`], in nats; the logits are never in memory
    /// as a whole.
    ///
    /// # Shapes
    ///
    /// - `hidden`: `[N, C]`
    /// - `targets`: `[N]`, each below V
    /// - output: `[1]`
    pub fn loss(&self, hidden: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
        wordspace_kernels::cross_entropy(hidden, self.weight.val(), targets)
    }
}

/// The position table, wpe: one row for each position in the window. Sinusoidal positions are a table too, which is not
/// trained.
#[derive(Module, Debug)]
pub struct PositionEmbedding {
    /// `[context, C]`.
    pub weight: Param<Tensor<2>>,
}

impl PositionEmbedding {
    /// The rows of `t` positions, beginning with position `first`.
    ///
    /// # Shapes
    ///
    /// - output: `[at least T, C]`
    pub fn forward(&self, first: usize, t: usize) -> Tensor<2> {
        match first {
            // The whole table: its first T rows are used, and a slice would be differentiated once more.
            0 => self.weight.val(),
            _ => self.weight.val().narrow(0, first, t), // [T, C]
        }
    }
}
