//! A piece of work on a device, ready to be done again and again.

use std::time::{Duration, Instant};

use burn::tensor::{Device, Int, Tensor, TensorData};
use wordspace_data::Batch;
use wordspace_kernels::{AdamW, Ids, Moments, Rows, backward_from, cross_entropy, embed};
use wordspace_learn::config::TrainConfig;
use wordspace_learn::{Learner, Optimizer};
use wordspace_model::Gpt;
use wordspace_train::device::{OpenDevice, check_parity};

use super::expected::check;
use super::{Case, Work};

/// The update that is timed.
pub(super) const ADAMW: AdamW =
    AdamW { learning_rate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.1, step: 1 };

/// A case on a device.
pub struct Prepared {
    device: Device,
    /// Does the work once. What comes of it is flat, and is let go before the work is done again.
    work: Box<dyn FnMut() -> Vec<Tensor<1>>>,
}

impl Prepared {
    /// Brings what `case` needs to `device`, does it once, and holds what comes of it to what is `expected`.
    ///
    /// # Errors
    ///
    /// If the device cannot hold it, or computes something else.
    pub fn checked(case: &Case, device: &OpenDevice, expected: &[Vec<f32>]) -> Result<Self, String> {
        if let Some(limit) = device.largest_buffer.filter(|&limit| case.largest() > limit) {
            let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
            let (need, limit) = (megabytes(case.largest()), megabytes(limit));
            return Err(format!("needs {need} in one buffer; the device takes {limit}"));
        }
        let is_processor = device.is_cpu();
        if case.work == Work::Step && !check_parity(&device.device).is_ok_and(|parity| parity.is_right(!is_processor)) {
            return Err("computes other numbers than PyTorch; see wordspace devices --check".into());
        }
        let mut prepared = Self::new(case, &device.device);
        check(&prepared.results(), expected, case, is_processor)?;
        Ok(prepared)
    }

    /// Brings what `case` needs to `device`.
    pub fn new(case: &Case, device: &Device) -> Self {
        let work: Box<dyn FnMut() -> Vec<Tensor<1>>> = match case.work {
            Work::Lookup => lookup(case, device, false),
            Work::Embed => lookup(case, device, true),
            Work::Gradient => gradient(case, &device.clone().autodiff()),
            Work::Update => update(case, device),
            Work::Table => table(case, device),
            Work::Rows => rows(case, device),
            Work::Head => head(case, &device.clone().autodiff()),
            Work::Step => step(case, &device.clone().autodiff()),
        };
        Self { device: device.clone(), work }
    }

    /// Does the work once and reads back what comes of it. A device that could not do it, and did not say so, says it now.
    pub fn results(&mut self) -> Vec<Vec<f32>> {
        let read = |tensor: Tensor<1>| tensor.into_data().try_into_vec().expect("results are f32");
        (self.work)().into_iter().map(read).collect()
    }

    /// How long it takes to do the work so many times, from an idle device to an idle device.
    pub fn time(&mut self, times: u64) -> Duration {
        self.device.sync().expect("the device is there");
        let began = Instant::now();
        for _ in 0..times {
            let results = (self.work)();
            // What is let go before it was handed to the device may never be computed.
            self.device.flush().expect("the device is there");
            drop(results);
        }
        self.device.sync().expect("the device could do it");
        began.elapsed()
    }
}

/// Numbers between -0.1 and 0.1, without a pattern.
pub(super) fn values(count: usize, salt: u32) -> Vec<f32> {
    let value = |at: u32| {
        let mut bits = (at ^ salt.rotate_left(16)).wrapping_mul(0x9e37_79b1);
        bits ^= bits >> 15;
        bits = bits.wrapping_mul(0x85eb_ca6b);
        ((bits ^ bits >> 13) >> 8) as f32 / (1 << 24) as f32 * 0.2 - 0.1
    };
    (0..count as u32).map(value).collect()
}

pub(super) fn tensor(rows: usize, columns: usize, salt: u32, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values(rows * columns, salt), [rows, columns]), device)
}

pub(super) fn ids(case: &Case, device: &Device) -> Ids {
    Ids::new(&case.ids.draw(case.v, case.rows()), [case.b, case.t], device)
}

fn lookup(case: &Case, device: &Device, with_positions: bool) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let wte = tensor(case.v, case.c, 1, device);
    let wpe = with_positions.then(|| tensor(case.t, case.c, 2, device));
    let ids = ids(case, device);
    Box::new(move || vec![embed(wte.clone(), wpe.clone(), ids.clone()).flatten(0, 1)])
}

/// What comes back to the rows, as from a layer above: ones, so that the gradients are those of the sum.
fn ones(case: &Case, device: &Device) -> Tensor<2> {
    Tensor::ones([case.rows(), case.c], &device.clone().without_autodiff())
}

fn gradient(case: &Case, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let wte = tensor(case.v, case.c, 1, device).require_grad();
    let wpe = tensor(case.t, case.c, 2, device).require_grad();
    let (ids, ones) = (ids(case, device), ones(case, device));
    Box::new(move || {
        let mut gradients = backward_from(embed(wte.clone(), Some(wpe.clone()), ids.clone()), ones.clone());
        let mut of = |table: &Tensor<2>| table.grad_remove(&mut gradients).expect("it is tracked").flatten(0, 1);
        vec![of(&wte), of(&wpe)]
    })
}

fn update(case: &Case, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let gradient: Tensor<1> = tensor(case.v, case.c, 2, device).flatten(0, 1);
    let scale = Tensor::ones([1], device);
    updates(case, device, move |adamw, parameter, moments| {
        adamw.update(parameter, gradient.clone(), scale.clone(), moments)
    })
}

/// The gradient of the sum and an update, as [`rows`] but for all rows.
fn table(case: &Case, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let learning = device.clone().autodiff();
    let (wpe, ids) = (tensor(case.t, case.c, 2, &learning).require_grad(), ids(case, &learning));
    let (v, c) = (case.v, case.c);
    let (scale, ones) = (Tensor::ones([1], device), ones(case, device));
    updates(case, device, move |adamw, parameter, moments| {
        let wte = Tensor::from_inner(parameter.reshape([v, c])).require_grad();
        let gradients = &mut backward_from(embed(wte.clone(), Some(wpe.clone()), ids.clone()), ones.clone());
        let gradient = wte.grad_remove(gradients).expect("it is tracked").flatten(0, 1);
        adamw.update(wte.inner().flatten(0, 1), gradient, scale.clone(), moments)
    })
}

fn rows(case: &Case, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let learning = device.clone().autodiff();
    let wpe = tensor(case.t, case.c, 2, &learning).require_grad();
    let drawn = case.ids.draw(case.v, case.rows());
    let Case { v, c, b, t, .. } = *case;
    let (scale, ones) = (Tensor::ones([1], device), ones(case, device));
    updates(case, device, move |adamw, parameter, moments| {
        let rows = Rows::from_ids(drawn.iter().copied());
        let places = Ids::new(&rows.indices_of(&drawn), [b, t], &learning);
        let taken = Tensor::from_inner(rows.gather(parameter.clone().reshape([v, c]))).require_grad();
        let gradients = &mut backward_from(embed(taken.clone(), Some(wpe.clone()), places), ones.clone());
        let gradient = taken.grad_remove(gradients).expect("it is tracked").flatten(0, 1);
        adamw.update_rows(parameter, &rows, gradient, scale.clone(), moments)
    })
}

/// A table that is updated again and again.
fn updates(
    case: &Case,
    device: &Device,
    update: impl Fn(&AdamW, Tensor<1>, Moments) -> (Tensor<1>, Moments) + 'static,
) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let parameter: Tensor<1> = tensor(case.v, case.c, 1, device).flatten(0, 1);
    let moments = Moments::zeros_like(&parameter);
    let mut state = Some((parameter, moments));
    let mut adamw = AdamW { step: 0, ..ADAMW };
    Box::new(move || {
        adamw.step += 1;
        let (parameter, moments) = state.take().expect("it was put back");
        let (parameter, moments) = update(&adamw, parameter, moments);
        let results = vec![parameter.clone(), moments.first.clone(), moments.second.clone()];
        state = Some((parameter, moments));
        results
    })
}

fn head(case: &Case, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let hidden = tensor(case.rows(), case.c, 1, device).require_grad();
    let table = tensor(case.v, case.c, 2, device).require_grad();
    let targets: Tensor<1, Int> = ids(case, device).tensor().flatten(0, 1);
    Box::new(move || {
        let loss = cross_entropy(hidden.clone(), table.clone(), targets.clone());
        let mut gradients = loss.backward();
        let mut of = |tensor: &Tensor<2>| tensor.grad_remove(&mut gradients).expect("it is tracked").flatten(0, 1);
        vec![of(&hidden), of(&table), loss.inner()]
    })
}

/// Updates of one model with one batch: its loss falls, what is done stays the same.
fn step(case: &Case, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let model = case.model();
    let gpt = Gpt::init(&model, 42, device).expect("the sizes make a model");
    let mut learner = Some(Learner { model: gpt, optimizer: Optimizer::new(&model), seed: 0 });
    let drawn = case.ids.draw(case.v, case.rows() + 1);
    let (ids, targets) = (drawn[..case.rows()].to_vec(), drawn[1..].to_vec());
    let batch = Batch { rows: case.b, context: case.t, ids, targets };
    let config = TrainConfig::default();
    let mut step = 0;
    Box::new(move || {
        step += 1;
        let taken = learner.take().expect("it was put back");
        let (updated, result) = taken.step(std::slice::from_ref(&batch), &config, step);
        learner = Some(updated);
        vec![result]
    })
}
