//! How well the model does on text it was not trained on.

use burn::module::Module;
use burn::tensor::Tensor;
use wordspace_data::Windows;
use wordspace_model::Gpt;

use crate::Result;
use crate::config::Config;
use crate::learner::ids;

/// The mean loss, in nats, over the held-out windows that `config` asks for, each counted alike.
///
/// The losses of the batches are added in double precision, and the device is waited for once.
///
/// # Errors
///
/// If an id is outside the vocabulary.
pub fn validation_loss(model: &Gpt, windows: &Windows<'_>, config: &Config) -> Result<f64> {
    let model = model.valid();
    let device = model.wte.weight.val().device();
    wordspace_kernels::on_worker_pool(&device, || mean_loss(&model, windows, config))
}

fn mean_loss(model: &Gpt, windows: &Windows<'_>, config: &Config) -> Result<f64> {
    let device = model.wte.weight.val().device();
    let (mut losses, mut rows) = (Vec::new(), Vec::new());
    for batch in windows.evaluation(config.train.batch, config.evaluate.batches) {
        let batch = batch?;
        losses.push(model.loss(ids(&batch, &batch.ids, &device), ids(&batch, &batch.targets, &device)));
        rows.push(batch.rows as f64);
    }
    let losses: Vec<f32> = Tensor::cat(losses, 0).into_data().try_into_vec().expect("losses are f32");
    let sum: f64 = losses.iter().zip(&rows).map(|(&loss, rows)| loss as f64 * rows).sum();
    Ok(sum / rows.iter().sum::<f64>())
}
