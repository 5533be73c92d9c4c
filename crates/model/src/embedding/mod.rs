//! The two tables: what a token is, and where it stands.

mod position;
mod token;

use burn::tensor::Tensor;
use wordspace_kernels::Ids;

pub use position::PositionEmbedding;
pub use token::TokenEmbedding;

/// The vector of each token plus the vector of its place, where places have vectors. The first place is `first`.
///
/// # Shapes
///
/// - `ids`: `[B, T]`
/// - output: `[N, C]`
pub fn embed(wte: &TokenEmbedding, wpe: Option<&PositionEmbedding>, first: usize, ids: Ids) -> Tensor<2> {
    let [_, t] = ids.dims();
    wordspace_kernels::embed(wte.weight.val(), wpe.map(|wpe| wpe.forward(first, t)), ids)
}
