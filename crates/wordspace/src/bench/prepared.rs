//! A case on a device, its inputs in place, ready to be measured.

use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor};
use wordspace_data::Batch;
use wordspace_learn::config::TrainConfig;
use wordspace_learn::{Learner, Optimizer};
use wordspace_model::Gpt;
use wordspace_train::device::{OpenDevice, check_parity};

use super::check::check;
use super::inputs::{ADAMW, lookup, tensor};
use super::work::{self, Repeat};
use super::{Case, Work};

/// A case on a device.
pub struct Prepared {
    device: Device,
    repeat: Repeat,
}

impl Prepared {
    /// Copies the inputs of `case` to `device`, does the work once, and compares the results with `expected`.
    ///
    /// # Errors
    ///
    /// If the device cannot hold the inputs, or computes something else.
    pub fn checked(case: &Case, device: &OpenDevice, expected: &[Vec<f32>]) -> Result<Self, String> {
        if let Some(limit) = device.largest_buffer.filter(|&limit| case.largest() > limit) {
            let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
            let (need, limit) = (megabytes(case.largest()), megabytes(limit));
            return Err(format!("needs {need} in one buffer; the device allows {limit}"));
        }
        let is_cpu = device.is_cpu();
        if case.work == Work::Step && !check_parity(&device.device).is_ok_and(|parity| parity.is_right(!is_cpu)) {
            return Err("computes other values than PyTorch; see wordspace devices --check".into());
        }
        let mut prepared = Self::new(case, &device.device);
        check(&prepared.results(), expected, case, is_cpu)?;
        Ok(prepared)
    }

    /// Copies the inputs of `case` to `device`.
    pub fn new(case: &Case, device: &Device) -> Self {
        let (v, c, t, n) = (case.v, case.c, case.t, case.rows());
        let lookup = || lookup(case);
        let learning = device.clone().autodiff();
        let repeat = match case.work {
            Work::Lookup => work::lookup(tensor(v, c, 1, device), None, &lookup()),
            Work::Embed => work::lookup(tensor(v, c, 1, device), Some(tensor(t, c, 2, device)), &lookup()),
            Work::Gradient => work::gradient(tensor(v, c, 1, &learning), tensor(t, c, 2, &learning), &lookup()),
            Work::Update => {
                let scale: Tensor<1> = Tensor::ones([1], device);
                let [parameter, gradient] = [1, 2].map(|salt| tensor(v, c, salt, device).flatten(0, 1));
                work::update(ADAMW, parameter, gradient, move |_| scale.clone())
            }
            Work::Table => work::table_step(ADAMW, tensor(v, c, 1, device), tensor(t, c, 2, &learning), &lookup()),
            Work::Rows => work::rows_step(ADAMW, tensor(v, c, 1, device), tensor(t, c, 2, &learning), &lookup()),
            Work::Head => work::head(tensor(n, c, 1, &learning), tensor(v, c, 2, &learning), &lookup()),
            Work::Step => training(case, &learning),
        };
        Self { device: device.clone(), repeat }
    }

    /// Does the work once and reads the results back, where a device reports errors that it held back before.
    pub fn results(&mut self) -> Vec<Vec<f32>> {
        let read = |tensor: Tensor<1>| tensor.into_data().try_into_vec().expect("results are f32");
        (self.repeat)().into_iter().map(read).collect()
    }

    /// The time of doing the work `times` times, from an idle device to an idle device.
    pub fn time(&mut self, times: u64) -> Duration {
        self.device.sync().expect("the device works");
        let began = Instant::now();
        for _ in 0..times {
            let results = (self.repeat)();
            // Results that are dropped before they reach the device's queue may never be computed.
            self.device.flush().expect("the device works");
            drop(results);
        }
        self.device.sync().expect("the device works");
        began.elapsed()
    }
}

/// Training steps of one model on one batch: its loss falls, the work stays the same.
fn training(case: &Case, learning: &Device) -> Repeat {
    let model = case.model();
    let gpt = Gpt::init(&model, 42, learning).expect("the sizes make a model");
    let learner = Learner { model: gpt, optimizer: Optimizer::new(&model), seed: 0 };
    let drawn = case.ids.draw(case.v, case.rows() + 1);
    let (ids, targets) = (drawn[..case.rows()].to_vec(), drawn[1..].to_vec());
    let batch = Batch { rows: case.b, context: case.t, ids, targets };
    work::training(learner, vec![batch], TrainConfig::default())
}
