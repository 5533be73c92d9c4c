//! What the processor can do at most: copy memory, and multiply matrices.

use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use wordspace_train::device::OpenDevice;

use super::measure::{median, spread_of};
use super::prepared::tensor;

/// Larger than any cache.
const COPIED: usize = 256 << 20;
/// How much is copied by one call. Beyond about this the C library writes past the caches, which is a tenth slower here.
const AT_ONCE: usize = 256 << 10;
/// The bytes of a line of the caches.
const LINE: usize = 64;
/// Rows and columns of the matrices that are multiplied.
const MATRIX: usize = 2048;
/// Numbers that a GPU copies, 64 MB.
const COPIED_BY_A_GPU: usize = 1 << 24;

/// The machine, and what it reached when it was measured.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// The name of the processor, where the system says it.
    pub processor: String,
    /// Its cores.
    pub cores: usize,
    /// How many threads worked.
    pub threads: usize,
    /// The operating system.
    pub system: String,
    /// The kind of processor.
    pub architecture: String,
    /// The version of this program.
    pub version: String,
    /// Memory copied by all threads into memory that is there already; what is read and what is written both count.
    pub copy_gigabytes_per_second: f64,
    /// Its spread.
    pub copy_spread: f64,
    /// The product of two 2048 × 2048 matrices; absent where this build has no backend for the processor.
    pub matrix_gigaflops_per_second: Option<f64>,
}

impl Machine {
    /// Measures this machine; `processor` is the device that multiplies.
    pub fn measure(processor: Option<&Device>, samples: usize) -> Self {
        let copies = copies(samples);
        Self {
            processor: processor_name(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            threads: rayon::current_num_threads(),
            system: std::env::consts::OS.into(),
            architecture: std::env::consts::ARCH.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            copy_gigabytes_per_second: median(&copies),
            copy_spread: spread_of(&copies),
            matrix_gigaflops_per_second: processor.map(|device| median(&products(device, samples))),
        }
    }

    /// Where `other` is another kind of machine, so that times say nothing: what differs, here and there.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let shape = |m: &Self| {
            [
                ("processor", m.processor.clone()),
                ("cores", m.cores.to_string()),
                ("threads", m.threads.to_string()),
                ("system", m.system.clone()),
                ("architecture", m.architecture.clone()),
            ]
        };
        let both = shape(self).into_iter().zip(shape(other));
        both.into_iter().find(|(a, b)| a != b).map(|((what, a), (_, b))| format!("{what} {a:?} and {what} {b:?}"))
    }
}

/// GB/s that `device` copies: the processor by `machine`, a GPU by adding one to each of many numbers.
pub fn copy_speed(machine: &Machine, device: &OpenDevice) -> f64 {
    if device.is_cpu() {
        return machine.copy_gigabytes_per_second;
    }
    let numbers: Tensor<1> = tensor(1, COPIED_BY_A_GPU, 1, &device.device).flatten(0, 1);
    let times = 20;
    let seconds = |_| {
        device.device.sync().expect("the device is there");
        let began = Instant::now();
        for _ in 0..times {
            let copied = numbers.clone() + 1.0;
            // What is let go before it was handed to the device may never be computed.
            device.device.flush().expect("the device is there");
            drop(copied);
        }
        device.device.sync().expect("the device is there");
        began.elapsed()
    };
    let speed = |time: Duration| (times * 8 * COPIED_BY_A_GPU) as f64 / time.as_secs_f64() / 1e9;
    median(&(0..6).map(seconds).skip(1).map(speed).collect::<Vec<_>>())
}

fn copies(samples: usize) -> Vec<f64> {
    // Both begin with a line: where one is 16 bytes further within it, an EPYC of family 25 copies at a quarter of its speed.
    let lines = |bytes: &[u8]| {
        let start = bytes.as_ptr().align_offset(LINE).min(LINE);
        start..start + COPIED
    };
    let (from, mut to) = (vec![1_u8; COPIED + LINE], vec![2_u8; COPIED + LINE]);
    let (read, written) = (lines(&from), lines(&to));
    let (from, to) = (&from[read], &mut to[written]);
    let share = COPIED.div_ceil(rayon::current_num_threads());
    let mut copy = || {
        let began = Instant::now();
        to.par_chunks_mut(share).zip(from.par_chunks(share)).for_each(|(to, from)| {
            to.chunks_mut(AT_ONCE).zip(from.chunks(AT_ONCE)).for_each(|(to, from)| to.copy_from_slice(from));
        });
        (2 * COPIED) as f64 / began.elapsed().as_secs_f64() / 1e9
    };
    copy();
    (0..samples).map(|_| copy()).collect()
}

fn products(device: &Device, samples: usize) -> Vec<f64> {
    let (a, b) = (tensor(MATRIX, MATRIX, 1, device), tensor(MATRIX, MATRIX, 2, device));
    let product = || {
        let began = Instant::now();
        let product = a.clone().matmul(b.clone());
        device.sync().expect("the processor is there");
        drop(product);
        2.0 * (MATRIX as f64).powi(3) / began.elapsed().as_secs_f64() / 1e9
    };
    product();
    (0..samples).map(|_| product()).collect()
}

fn processor_name() -> String {
    let known = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let of = |name: &str| {
        let line = known.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_string())
    };
    match (of("model name"), of("cpu family"), of("model\t")) {
        (Some(name), Some(family), Some(model)) => format!("{name}, family {family}, model {model}"),
        (name, ..) => name.unwrap_or_else(|| "unknown".into()),
    }
}
