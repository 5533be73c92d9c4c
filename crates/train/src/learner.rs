//! A model and its optimizer: one call is one update.

use burn::tensor::{Device, Tensor, TensorData};
use wordspace_data::Batch;
use wordspace_kernels::Ids;
use wordspace_model::Gpt;

use crate::config::TrainConfig;
use crate::gradients::StepGradient;
use crate::optimizer::Optimizer;

/// What is being trained.
pub struct Learner {
    /// The model, on a device that differentiates.
    pub model: Gpt,
    /// Its moments.
    pub optimizer: Optimizer,
}

/// What is known of an update once the device has done it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepResult {
    /// The mean loss of the update's batches, in nats, before the update.
    pub loss: f32,
    /// The norm of its gradient before clipping.
    pub gradient_norm: f32,
}

impl Learner {
    /// Where it is trained.
    pub fn device(&self) -> Device {
        self.model.wte.weight.val().device()
    }

    /// Makes update `step`, from 1, with the mean gradient of `batches`.
    ///
    /// Loss and gradient norm come back as one tensor `[2]` that nobody has waited for yet (see [`StepResult::from`]).
    pub fn step(self, batches: &[Batch], config: &TrainConfig, step: u64) -> (Self, Tensor<1>) {
        let device = self.device();
        wordspace_kernels::near(&device, || self.step_on(&device, batches, config, step))
    }

    fn step_on(mut self, device: &Device, batches: &[Batch], config: &TrainConfig, step: u64) -> (Self, Tensor<1>) {
        let share = 1.0 / batches.len() as f64;
        let mut sum: Option<(Tensor<1>, StepGradient)> = None;
        for batch in batches {
            let loss = self.model.loss(ids(batch, &batch.ids, device), ids(batch, &batch.targets, device)) * share;
            let gradient = StepGradient::take(&self.model, loss.backward());
            sum = Some(match sum {
                None => (loss.inner(), gradient),
                Some((earlier, before)) => (earlier + loss.inner(), before.plus(gradient)),
            });
        }
        let (loss, gradient) = sum.expect("an update has at least one batch");
        let norm = gradient.norm();
        let scale = if config.clip > 0.0 { clip(norm.clone(), config.clip) } else { norm.ones_like() };
        self.model = self.optimizer.update(self.model, gradient, scale, config, step);
        (self, Tensor::cat(vec![loss, norm], 0))
    }
}

impl From<TensorData> for StepResult {
    fn from(data: TensorData) -> Self {
        let numbers: Vec<f32> = data.try_into_vec().expect("loss and norm are f32");
        Self { loss: numbers[0], gradient_norm: numbers[1] }
    }
}

/// `numbers` of `batch`, `[B, T]`, on `device`.
pub(crate) fn ids(batch: &Batch, numbers: &[u32], device: &Device) -> Ids {
    Ids::new(numbers, [batch.rows, batch.context], device)
}

/// What a gradient of this norm is scaled by for a norm of at most `largest`, as PyTorch's `clip_grad_norm_` has it; the
/// device is not asked.
fn clip(norm: Tensor<1>, largest: f64) -> Tensor<1> {
    ((norm + 1e-6).recip() * largest).clamp_max(1.0)
}
