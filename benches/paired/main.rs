//! Ours in a comparison: a process that does a piece of work as often as it is told to, and says how long it took.
//!
//! The scripts in `scripts/peers` start it beside the same work in PyTorch and candle, or beside itself on another number of
//! threads, and let them take turns, each round anew, so that what disturbs the machine disturbs all. A line of JSON comes in,
//! a line goes out:
//!
//! ```text
//! {"work": "training", "file": …}     {"ready": "flex (processor, 2 threads)"}
//! {"times": 20}                       {"seconds": 0.61, "device_mb": null, "numbers": [[6.93, 1.2], …]}
//! ```
//!
//! The device is waited for at both ends of what is timed, and what was computed comes back to be compared. `device_mb` is
//! what burn holds of a GPU's memory.

mod kernels;
mod training;

use std::io::Write;
use std::time::Instant;

use burn::tensor::{Device, Tensor};
use serde_json::{Value, json};
use wordspace::train::device::OpenDevice;

#[global_allocator]
static ALLOCATOR: wordspace::Allocator = wordspace::Allocator;

/// Does its work so many times, and gives what is to be compared.
type Work = Box<dyn FnMut(u64) -> Vec<Tensor<1>>>;

/// Of a result with more numbers than this, sums of as many parts are compared.
const COMPARED: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [serve, name] = &arguments[..] else { return tell() };
    if serve != "serve" {
        return tell();
    }
    let mut requests = std::io::stdin().lines().map(|line| {
        let line = line.expect("requests are UTF-8");
        serde_json::from_str::<Value>(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    });
    let Some(request) = requests.next() else { return };
    wordspace::keep_freed_memory();
    let device = OpenDevice::open(name.parse().expect("the device is known")).expect("the device is there");
    let mut work = open(&request, &device.device);
    answer(&json!({ "ready": format!("{} ({})", device.name, device.hardware) }));
    for request in requests {
        let times = request["times"].as_u64().expect("a request says how often");
        device.device.sync().expect("the device is there");
        let began = Instant::now();
        let results = work(times);
        device.device.sync().expect("the device could do it");
        let seconds = began.elapsed().as_secs_f64();
        let held = device.device.memory_pool_usage().map(|usage| usage.bytes_reserved as f64 / 1e6);
        let numbers: Vec<Vec<f64>> = results.into_iter().map(compared).collect();
        answer(&json!({ "seconds": seconds, "device_mb": held, "numbers": numbers }));
    }
}

fn tell() {
    println!("the scripts in scripts/peers start this");
}

fn open(request: &Value, device: &Device) -> Work {
    match request["work"].as_str() {
        Some("training") => training::open(request, device),
        _ => kernels::open(request, device),
    }
}

/// The numbers of a result, or the sums of its parts.
fn compared(result: Tensor<1>) -> Vec<f64> {
    // Where they lie: a copy would count as memory of the work.
    let data = result.into_data();
    let numbers = data.as_slice::<f32>().expect("results are f32");
    let part = numbers.len().div_ceil(COMPARED);
    numbers.chunks(part).map(|part| part.iter().map(|&x| x as f64).sum()).collect()
}

fn answer(answer: &Value) {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{answer}").and_then(|()| stdout.flush()).expect("somebody listens");
}
