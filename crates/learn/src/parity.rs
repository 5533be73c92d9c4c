//! Does a device compute correctly? Compares its results for a tiny GPT-2 with PyTorch's.
//!
//! Some software drivers crash on matrix kernels, and some compute gradients that are silently wrong. So a driver is judged
//! by its results: logits, loss, every gradient and twenty updates, compared with the file that
//! `scripts/golden_tiny_gpt2.py` made.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::Device;
use serde::Deserialize;
use wordspace_data::Batch;
use wordspace_model::parameters::{HostTensor, gradients_to_host};
use wordspace_model::{Gpt, ModelConfig};

use crate::Result;
use crate::config::TrainConfig;
use crate::learner::{Learner, StepResult, ids};
use crate::optimizer::Optimizer;

const GOLDEN: &str = include_str!("../../../tests/golden/tiny_gpt2.json");

/// The errors of a device relative to PyTorch: for each tensor the largest difference, divided by its largest absolute value.
#[derive(Clone, Debug, PartialEq)]
pub struct Parity {
    /// Of the logits.
    pub logits: f64,
    /// Of the loss.
    pub loss: f64,
    /// Of each parameter's gradient.
    pub gradients: BTreeMap<String, f64>,
    /// The largest of the losses of twenty updates.
    pub losses: f64,
    /// The largest of their gradient norms.
    pub gradient_norms: f64,
}

impl Parity {
    /// The parameter whose gradient has the largest error, and that error.
    pub fn worst_gradient(&self) -> (&str, f64) {
        let worst = self.gradients.iter().max_by(|a, b| a.1.total_cmp(b.1)).expect("a model has gradients");
        (worst.0, *worst.1)
    }

    /// Whether the errors are within what 32-bit rounding and another order of summation explain. The tolerance is wider for
    /// a GPU, whose tanh and exp are less exact than a CPU's.
    pub fn is_right(&self, is_gpu: bool) -> bool {
        let (tensors, losses) = if is_gpu { (2e-3, 1e-3) } else { (1e-5, 1e-4) };
        self.logits <= tensors && self.worst_gradient().1 <= tensors && self.loss <= losses && self.losses <= losses
    }
}

#[derive(Deserialize)]
struct Golden {
    config: Sizes,
    rows: usize,
    parameters: BTreeMap<String, Tensor>,
    ids: Vec<u32>,
    targets: Vec<u32>,
    logits: Tensor,
    loss: f64,
    gradients: BTreeMap<String, Tensor>,
    training: Training,
}

#[derive(Deserialize)]
struct Sizes {
    vocab_size: usize,
    context: usize,
    channels: usize,
    heads: usize,
    layers: usize,
}

#[derive(Deserialize)]
struct Tensor {
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct Training {
    #[serde(flatten)]
    config: BTreeMap<String, serde_json::Value>,
    batches: Vec<GoldenBatch>,
    losses: Vec<f64>,
    gradient_norms: Vec<f64>,
}

#[derive(Deserialize)]
struct GoldenBatch {
    ids: Vec<u32>,
    targets: Vec<u32>,
}

/// Runs the tiny GPT-2 on `device` and compares with PyTorch.
///
/// # Errors
///
/// If the model cannot be built.
///
/// # Panics
///
/// If the device fails, as burn reports it.
pub fn parity(device: &Device) -> Result<Parity> {
    let golden: Golden = serde_json::from_str(GOLDEN).expect("the golden file is part of the program");
    let Sizes { vocab_size, context, channels, heads, layers } = golden.config;
    let config = ModelConfig { vocab_size, context, channels, heads, layers, ..Default::default() };
    let values = |name: &str| golden.parameters[name].values.iter().map(|&x| x as f32).collect();
    let device = device.clone().autodiff();
    let model = Gpt::build(&config, &device, &mut |parameter| Ok(values(&parameter.name)))?;

    let batch = |ids: &[u32], targets: &[u32]| Batch {
        rows: golden.rows,
        context,
        ids: ids.to_vec(),
        targets: targets.to_vec(),
    };
    let first = batch(&golden.ids, &golden.targets);
    let logits: HostTensor = model.valid().logits(ids(&first, &first.ids, &device.clone().inner())).into();
    let loss = model.loss(ids(&first, &first.ids, &device), ids(&first, &first.targets, &device));
    let gradients = gradients_to_host(&model, &loss.backward());
    let gradients = golden.gradients.iter().map(|(name, expected)| {
        let found = gradients.get(name).map_or(f64::INFINITY, |found| relative_error(&found.values, &expected.values));
        (name.clone(), found)
    });
    let (gradients, loss) = (gradients.collect(), loss.inner().into_scalar::<f32>());

    let train: TrainConfig =
        serde_json::from_value(serde_json::json!(golden.training.config)).expect("its keys are ours");
    let mut learner = Learner { model, optimizer: Optimizer::new(&config), seed: 0 };
    let (mut losses, mut norms) = (Vec::new(), Vec::new());
    for (step, golden_batch) in (1..).zip(&golden.training.batches) {
        let (updated, result) = learner.step(&[batch(&golden_batch.ids, &golden_batch.targets)], &train, step);
        learner = updated;
        let result = StepResult::from(result.into_data());
        losses.push(result.loss);
        norms.push(result.gradient_norm);
    }
    Ok(Parity {
        logits: relative_error(&logits.values, &golden.logits.values),
        loss: relative_error(&[loss], &[golden.loss]),
        gradients,
        losses: largest_relative_error(&losses, &golden.training.losses),
        gradient_norms: largest_relative_error(&norms, &golden.training.gradient_norms),
    })
}

/// The largest difference, divided by the largest expected absolute value; infinite if a value is NaN.
fn relative_error(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(f64::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
    let differences = found.iter().zip(expected).map(|(&found, expected)| (found as f64 - expected).abs() / largest);
    differences.fold(0.0, |worst, difference| if difference.is_nan() { f64::INFINITY } else { worst.max(difference) })
}

/// The largest relative error of a single value.
fn largest_relative_error(found: &[f32], expected: &[f64]) -> f64 {
    found.iter().zip(expected).map(|(&found, &expected)| relative_error(&[found], &[expected])).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nan_counts_as_an_infinite_error() {
        assert_eq!(relative_error(&[1.0, f32::NAN], &[1.0, 1.0]), f64::INFINITY);
        assert_eq!(relative_error(&[1.0, 3.0], &[1.0, 4.0]), 0.25);
    }
}
