//! The numbers are right: held to what PyTorch and transformers compute, on every device that is there.

mod harness;

use std::path::Path;

use ::wordspace::data::Tokenizer;
use ::wordspace::kernels::{AdamW, Moments, Rows};
use ::wordspace::learn::config::DeviceChoice;
use ::wordspace::model::parameters::HostTensor;
use ::wordspace::train::device::{OpenDevice, check_parity};
use ::wordspace::train::huggingface::load_folder;
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde_json::Value;

use harness::{Folder, golden, golden_json};

fn numbers(json: &Value) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// The logits of one row of `ids`, `[T, V]`.
fn logits(folder: &Path, ids: &[u64], rows: usize) -> Vec<f32> {
    let device = Device::flex();
    let (_, model) = load_folder(folder, &device).unwrap();
    let ids: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
    let columns = ids.len() / rows;
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [rows, columns]), &device);
    HostTensor::from(model.logits(ids)).values
}

#[track_caller]
fn assert_near(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!((*found as f64 - expected).abs() <= 1e-5 * largest, "{found} instead of {expected}");
    }
}

/// Holds a processor's backend to 1e-5 of the largest logit and gradient and to 1e-4 of each of twenty losses.
fn a_processor_gives_pytorchs_numbers(choice: DeviceChoice) {
    let device = OpenDevice::open(choice).unwrap();
    let parity = check_parity(&device.device).unwrap();
    assert!(parity.is_right(false), "{choice}: {parity:?}");
    assert!(parity.gradient_norms <= 1e-4, "{choice}: {parity:?}");
    assert_eq!(parity.gradients.len(), 28);
}

#[test]
fn flex_gives_pytorchs_logits_loss_gradients_and_twenty_adamw_losses() {
    a_processor_gives_pytorchs_numbers(DeviceChoice::Flex);
}

#[test]
#[cfg(feature = "ndarray")]
fn ndarray_gives_pytorchs_logits_loss_gradients_and_twenty_adamw_losses() {
    a_processor_gives_pytorchs_numbers(DeviceChoice::Ndarray);
}

#[test]
#[cfg(feature = "wgpu")]
fn wgpu_gives_pytorchs_logits_loss_gradients_and_twenty_adamw_losses() {
    let Some(device) = harness::gpu("wgpu_gives_pytorchs_logits_loss_gradients_and_twenty_adamw_losses") else {
        return;
    };
    let parity = check_parity(&device.device).unwrap();
    assert!(parity.is_right(true), "{}: {parity:?}", device.hardware);
}

/// What is left when SparseAdam has updated some rows in each of several steps, on every backend of a processor.
#[test]
fn an_update_of_some_rows_gives_what_pytorchs_sparse_adam_gives() {
    let golden = golden_json("sparse_adam.json");
    let number = |name: &str| golden[name].as_f64().unwrap();
    let floats = |json: &Value| numbers(json).into_iter().map(|x| x as f32).collect::<Vec<_>>();
    for choice in [DeviceChoice::Flex, DeviceChoice::Ndarray] {
        let Ok(OpenDevice { device, .. }) = OpenDevice::open(choice) else { continue };
        let tensor = |numbers: Vec<f32>| Tensor::<1>::from_floats(numbers.as_slice(), &device);
        let mut table = tensor(floats(&golden["before"]));
        let mut moments = Moments::zeros_like(&table);
        for (step, read) in (1..).zip(golden["steps"].as_array().unwrap()) {
            let adamw = AdamW {
                learning_rate: number("learning_rate"),
                beta1: number("beta1"),
                beta2: number("beta2"),
                epsilon: number("epsilon"),
                weight_decay: 0.0,
                step,
            };
            let rows = Rows::from_ids(numbers(&read["rows"]).into_iter().map(|row| row as u32));
            let (gradient, scale) = (tensor(floats(&read["gradient"])), tensor(vec![1.0]));
            (table, moments) = adamw.update_rows(table, &rows, gradient, scale, moments);
        }
        for (found, expected) in [(table, "after"), (moments.first, "first"), (moments.second, "second")] {
            assert_near(&HostTensor::from(found).values, &numbers(&golden[expected]));
        }
    }
}

#[test]
fn a_folder_saved_by_transformers_gives_its_logits() {
    let folder = golden("gpt2-folder");
    let expected = golden_json("gpt2-folder/logits.json");
    let ids: Vec<u64> = expected["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
    let rows = expected["rows"].as_u64().unwrap() as usize;
    assert_near(&logits(&folder, &ids, rows), &numbers(&expected["logits"]["values"]));
}

#[test]
fn an_exported_run_gives_what_transformers_reads_from_it() {
    let folder = Folder::new();
    let export = ["train", "--name", "export", "--device", "flex", "--steps", "0", "--set", "model.init_std=0.2"];
    folder.run(&export).succeeds();
    let json = folder.run(&["export", "runs/export", "exported", "--json"]).succeeds().json();
    let files = ["README.md", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json"];
    for file in files.into_iter().chain(["tokenizer_config.json"]) {
        assert!(json["files"].as_array().unwrap().contains(&file.into()), "{json}");
    }

    let golden = golden_json("export.json");
    let tokenizer = Tokenizer::from_file(&folder.join("exported/tokenizer.json")).unwrap();
    let tokens = tokenizer.encode(golden["text"].as_str().unwrap()).unwrap();
    let ids: Vec<u64> = tokens.iter().map(|token| token.id as u64).collect();
    assert_eq!(serde_json::json!(ids), golden["ids"]);
    let found = logits(&folder.join("exported"), &ids, 1);
    let last = numbers(&golden["last_logits"]);
    assert_near(&found[found.len() - last.len()..], &last);
    let squares: f64 = found.iter().map(|&x| x as f64 * x as f64).sum();
    let expected = golden["logits_sum_of_squares"].as_f64().unwrap();
    assert!((squares / expected - 1.0).abs() < 1e-5, "{squares} instead of {expected}");
}
