//! The two tables: what a token is, and where it stands.

mod position;
mod token;

use burn::tensor::{Int, Tensor};

pub use position::PositionEmbedding;
pub use token::TokenEmbedding;

/// The vector of each token plus the vector of its place, where places have vectors.
///
/// # Shapes
///
/// - `ids`: `[B, T]`
/// - output: `[N, C]`
pub fn embed(wte: &TokenEmbedding, wpe: Option<&PositionEmbedding>, ids: Tensor<2, Int>) -> Tensor<2> {
    wordspace_kernels::embed(wte.weight.val(), wpe.map(|wpe| wpe.weight.val()), ids)
}
