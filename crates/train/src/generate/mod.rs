//! Generates text with a model, token by token.
//!
//! - [`LanguageModel`]: a model and its tokenizer, from a run or a Hugging Face folder;
//! - [`Sampling`]: how the next token is chosen;
//! - [`Generation`]: a text in progress.

mod language_model;
mod sample;

use burn::tensor::{Int, Tensor, TensorData};
use wordspace_model::Cache;

use crate::device::on_device;
use crate::{Error, Result};

pub use language_model::LanguageModel;
pub use sample::Sampling;

/// A text that a model continues.
///
/// Every token is predicted from the last T tokens, at positions 0 to T − 1; T is the model's context. While the text has at
/// most T tokens, a prediction computes one position, because a [`Cache`] holds the keys and values of the others. Beyond,
/// each token shifts every position by one, so its position embedding changes, and all T are computed again.
pub struct Generation<'a> {
    language: &'a LanguageModel,
    sampling: Sampling,
    ids: Vec<u32>,
    cache: Cache,
}

impl<'a> Generation<'a> {
    /// Continues after `prompt`.
    ///
    /// # Errors
    ///
    /// If the prompt is empty or has a token outside the model's vocabulary, or `sampling` is invalid.
    pub fn new(language: &'a LanguageModel, prompt: &[u32], sampling: Sampling) -> Result<Self> {
        sampling.validate()?;
        if prompt.is_empty() {
            return Err(Error::Generate("the prompt is empty; give the model at least one word to continue".into()));
        }
        let rows = language.config.vocab_size;
        if let Some(id) = prompt.iter().find(|&&id| id as usize >= rows) {
            return Err(Error::Generate(format!(
                "the prompt has token {id}, but the model's vocabulary ends at {}",
                rows - 1
            )));
        }
        Ok(Self { language, sampling, ids: prompt.to_vec(), cache: Cache::default() })
    }

    /// Chooses the next token and appends it to the text.
    ///
    /// # Errors
    ///
    /// If the device fails, or the model's logits are not finite.
    pub fn next_token(&mut self) -> Result<u32> {
        let language = self.language;
        let logits = on_device(&language.device, || Ok(self.logits()))?;
        let chosen = self.sampling.choose(&logits, self.ids.len() as u64);
        let id = chosen.ok_or_else(|| Error::BadRun {
            path: language.path.clone(),
            problem: "the model's logits are not finite: it has diverged, or its file is damaged".into(),
        })?;
        self.ids.push(id);
        Ok(id)
    }

    /// The logits of the next position, `[V]`.
    fn logits(&mut self) -> Vec<f32> {
        let context = self.language.config.context;
        if self.ids.len() > context {
            self.cache = Cache::default();
        }
        let from = self.cache.len().max(self.ids.len().saturating_sub(context));
        let new: Vec<i32> = self.ids[from..].iter().map(|&id| id as i32).collect();
        let shape = [1, new.len()];
        let new = Tensor::<2, Int>::from_data(TensorData::new(new, shape), &self.language.device.device);
        let logits = self.language.model.next_logits(new, &mut self.cache);
        logits.into_data().try_into_vec().expect("logits are f32")
    }
}
