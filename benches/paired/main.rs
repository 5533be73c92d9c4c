//! Our side of a paired comparison: a process that repeats a piece of work on request and reports the time.
//!
//! The scripts in `scripts/peers` start it beside the same work in PyTorch or candle, or beside itself with another number of
//! threads. All take turns in every round, so that disturbances of the machine hit all alike. Requests and answers are lines of
//! JSON:
//!
//! ```text
//! {"work": "training", "file": …}     {"ready": "flex (CPU, 2 threads)"}
//! {"times": 20}                       {"seconds": 0.61, "device_mb": null, "numbers": [[6.93, 1.2], …]}
//! ```
//!
//! Timing starts and ends with an idle device, and the results come back to be compared. `device_mb` is the GPU memory that burn
//! has reserved.

mod kernels;
mod training;

use std::io::Write;
use std::time::Instant;

use burn::tensor::{Device, Tensor};
use serde_json::{Value, json};
use wordspace::train::device::OpenDevice;

#[global_allocator]
static ALLOCATOR: wordspace::Allocator = wordspace::Allocator;

/// Does its work the given number of times, and returns the results to compare.
type Work = Box<dyn FnMut(u64) -> Vec<Tensor<1>>>;

/// Results with more values than this are compared by as many partial sums.
const COMPARED: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [serve, name] = &arguments[..] else { return explain() };
    if serve != "serve" {
        return explain();
    }
    let mut requests = std::io::stdin().lines().map(|line| {
        let line = line.expect("requests are UTF-8");
        serde_json::from_str::<Value>(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    });
    let Some(request) = requests.next() else { return };
    wordspace::keep_freed_memory();
    let device = OpenDevice::open(name.parse().expect("the device is known")).expect("the device works");
    let mut work = open(&request, &device.device);
    answer(&json!({ "ready": format!("{} ({})", device.name, device.hardware) }));
    for request in requests {
        let times = request["times"].as_u64().expect("a request says how often");
        device.device.sync().expect("the device works");
        let began = Instant::now();
        let results = work(times);
        device.device.sync().expect("the device works");
        let seconds = began.elapsed().as_secs_f64();
        let held = device.device.memory_pool_usage().map(|usage| usage.bytes_reserved as f64 / 1e6);
        let numbers: Vec<Vec<f64>> = results.into_iter().map(compared).collect();
        answer(&json!({ "seconds": seconds, "device_mb": held, "numbers": numbers }));
    }
}

fn explain() {
    println!("started by the scripts in scripts/peers");
}

fn open(request: &Value, device: &Device) -> Work {
    match request["work"].as_str() {
        Some("training") => training::open(request, device),
        _ => kernels::open(request, device),
    }
}

/// The values of a result, or partial sums of them.
fn compared(result: Tensor<1>) -> Vec<f64> {
    // Read in place: a copy would count as memory of the work.
    let data = result.into_data();
    let numbers = data.as_slice::<f32>().expect("results are f32");
    let part = numbers.len().div_ceil(COMPARED);
    numbers.chunks(part).map(|part| part.iter().map(|&x| x as f64).sum()).collect()
}

fn answer(answer: &Value) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{answer}").and_then(|()| stdout.flush()).expect("the script reads the answers");
}
