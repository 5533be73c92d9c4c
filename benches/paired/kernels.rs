//! The few operations that decide how fast an embedding trains, on numbers that need no file: each is a function of its place.

use std::sync::Arc;

use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::Deserialize;
use serde_json::Value;
use wordspace::kernels::{AdamW, Ids, Moments, Rows, backward_from, cross_entropy, embed, linear, sum_of_squares};

use crate::Work;

#[derive(Deserialize)]
struct Request {
    work: String,
    /// V; an update is of V C parameters.
    v: usize,
    c: usize,
    /// T; B follows from the ids.
    t: usize,
    ids: Vec<u32>,
}

/// Does the work that the request names; gives what comes of the last time.
pub fn open(request: &Value, device: &Device) -> Work {
    let request = Request::deserialize(request).expect("a request for a kernel");
    let is_burns = ["copy", "gradient-by-burn"].contains(&request.work.as_str());
    let mut once: Box<dyn FnMut() -> Vec<Tensor<1>>> = match request.work.as_str() {
        "copy" => copy(&request, device),
        "lookup" => lookup(&request, device, false),
        "embed" => lookup(&request, device, true),
        "gradient" => gradient(&request, &device.clone().autodiff()),
        "gradient-anew" => gradient_of_new_ids(request, &device.clone().autodiff()),
        "gradient-by-burn" => gradient_by_burn(&request, &device.clone().autodiff()),
        "rows" => rows(&request, &device.clone().autodiff()),
        "update" => update(&request, device),
        "update-rows" => update_of_rows(&request, device),
        "linear" => layer(&request, &device.clone().autodiff()),
        "head" => head(&request, &device.clone().autodiff()),
        other => panic!("no work is called {other:?}"),
    };
    let device = device.clone();
    Box::new(move |times| {
        let mut results = Vec::new();
        for _ in 0..times {
            drop(results);
            results = once();
            if is_burns {
                // What is let go before it was handed to the device may never be computed.
                device.flush().expect("the device is there");
            }
        }
        results
    })
}

/// Numbers between -0.1 and 0.1; `scripts/peers/kernels.py` has the same.
fn values(count: usize, first: usize) -> Vec<f32> {
    let value = |at: usize| (((at * 48_271 % 65_537) as f64 / 65_537.0 - 0.5) * 0.2) as f32;
    (first..first + count).map(value).collect()
}

fn table(rows: usize, columns: usize, first: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values(rows * columns, first), [rows, columns]), device)
}

fn ids(request: &Request, device: &Device) -> Ids {
    Ids::new(&request.ids, [request.ids.len() / request.t, request.t], device)
}

/// As many numbers as a lookup gives, each read and written once.
fn copy(request: &Request, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let numbers: Tensor<1> = table(request.ids.len(), request.c, 0, device).flatten(0, 1);
    Box::new(move || vec![numbers.clone() + 1.0])
}

/// Token rows, with position rows added where that is asked for.
fn lookup(request: &Request, device: &Device, with_positions: bool) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let (wte, ids) = (table(request.v, request.c, 0, device), ids(request, device));
    let wpe = with_positions.then(|| table(request.t, request.c, 1, device));
    Box::new(move || vec![embed(wte.clone(), wpe.clone(), ids.clone()).flatten(0, 1)])
}

/// Token and position rows, and back with ones to the dense gradients of both tables.
fn gradient(request: &Request, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let ids = ids(request, device);
    gradient_of(request, device, move |wte, wpe| embed(wte, Some(wpe), ids.clone()))
}

/// The same of ids that come new from the host, as in training, where a GPU has them sorted there.
fn gradient_of_new_ids(request: Request, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let at = device.clone();
    let request = Arc::new(request);
    gradient_of(&request.clone(), device, move |wte, wpe| embed(wte, Some(wpe), ids(&request, &at)))
}

/// The same in burn's own operations.
fn gradient_by_burn(request: &Request, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let ids: Tensor<1, Int> = ids(request, device).tensor().flatten(0, 1);
    gradient_of(request, device, move |wte, wpe| {
        let [t, c] = wpe.dims();
        wte.select(0, ids.clone()).reshape([-1, t as i32, c as i32]).add(wpe.unsqueeze()).flatten(0, 1)
    })
}

/// What comes back to the rows, as from a layer above.
fn ones(request: &Request, device: &Device) -> Tensor<2> {
    Tensor::ones([request.ids.len(), request.c], &device.clone().without_autodiff())
}

fn gradient_of(
    request: &Request,
    device: &Device,
    forward: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2> + 'static,
) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let wte = table(request.v, request.c, 0, device).require_grad();
    let wpe = table(request.t, request.c, 1, device).require_grad();
    let ones = ones(request, device);
    Box::new(move || {
        let mut gradients = backward_from(forward(wte.clone(), wpe.clone()), ones.clone());
        let mut of = |table: &Tensor<2>| table.grad_remove(&mut gradients).expect("it is tracked").flatten(0, 1);
        vec![of(&wte), of(&wpe)]
    })
}

/// The same, to the gradient of the rows alone that are read, in the order of their ids.
fn rows(request: &Request, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let wte = table(request.v, request.c, 0, device).inner();
    let wpe = table(request.t, request.c, 1, device).require_grad();
    let (ids, t, ones, device) = (request.ids.clone(), request.t, ones(request, device), device.clone());
    Box::new(move || {
        let rows = Rows::from_ids(ids.iter().copied());
        let places = Ids::new(&rows.indices_of(&ids), [ids.len() / t, t], &device);
        let taken = Tensor::from_inner(rows.gather(wte.clone())).require_grad();
        let mut gradients = backward_from(embed(taken.clone(), Some(wpe.clone()), places), ones.clone());
        let mut of = |table: &Tensor<2>| table.grad_remove(&mut gradients).expect("it is tracked").flatten(0, 1);
        vec![of(&taken), of(&wpe)]
    })
}

/// Clipping by the norm and AdamW, on one long parameter.
fn update(request: &Request, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let gradient = table(request.v, request.c, 1, device).flatten(0, 1);
    updates(request, device, move |adamw, parameter, moments| {
        adamw.update(parameter, gradient.clone(), clip(&gradient), moments)
    })
}

/// The same of the rows alone that the ids name.
fn update_of_rows(request: &Request, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let ids = request.ids.clone();
    let read = Rows::from_ids(ids.iter().copied()).ids().len();
    let gradient = table(read, request.c, 1, device).flatten(0, 1);
    updates(request, device, move |adamw, parameter, moments| {
        let rows = Rows::from_ids(ids.iter().copied());
        adamw.update_rows(parameter, &rows, gradient.clone(), clip(&gradient), moments)
    })
}

/// What the numbers of `gradient` are multiplied by for a norm of at most one.
fn clip(gradient: &Tensor<1>) -> Tensor<1> {
    (sum_of_squares([gradient.clone()]).sqrt() + 1e-6).recip().clamp_max(1.0)
}

fn updates(
    request: &Request,
    device: &Device,
    update: impl Fn(&AdamW, Tensor<1>, Moments) -> (Tensor<1>, Moments) + 'static,
) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let parameter: Tensor<1> = table(request.v, request.c, 0, device).flatten(0, 1);
    let moments = Moments::zeros_like(&parameter);
    let mut state = Some((parameter, moments));
    let mut adamw = AdamW { learning_rate: 1e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.1, step: 0 };
    Box::new(move || {
        adamw.step += 1;
        let (parameter, moments) = state.take().expect("it was put back");
        let (parameter, moments) = update(&adamw, parameter, moments);
        let result = vec![parameter.clone()];
        state = Some((parameter, moments));
        result
    })
}

/// A layer from C to V, and back with ones to the gradients of input, weight and bias.
fn layer(request: &Request, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let (n, c, v) = (request.ids.len(), request.c, request.v);
    let [x, weight] = [table(n, c, 1, device), table(c, v, 0, device)].map(Tensor::require_grad);
    let bias: Tensor<1> = table(1, v, 0, device).flatten(0, 1).detach().require_grad();
    let ones = Tensor::ones([n, v], &device.clone().without_autodiff());
    Box::new(move || {
        let mut gradients = backward_from(linear(x.clone(), weight.clone(), bias.clone()), ones.clone());
        let [d_x, d_weight] = [&x, &weight].map(|tensor| tensor.grad_remove(&mut gradients).expect("it is tracked"));
        let d_bias = bias.grad_remove(&mut gradients).expect("it is tracked");
        vec![d_x.flatten(0, 1), d_weight.flatten(0, 1), d_bias]
    })
}

fn head(request: &Request, device: &Device) -> Box<dyn FnMut() -> Vec<Tensor<1>>> {
    let hidden = table(request.ids.len(), request.c, 1, device).require_grad();
    let wte = table(request.v, request.c, 0, device).require_grad();
    let targets: Tensor<1, Int> = ids(request, device).tensor().flatten(0, 1);
    Box::new(move || {
        let loss = cross_entropy(hidden.clone(), wte.clone(), targets.clone());
        let mut gradients = loss.backward();
        let mut of = |tensor: &Tensor<2>| tensor.grad_remove(&mut gradients).expect("it is tracked").flatten(0, 1);
        vec![of(&hidden), of(&wte), loss.inner()]
    })
}
