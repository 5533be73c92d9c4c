//! Single operations, as `wordspace::bench::work` defines them, on the inputs that the request names.

use burn::tensor::{Device, Tensor, TensorData};
use serde::Deserialize;
use serde_json::Value;
use wordspace::bench::work::{self, Lookup, Repeat};
use wordspace::kernels::{AdamW, Rows, sum_of_squares};

use crate::Work;

const ADAMW: AdamW = AdamW { learning_rate: 1e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.1, step: 0 };

#[derive(Deserialize)]
struct Request {
    work: String,
    /// V; an update has V · C parameters.
    v: usize,
    c: usize,
    /// T; B follows from the ids.
    t: usize,
    ids: Vec<u32>,
}

/// Does the work that the request names; returns the results of the last time.
pub fn open(request: &Value, device: &Device) -> Work {
    let request = Request::deserialize(request).expect("a request for a kernel");
    let is_burns = ["copy", "gradient-by-burn"].contains(&request.work.as_str());
    let mut repeat = repeat(request, device);
    let device = device.clone();
    Box::new(move |times| {
        let mut results = Vec::new();
        for _ in 0..times {
            drop(results);
            results = repeat();
            if is_burns {
                // Results that are dropped before they reach the device's queue may never be computed.
                device.flush().expect("the device works");
            }
        }
        results
    })
}

fn repeat(request: Request, device: &Device) -> Repeat {
    let Request { work, v, c, t, ids } = request;
    let n = ids.len();
    let lookup = Lookup { ids, context: t };
    let learning = device.clone().autodiff();
    // The tables start at these elements of the sequence of values.
    let (wte, wpe) = (|device: &Device| table(v, c, 0, device), |device: &Device| table(t, c, 1, device));
    match work.as_str() {
        "copy" => work::copy(table(n, c, 0, device).flatten(0, 1)),
        "lookup" => work::lookup(wte(device), None, &lookup),
        "embed" => work::lookup(wte(device), Some(wpe(device)), &lookup),
        "gradient" => work::gradient(wte(&learning), wpe(&learning), &lookup),
        "gradient-anew" => work::gradient_of_new_ids(wte(&learning), wpe(&learning), &lookup),
        "gradient-by-burn" => work::gradient_by_burn(wte(&learning), wpe(&learning), &lookup),
        "rows" => work::gradient_of_rows(wte(device), wpe(&learning), &lookup),
        "update" => {
            let gradient = table(v, c, 1, device).flatten(0, 1);
            parameter_of(work::update(ADAMW, wte(device).flatten(0, 1), gradient, clip))
        }
        "update-rows" => {
            let read = Rows::from_ids(lookup.ids.iter().copied()).ids().len();
            let gradient = table(read, c, 1, device).flatten(0, 1);
            parameter_of(work::update_rows(ADAMW, wte(device).flatten(0, 1), gradient, lookup.ids, clip))
        }
        "linear" => {
            let bias: Tensor<1> = table(1, v, 0, &learning).flatten(0, 1);
            work::layer(table(n, c, 1, &learning), table(c, v, 0, &learning), bias.detach())
        }
        "head" => work::head(table(n, c, 1, &learning), wte(&learning), &lookup),
        other => panic!("no work is called {other:?}"),
    }
}

/// Leaves out an update's moments, which the peers do not return.
fn parameter_of(mut update: Repeat) -> Repeat {
    Box::new(move || {
        let mut results = update();
        results.truncate(1);
        results
    })
}

/// The factor that clips `gradient` to a norm of at most one.
fn clip(gradient: &Tensor<1>) -> Tensor<1> {
    (sum_of_squares([gradient.clone()]).sqrt() + 1e-6).recip().clamp_max(1.0)
}

/// Values between -0.1 and 0.1; `scripts/peers/kernels.py` has the same.
fn values(count: usize, first: usize) -> Vec<f32> {
    let value = |at: usize| (((at * 48_271 % 65_537) as f64 / 65_537.0 - 0.5) * 0.2) as f32;
    (first..first + count).map(value).collect()
}

fn table(rows: usize, columns: usize, first: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values(rows * columns, first), [rows, columns]), device)
}
