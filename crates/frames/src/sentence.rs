//! A text as the model first sees it: each token's vector plus the vector of its position.

use serde::Serialize;
use wordspace_data::VectorTable;
use wordspace_explore::embed::{EmbeddedToken, Embedding};

use crate::Result;
use crate::frame::Frame;

/// A text as vectors: `/api/runs/R/sentence/S`.
#[derive(Debug, Serialize)]
pub struct Sentence {
    /// The step of the frame.
    pub step: u64,
    /// C.
    pub channels: usize,
    /// The tokens in their order.
    pub tokens: Vec<Token>,
}

/// A token with the vectors that the model adds.
#[derive(Debug, Serialize)]
pub struct Token {
    /// Its row of the token table.
    pub id: u32,
    /// The part of the text that it stands for.
    pub piece: String,
    /// Its position in the text, from 0.
    pub position: usize,
    /// Its row, `[C]`.
    pub token: Vec<f32>,
    /// The row of its position, `[C]`; none where the run has no position table.
    pub position_vector: Option<Vec<f32>>,
    /// What enters the first block, `[C]`.
    pub sum: Vec<f32>,
}

impl Sentence {
    /// The tokens of a text in `frame`, split into ids and pieces by [`Words::split`](crate::Words::split). `positions` is the
    /// frame's position table.
    ///
    /// # Errors
    ///
    /// If an id is not a row of the token table, or there are more tokens than positions.
    pub fn new(pieces: Vec<(u32, String)>, frame: &Frame, positions: Option<&VectorTable>) -> Result<Self> {
        pieces.iter().try_for_each(|(id, _)| frame.check_row(*id))?;
        let embedding = Embedding::new(&[pieces], &frame.vectors, positions, None)?;
        let token = |token: EmbeddedToken| {
            let EmbeddedToken { id, piece, position, token_vector: token, position_vector, sum, .. } = token;
            Token { id, piece, position, token, position_vector, sum }
        };
        let tokens = embedding.tokens.into_iter().map(token).collect();
        Ok(Self { step: frame.step, channels: embedding.dimension, tokens })
    }
}

#[cfg(test)]
mod tests {
    use wordspace_data::WordVectors;

    use super::*;

    #[test]
    fn each_token_is_the_sum_of_its_row_and_the_row_of_its_position() {
        let frame = Frame::new(9, WordVectors::new(vec![String::new(); 2], vec![1.0, 0.0, 0.0, 1.0], 2), 42);
        let positions = VectorTable::new(vec![0.5, 0.0, 0.0, -2.0], 2);
        let pieces = |ids: &[u32]| ids.iter().map(|&id| (id, "x".to_string())).collect::<Vec<_>>();
        let sentence = Sentence::new(pieces(&[1, 1]), &frame, Some(&positions)).unwrap();
        assert_eq!(sentence.tokens[0].sum, [0.5, 1.0]);
        assert_eq!(sentence.tokens[1].sum, [0.0, -1.0]);
        assert!(Sentence::new(pieces(&[2]), &frame, None).is_err());
    }
}
