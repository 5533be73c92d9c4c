//! A model that goes on with a text, token by token.
//!
//! - [`LanguageModel`]: a model and its tokenizer, from a run or a Hugging Face folder;
//! - [`Sampling`]: which token comes next;
//! - [`Generation`]: one after the other.

mod language_model;
mod sample;

use burn::tensor::{Int, Tensor, TensorData};
use wordspace_model::Cache;

use crate::device::on_device;
use crate::{Error, Result};

pub use language_model::LanguageModel;
pub use sample::Sampling;

/// A text that a model goes on with.
///
/// Every token is predicted from the last T before it, T being the model's context, as places 0 to T − 1. Up to a text of T
/// tokens each prediction costs one place, thanks to a [`Cache`]. Beyond, every place moves by one with every token, its
/// position vector changes, and all T are computed again.
pub struct Generation<'a> {
    language: &'a LanguageModel,
    sampling: Sampling,
    ids: Vec<u32>,
    cache: Cache,
}

impl<'a> Generation<'a> {
    /// Goes on after `prompt`.
    ///
    /// # Errors
    ///
    /// If the prompt has no token or one outside the model's vocabulary, or `sampling` makes no choice.
    pub fn new(language: &'a LanguageModel, prompt: &[u32], sampling: Sampling) -> Result<Self> {
        sampling.validate()?;
        if prompt.is_empty() {
            return Err(Error::Config("the prompt has no token; give the model at least a word to go on from".into()));
        }
        let rows = language.config.vocab_size;
        if let Some(id) = prompt.iter().find(|&&id| id as usize >= rows) {
            return Err(Error::Config(format!(
                "the prompt has token {id}, but the model's tokens end at {}",
                rows - 1
            )));
        }
        Ok(Self { language, sampling, ids: prompt.to_vec(), cache: Cache::default() })
    }

    /// The next token, which becomes part of the text.
    ///
    /// # Errors
    ///
    /// If the device fails, or the model's scores are no numbers.
    pub fn next_token(&mut self) -> Result<u32> {
        let language = self.language;
        let scores = on_device(&language.device, || Ok(self.scores()))?;
        let chosen = self.sampling.choose(&scores, self.ids.len() as u64);
        let id = chosen.ok_or_else(|| Error::BadRun {
            path: language.path.clone(),
            problem: "the model's scores are not finite numbers; it has diverged, or its file is damaged".into(),
        })?;
        self.ids.push(id);
        Ok(id)
    }

    /// The scores of all tokens for the next place, `[V]`.
    fn scores(&mut self) -> Vec<f32> {
        let context = self.language.config.context;
        if self.ids.len() > context {
            self.cache = Cache::default();
        }
        let from = self.cache.len().max(self.ids.len().saturating_sub(context));
        let new: Vec<i32> = self.ids[from..].iter().map(|&id| id as i32).collect();
        let shape = [1, new.len()];
        let new = Tensor::<2, Int>::from_data(TensorData::new(new, shape), &self.language.device.device);
        let scores = self.language.model.next_logits(new, &mut self.cache);
        scores.into_data().try_into_vec().expect("scores are f32")
    }
}
