//! candle as a contender: a process that repeats a piece of work on request and reports its time.
//!
//! `scripts/peers/training.py` and `scripts/peers/kernels.py` start it for `--candle`; `benches/paired/main.rs` describes the
//! protocol. Models and operations are written like candle's own examples.

mod kernels;
mod training;

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use candle_core::{DType, Result, Tensor};
use serde_json::{Value, json};

/// Repeats the work and returns the results to compare.
type Work = Box<dyn FnMut(u64) -> Result<Vec<Tensor>>>;

/// Larger results are compared as this many partial sums.
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
        let times = request["times"].as_u64().ok_or("expected {\"times\": N}")?;
        let began = Instant::now();
        let results = work(times)?;
        let seconds = began.elapsed().as_secs_f64();
        let numbers = results.iter().map(compared).collect::<Result<Vec<_>>>()?;
        answer(&json!({ "seconds": seconds, "numbers": numbers }))?;
    }
    Ok(())
}

/// The values of a result, or its partial sums.
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
