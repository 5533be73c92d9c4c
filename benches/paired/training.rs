//! Training steps of a model, as a run makes them, from given weights and batches.

use std::path::Path;

use burn::tensor::Device;
use serde::Deserialize;
use serde_json::Value;
use wordspace::bench::work;
use wordspace::data::{Batch, NamedTensor, read_tensors};
use wordspace::learn::config::TrainConfig;
use wordspace::learn::{Learner, Optimizer};
use wordspace::model::{Gpt, ModelConfig};

use crate::Work;

#[derive(Deserialize)]
struct Request {
    /// A safetensors file with every weight by its name, and `batches.ids` and `batches.targets`, `[batches, B, T]`.
    file: String,
    model: ModelConfig,
    train: TrainConfig,
}

/// Takes steps, the batches in turn; returns the loss of each.
pub fn open(request: &Value, device: &Device) -> Work {
    let Request { file, model: sizes, train } = Deserialize::deserialize(request).expect("a request for training");
    let mut tensors = read_tensors(Path::new(&file)).expect("the file holds weights and batches");
    let batches = batches(&tensors["batches.ids"], &tensors["batches.targets"]);
    let mut take = |name: &str| tensors.remove(name).unwrap_or_else(|| panic!("{name} is missing")).values;
    let model = Gpt::build(&sizes, &device.clone().autodiff(), &mut |parameter| Ok(take(&parameter.name)));
    let model = model.expect("the sizes make a model");
    let learner = Learner { model, optimizer: Optimizer::new(&sizes), seed: 0 };
    let mut step = work::training(learner, batches, train);
    // The gradient norm comes after the loss.
    Box::new(move |times| (0..times).map(|_| step().remove(0).narrow(0, 0, 1)).collect())
}

/// The file has ids as floats, which hold every id exactly.
fn batches(ids: &NamedTensor, targets: &NamedTensor) -> Vec<Batch> {
    let [_, rows, context] = ids.shape[..] else { panic!("batches are [batches, B, T], not {:?}", ids.shape) };
    let whole = |values: &[f32]| values.iter().map(|&id| id as u32).collect();
    let both = ids.values.chunks(rows * context).zip(targets.values.chunks(rows * context));
    both.map(|(ids, targets)| Batch { rows, context, ids: whole(ids), targets: whole(targets) }).collect()
}
