//! Continues a text, token by token.

mod sampling;

use burn::tensor::{Int, Tensor, TensorData};
use wordspace_model::{Cache, Gpt};

use crate::{Error, Result};

pub use sampling::Sampling;

/// A text that a model continues.
///
/// Every token is predicted from the last T tokens, at positions 0 to T − 1; T is the model's context. While the text has at
/// most T tokens, a prediction computes one position, because a [`Cache`] holds the keys and values of the others. Beyond,
/// each token shifts every position by one, so its position embedding changes, and all T are computed again.
pub struct Generation {
    sampling: Sampling,
    context: usize,
    ids: Vec<u32>,
    cache: Cache,
}

impl Generation {
    /// Continues `prompt` with a model of this `context` and `vocab_size`.
    ///
    /// # Errors
    ///
    /// If the prompt is empty or has a token outside the model's vocabulary, or `sampling` is invalid.
    pub fn new(prompt: &[u32], sampling: Sampling, context: usize, vocab_size: usize) -> Result<Self> {
        sampling.validate()?;
        if prompt.is_empty() {
            return Err(Error::Generate("the prompt is empty; give the model at least one word to continue".into()));
        }
        if let Some(id) = prompt.iter().find(|&&id| id as usize >= vocab_size) {
            let problem = format!("the prompt has token {id}, but the model's vocabulary ends at {}", vocab_size - 1);
            return Err(Error::Generate(problem));
        }
        Ok(Self { sampling, context, ids: prompt.to_vec(), cache: Cache::default() })
    }

    /// Chooses the next token and appends it to the text; `None` if the logits of `model` are not finite.
    pub fn next_token(&mut self, model: &Gpt) -> Option<u32> {
        let logits = self.logits(model);
        let id = self.sampling.choose(&logits, self.ids.len() as u64)?;
        self.ids.push(id);
        Some(id)
    }

    /// The logits of the next position, `[V]`.
    fn logits(&mut self, model: &Gpt) -> Vec<f32> {
        if self.ids.len() > self.context {
            self.cache = Cache::default();
        }
        let from = self.cache.len().max(self.ids.len().saturating_sub(self.context));
        let new: Vec<i32> = self.ids[from..].iter().map(|&id| id as i32).collect();
        let shape = [1, new.len()];
        let new = Tensor::<2, Int>::from_data(TensorData::new(new, shape), &model.wte.weight.val().device());
        model.next_logits(new, &mut self.cache).into_data().try_into_vec().expect("logits are f32")
    }
}
