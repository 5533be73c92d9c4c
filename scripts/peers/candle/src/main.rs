//! candle in a comparison: a process that does a piece of work as often as it is told to, and says how long it took.
//!
//! `scripts/peers/training.py` and `scripts/peers/kernels.py` start it where `--candle` names it; `benches/paired/main.rs`
//! says what is spoken. Models and operations are written as candle's own examples write them.

mod kernels;
mod training;

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use candle_core::{DType, Result, Tensor};
use serde_json::{Value, json};

/// Does its work so many times, and gives what is to be compared.
type Work = Box<dyn FnMut(u64) -> Result<Vec<Tensor>>>;

/// Of a result with more numbers than this, sums of as many parts are compared.
const COMPARED: usize = 100;

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let mut requests = std::io::stdin().lines();
    let Some(request) = requests.next() else { return Ok(()) };
    let request: Value = serde_json::from_str(&request?)?;
    let mut work = match request["work"].as_str() {
        Some("training") => training::open(&request)?,
        _ => kernels::open(&request)?,
    };
    answer(&json!({ "ready": "candle" }))?;
    for request in requests {
        let request: Value = serde_json::from_str(&request?)?;
        let times = request["times"].as_u64().ok_or("a request says how often")?;
        let began = Instant::now();
        let results = work(times)?;
        let seconds = began.elapsed().as_secs_f64();
        let numbers = results.iter().map(compared).collect::<Result<Vec<_>>>()?;
        answer(&json!({ "seconds": seconds, "numbers": numbers }))?;
    }
    Ok(())
}

/// The numbers of a result, or the sums of its parts.
fn compared(result: &Tensor) -> Result<Vec<f64>> {
    let numbers = result.flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>()?;
    let part = numbers.len().div_ceil(COMPARED);
    Ok(numbers.chunks(part).map(|part| part.iter().map(|&x| x as f64).sum()).collect())
}

fn answer(answer: &Value) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{answer}")?;
    stdout.flush()
}
