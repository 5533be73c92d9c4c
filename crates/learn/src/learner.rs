//! A model and its optimizer: one call is one update.

use burn::tensor::{Device, Tensor, TensorData};
use wordspace_data::{Batch, below, generator};
use wordspace_kernels::{Ids, Rows};
use wordspace_model::Gpt;

use crate::config::TrainConfig;
use crate::gradients::StepGradient;
use crate::optimizer::Optimizer;

/// A model in training.
pub struct Learner {
    /// The model, on a device with automatic differentiation.
    pub model: Gpt,
    /// The moments of its parameters.
    pub optimizer: Optimizer,
    /// The seed of its dropout masks, which are a function of seed and step.
    pub seed: u64,
}

/// The loss and gradient norm of an update, read back from the device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepResult {
    /// The mean loss of the update's batches, in nats, before the update.
    pub loss: f32,
    /// The norm of its gradient before clipping.
    pub gradient_norm: f32,
}

impl Learner {
    /// The device that it trains on.
    pub fn device(&self) -> Device {
        self.model.wte.weight.val().device()
    }

    /// Makes update `step`, from 1, with the mean gradient of `batches`.
    ///
    /// Returns loss and gradient norm as one tensor `[2]` still on the device, so that this call does not wait for it;
    /// [`StepResult::from`] takes its data.
    ///
    /// # Panics
    ///
    /// If there is no batch.
    pub fn step(self, batches: &[Batch], config: &TrainConfig, step: u64) -> (Self, Tensor<1>) {
        let device = self.device();
        wordspace_kernels::on_worker_pool(&device, || self.step_on(&device, batches, config, step))
    }

    /// Loss and gradient norm of `batches` as [`Self::step`] returns them for update `step`, without the update.
    ///
    /// # Panics
    ///
    /// If there is no batch.
    pub fn try_step(&self, batches: &[Batch], config: &TrainConfig, step: u64) -> Tensor<1> {
        let device = self.device();
        wordspace_kernels::on_worker_pool(&device, || {
            let (loss, gradient) = self.gradient(&device, batches, config, step);
            Tensor::cat(vec![loss, gradient.norm()], 0) // [2]
        })
    }

    fn step_on(mut self, device: &Device, batches: &[Batch], config: &TrainConfig, step: u64) -> (Self, Tensor<1>) {
        let (loss, gradient) = self.gradient(device, batches, config, step);
        let norm = gradient.norm();
        let scale = if config.clip > 0.0 { clip(norm.clone(), config.clip) } else { norm.ones_like() };
        self.model = self.optimizer.update(self.model, gradient, scale, config, step);
        (self, Tensor::cat(vec![loss, norm], 0)) // [2]
    }

    /// The mean loss of `batches` in update `step`, `[1]`, and its gradient.
    fn gradient(
        &self,
        device: &Device,
        batches: &[Batch],
        config: &TrainConfig,
        step: u64,
    ) -> (Tensor<1>, StepGradient) {
        let rows = config.lazy.then(|| Rows::from_ids(batches.iter().flat_map(|batch| batch.ids.iter().copied())));
        let mut random = generator(self.seed, "dropout", step);
        let key = &mut || below(&mut random, u64::MAX);
        match rows {
            None => mean_gradient(&self.model, None, batches, key, device),
            Some(rows) => mean_gradient(&self.model.with_rows(&rows), Some(rows), batches, key, device),
        }
    }
}

/// The mean loss of `batches`, `[1]`, and its gradient. `rows` are the rows of the token table that `model`
/// [has](Gpt::with_rows), if not all; `key` returns the dropout key of the next batch.
fn mean_gradient(
    model: &Gpt,
    rows: Option<Rows>,
    batches: &[Batch],
    key: &mut dyn FnMut() -> u64,
    device: &Device,
) -> (Tensor<1>, StepGradient) {
    let share = 1.0 / batches.len() as f64;
    let parts = batches.iter().map(|batch| {
        let read = match &rows {
            None => ids(batch, &batch.ids, device),
            Some(rows) => ids(batch, &rows.indices_of(&batch.ids), device),
        };
        let loss = model.training_loss(read, ids(batch, &batch.targets, device), key()) * share;
        let gradient = StepGradient::take(model, loss.backward(), rows.clone());
        (loss.inner(), gradient)
    });
    let sum = parts.reduce(|(loss, gradient), (more, other)| (loss + more, gradient.plus(other)));
    sum.expect("an update has at least one batch")
}

impl From<TensorData> for StepResult {
    fn from(data: TensorData) -> Self {
        let values: Vec<f32> = data.try_into_vec().expect("loss and norm are f32");
        Self { loss: values[0], gradient_norm: values[1] }
    }
}

/// Token ids of `batch`, inputs or targets, `[B, T]`, on `device`.
pub(crate) fn ids(batch: &Batch, ids: &[u32], device: &Device) -> Ids {
    Ids::new(ids, [batch.rows, batch.context], device)
}

/// The factor that scales a gradient of this norm down to a norm of at most `max_norm`, as PyTorch's `clip_grad_norm_`
/// computes it: `[1]`, without waiting for the device.
fn clip(norm: Tensor<1>, max_norm: f64) -> Tensor<1> {
    ((norm + 1e-6).recip() * max_norm).clamp_max(1.0)
}
