//! The loss on held-out text.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::Serialize;
use wordspace_data::Windows;
use wordspace_model::Gpt;

use crate::Result;
use crate::config::Config;
use crate::learner::ids;

/// An evaluation on held-out text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// After which update.
    pub step: u64,
    /// Mean loss, in nats per token.
    pub loss: f64,
    /// `exp(loss)`, the effective number of equally likely choices per token.
    pub perplexity: f64,
    /// The loss in bits per character of text, which can be compared across tokenizers.
    pub bits_per_character: f64,
    /// Whether it is the best so far.
    pub best: bool,
}

impl Evaluation {
    /// The evaluation with this mean `loss` on a text of `tokens` tokens and `characters` characters.
    pub fn new(step: u64, loss: f64, best: bool, tokens: u64, characters: u64) -> Self {
        let tokens_per_character = tokens as f64 / characters as f64;
        let bits_per_character = loss / std::f64::consts::LN_2 * tokens_per_character;
        Self { step, loss, perplexity: loss.exp(), bits_per_character, best }
    }
}

/// The mean loss, in nats per token, over the held-out windows that `config` asks for.
///
/// The losses of the batches are summed in double precision, and the device is waited for once. `is_stopped` is asked before
/// each batch.
///
/// # Errors
///
/// If a token id is outside the vocabulary; [`wordspace_data::Error::Stopped`] if `is_stopped`.
pub fn validation_loss(
    model: &Gpt,
    windows: &Windows<'_>,
    config: &Config,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<f64> {
    let model = model.valid();
    let device = model.wte.weight.val().device();
    wordspace_kernels::on_worker_pool(&device, || mean_loss(&model, windows, config, is_stopped))
}

fn mean_loss(
    model: &Gpt,
    windows: &Windows<'_>,
    config: &Config,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<f64> {
    let device = model.wte.weight.val().device();
    let (mut losses, mut rows) = (Vec::new(), Vec::new());
    for batch in windows.evaluation(config.train.batch, config.evaluate.batches) {
        let batch = batch?;
        if is_stopped() {
            return Err(wordspace_data::Error::Stopped.into());
        }
        losses.push(model.loss(ids(&batch, &batch.ids, &device), ids(&batch, &batch.targets, &device)));
        rows.push(batch.rows as f64);
    }
    let losses: Vec<f32> = Tensor::cat(losses, 0).into_data().try_into_vec().expect("losses are f32");
    // The last batch may have fewer rows than the others.
    let sum: f64 = losses.iter().zip(&rows).map(|(&loss, rows)| loss as f64 * rows).sum();
    Ok(sum / rows.iter().sum::<f64>())
}
