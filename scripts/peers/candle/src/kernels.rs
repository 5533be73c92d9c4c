//! Lookups, and gradients of two tables, on values that are a function of their index.

use candle_core::{Device, Result, Tensor, Var, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::Work;

#[derive(Deserialize)]
struct Request {
    work: String,
    /// V, the number of rows of the table.
    v: usize,
    c: usize,
    /// T; B follows from the ids.
    t: usize,
    ids: Vec<u32>,
}

/// Opens the work that the request names; it returns the results of the last repetition.
pub fn open(request: &Value) -> Result<Work> {
    let request = Request::deserialize(request).map_err(candle_core::Error::wrap)?;
    let mut once: Box<dyn FnMut() -> Result<Vec<Tensor>>> = match request.work.as_str() {
        "lookup" => lookup(&request)?,
        "gradient" => gradient(&request)?,
        other => bail!("work is {other:?}; expected lookup or gradient"),
    };
    Ok(Box::new(move |times| {
        let mut results = Vec::new();
        for _ in 0..times {
            drop(results);
            results = once()?;
        }
        Ok(results)
    }))
}

/// Values between -0.1 and 0.1; `scripts/peers/kernels.py` has the same.
fn table(rows: usize, columns: usize, first: usize) -> Result<Tensor> {
    let value = |at: usize| (((at * 48_271 % 65_537) as f64 / 65_537.0 - 0.5) * 0.2) as f32;
    let values: Vec<f32> = (first..first + rows * columns).map(value).collect();
    Tensor::from_vec(values, (rows, columns), &Device::Cpu)
}

fn ids(request: &Request) -> Result<Tensor> {
    Tensor::new(request.ids.as_slice(), &Device::Cpu)
}

fn lookup(request: &Request) -> Result<Box<dyn FnMut() -> Result<Vec<Tensor>>>> {
    let (wte, ids) = (table(request.v, request.c, 0)?, ids(request)?);
    Ok(Box::new(move || Ok(vec![wte.embedding(&ids)?])))
}

/// Token and position rows, and backward from ones to the dense gradients of both tables.
fn gradient(request: &Request) -> Result<Box<dyn FnMut() -> Result<Vec<Tensor>>>> {
    let wte = Var::from_tensor(&table(request.v, request.c, 0)?)?;
    let wpe = Var::from_tensor(&table(request.t, request.c, 1)?)?;
    let ids = ids(request)?;
    let shape = (request.ids.len() / request.t, request.t, request.c);
    Ok(Box::new(move || {
        let rows = wte.embedding(&ids)?.reshape(shape)?.broadcast_add(&wpe)?;
        let mut gradients = rows.backward()?;
        Ok([&wte, &wpe].into_iter().map(|table| gradients.remove(table).expect("it is a variable")).collect())
    }))
}
