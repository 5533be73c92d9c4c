//! The pieces of work that are measured, each as a closure that does it once.
//!
//! `wordspace bench`, the criterion benches and the paired comparison with PyTorch all drive these; they differ only in the inputs.

use burn::tensor::{Device, Int, Tensor};
use wordspace_data::Batch;
use wordspace_kernels::{AdamW, Ids, Moments, Rows, backward_from, cross_entropy, embed, linear};
use wordspace_learn::Learner;
use wordspace_learn::config::TrainConfig;

/// Does a piece of work once and returns its results, flat. Drop them before the next call, so that their memory is free for it.
pub type Repeat = Box<dyn FnMut() -> Vec<Tensor<1>>>;

/// Which rows are looked up: `rows` sequences of `context` ids each, N = rows · context.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The ids, `[N]`.
    pub ids: Vec<u32>,
    /// T, the number of ids of a sequence.
    pub context: usize,
}

impl Lookup {
    /// The ids as kernels take them, `[B, T]`.
    pub fn on(&self, device: &Device) -> Ids {
        Ids::new(&self.ids, self.shape(), device)
    }

    fn shape(&self) -> [usize; 2] {
        [self.ids.len() / self.context, self.context]
    }

    /// The gradient that comes back to the rows, `[N, C]`: ones, so that the tables' gradients are those of the sum.
    fn ones(&self, channels: usize, device: &Device) -> Tensor<2> {
        Tensor::ones([self.ids.len(), channels], &device.clone().without_autodiff())
    }
}

/// Copies `values` by adding one, as a GPU copies.
pub fn copy(values: Tensor<1>) -> Repeat {
    Box::new(move || vec![values.clone() + 1.0])
}

/// The rows of the ids, `[N, C]`, with position rows added if `wpe` is given.
pub fn lookup(wte: Tensor<2>, wpe: Option<Tensor<2>>, lookup: &Lookup) -> Repeat {
    let ids = lookup.on(&wte.device());
    Box::new(move || vec![embed(wte.clone(), wpe.clone(), ids.clone()).flatten(0, 1)])
}

/// Forward to the rows of the ids and backward to the dense gradients of both tables, `[V, C]` and `[T, C]`.
pub fn gradient(wte: Tensor<2>, wpe: Tensor<2>, lookup: &Lookup) -> Repeat {
    let ids = lookup.on(&wte.device());
    gradient_by(wte, wpe, lookup, move |wte, wpe| embed(wte, Some(wpe), ids.clone()))
}

/// [`gradient`] with ids that come from the host each time, as in training; for a GPU, the host sorts them.
pub fn gradient_of_new_ids(wte: Tensor<2>, wpe: Tensor<2>, lookup: &Lookup) -> Repeat {
    let (device, new) = (wte.device(), lookup.clone());
    gradient_by(wte, wpe, lookup, move |wte, wpe| embed(wte, Some(wpe), new.on(&device)))
}

/// [`gradient`] in burn's own operations.
pub fn gradient_by_burn(wte: Tensor<2>, wpe: Tensor<2>, lookup: &Lookup) -> Repeat {
    let ids: Tensor<1, Int> = lookup.on(&wte.device()).tensor().flatten(0, 1);
    gradient_by(wte, wpe, lookup, move |wte, wpe| {
        let [t, c] = wpe.dims();
        wte.select(0, ids.clone()).reshape([-1, t as i32, c as i32]).add(wpe.unsqueeze()).flatten(0, 1)
    })
}

fn gradient_by(
    wte: Tensor<2>,
    wpe: Tensor<2>,
    lookup: &Lookup,
    forward: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2> + 'static,
) -> Repeat {
    let ones = lookup.ones(wte.dims()[1], &wte.device());
    let (wte, wpe) = (wte.require_grad(), wpe.require_grad());
    Box::new(move || {
        let mut gradients = backward_from(forward(wte.clone(), wpe.clone()), ones.clone());
        let mut of = |table: &Tensor<2>| table.grad_remove(&mut gradients).expect("it is tracked").flatten(0, 1);
        vec![of(&wte), of(&wpe)]
    })
}

/// [`gradient`] for the token rows that are read only, in the order of their ids. `wte` is not differentiated itself.
pub fn gradient_of_rows(wte: Tensor<2>, wpe: Tensor<2>, lookup: &Lookup) -> Repeat {
    let (device, lookup) = (wpe.device(), lookup.clone());
    let ones = lookup.ones(wte.dims()[1], &device);
    let wpe = wpe.require_grad();
    Box::new(move || {
        let rows = Rows::from_ids(lookup.ids.iter().copied());
        let slots = Ids::new(&rows.indices_of(&lookup.ids), lookup.shape(), &device);
        let taken = Tensor::from_inner(rows.gather(wte.clone())).require_grad();
        let mut gradients = backward_from(embed(taken.clone(), Some(wpe.clone()), slots), ones.clone());
        let mut of = |table: &Tensor<2>| table.grad_remove(&mut gradients).expect("it is tracked").flatten(0, 1);
        vec![of(&taken), of(&wpe)]
    })
}

/// AdamW on one long parameter, again and again. `scale` gives the factor of the gradient, as clipping does.
pub fn update(
    adamw: AdamW,
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    scale: impl Fn(&Tensor<1>) -> Tensor<1> + 'static,
) -> Repeat {
    updates(adamw, parameter, move |adamw, parameter, moments| {
        adamw.update(parameter, gradient.clone(), scale(&gradient), moments)
    })
}

/// [`update`] of the rows that `ids` name only; `gradient` has those rows, `[rows · C]`.
pub fn update_rows(
    adamw: AdamW,
    parameter: Tensor<1>,
    gradient: Tensor<1>,
    ids: Vec<u32>,
    scale: impl Fn(&Tensor<1>) -> Tensor<1> + 'static,
) -> Repeat {
    updates(adamw, parameter, move |adamw, parameter, moments| {
        let rows = Rows::from_ids(ids.iter().copied());
        adamw.update_rows(parameter, &rows, gradient.clone(), scale(&gradient), moments)
    })
}

/// A training step of a token table alone: lookup with positions, the gradient of the sum, and AdamW on all rows.
pub fn table_step(adamw: AdamW, wte: Tensor<2>, wpe: Tensor<2>, lookup: &Lookup) -> Repeat {
    let [v, c] = wte.dims();
    let (ids, ones) = (lookup.on(&wpe.device()), lookup.ones(c, &wpe.device()));
    let scale = Tensor::ones([1], &wte.device());
    let wpe = wpe.require_grad();
    updates(adamw, wte.flatten(0, 1), move |adamw, parameter, moments| {
        let wte = Tensor::from_inner(parameter.reshape([v, c])).require_grad();
        let gradients = &mut backward_from(embed(wte.clone(), Some(wpe.clone()), ids.clone()), ones.clone());
        let gradient = wte.grad_remove(gradients).expect("it is tracked").flatten(0, 1);
        adamw.update(wte.inner().flatten(0, 1), gradient, scale.clone(), moments)
    })
}

/// [`table_step`] for the rows that are read only.
pub fn rows_step(adamw: AdamW, wte: Tensor<2>, wpe: Tensor<2>, lookup: &Lookup) -> Repeat {
    let [v, c] = wte.dims();
    let (lookup, device) = (lookup.clone(), wpe.device());
    let (scale, ones) = (Tensor::ones([1], &wte.device()), lookup.ones(c, &device));
    let wpe = wpe.require_grad();
    updates(adamw, wte.flatten(0, 1), move |adamw, parameter, moments| {
        let rows = Rows::from_ids(lookup.ids.iter().copied());
        let slots = Ids::new(&rows.indices_of(&lookup.ids), lookup.shape(), &device);
        let taken = Tensor::from_inner(rows.gather(parameter.clone().reshape([v, c]))).require_grad();
        let gradients = &mut backward_from(embed(taken.clone(), Some(wpe.clone()), slots), ones.clone());
        let gradient = taken.grad_remove(gradients).expect("it is tracked").flatten(0, 1);
        adamw.update_rows(parameter, &rows, gradient, scale.clone(), moments)
    })
}

/// A parameter that is updated again and again. Returns it and its two moments.
fn updates(
    mut adamw: AdamW,
    parameter: Tensor<1>,
    update: impl Fn(&AdamW, Tensor<1>, Moments) -> (Tensor<1>, Moments) + 'static,
) -> Repeat {
    let moments = Moments::zeros_like(&parameter);
    let mut state = Some((parameter, moments));
    adamw.step = 0;
    Box::new(move || {
        adamw.step += 1;
        let (parameter, moments) = state.take().expect("it was put back");
        let (parameter, moments) = update(&adamw, parameter, moments);
        let results = vec![parameter.clone(), moments.first.clone(), moments.second.clone()];
        state = Some((parameter, moments));
        results
    })
}

/// A linear layer, forward and backward from ones to the gradients of `x` `[N, C]`, `weight` `[C, V]` and `bias` `[V]`.
pub fn layer(x: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Repeat {
    let ones = Tensor::ones([x.dims()[0], bias.dims()[0]], &x.device().without_autodiff());
    let ([x, weight], bias) = ([x, weight].map(Tensor::require_grad), bias.require_grad());
    Box::new(move || {
        let mut gradients = backward_from(linear(x.clone(), weight.clone(), bias.clone()), ones.clone());
        let [d_x, d_weight] = [&x, &weight].map(|tensor| tensor.grad_remove(&mut gradients).expect("it is tracked"));
        let d_bias = bias.grad_remove(&mut gradients).expect("it is tracked");
        vec![d_x.flatten(0, 1), d_weight.flatten(0, 1), d_bias]
    })
}

/// The tied head: hidden states `[N, C]` times `wte` `[V, C]` to the loss, and backward to the gradients of both.
pub fn head(hidden: Tensor<2>, wte: Tensor<2>, targets: &Lookup) -> Repeat {
    let targets: Tensor<1, Int> = targets.on(&wte.device()).tensor().flatten(0, 1);
    let (hidden, wte) = (hidden.require_grad(), wte.require_grad());
    Box::new(move || {
        let loss = cross_entropy(hidden.clone(), wte.clone(), targets.clone());
        let mut gradients = loss.backward();
        let mut of = |tensor: &Tensor<2>| tensor.grad_remove(&mut gradients).expect("it is tracked").flatten(0, 1);
        vec![of(&hidden), of(&wte), loss.inner()]
    })
}

/// Training steps of a model, the batches in turn. Each returns the loss and the gradient norm, `[2]`.
pub fn training(learner: Learner, batches: Vec<Batch>, config: TrainConfig) -> Repeat {
    let mut learner = Some(learner);
    let mut step = 0;
    Box::new(move || {
        let batch = &batches[step as usize % batches.len()];
        step += 1;
        let taken = learner.take().expect("it was put back");
        let (updated, result) = taken.step(std::slice::from_ref(batch), &config, step);
        learner = Some(updated);
        vec![result]
    })
}
