//! The machine's own speed: copying memory and multiplying matrices.

use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use wordspace_gemm::fma_rate;
use wordspace_train::device::OpenDevice;

use super::inputs::tensor;
use super::statistics::{median, spread_of};

/// Bytes of a copy; more than any cache holds.
const COPIED: usize = 256 << 20;
/// Bytes per call of memcpy. For larger copies the C library uses non-temporal stores, which can be slower here.
const AT_ONCE: usize = 256 << 10;
/// Bytes of a cache line.
const LINE: usize = 64;
/// Rows and columns of the matrices that are multiplied.
const MATRIX: usize = 2048;
/// Values that a GPU copies, 64 MB.
const COPIED_BY_A_GPU: usize = 1 << 24;

/// A machine and its measured speed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// The CPU's name, if the system tells it.
    pub processor: String,
    /// Its cores.
    pub cores: usize,
    /// The threads that were used.
    pub threads: usize,
    /// The operating system.
    pub system: String,
    /// The CPU architecture.
    pub architecture: String,
    /// The version of this program.
    pub version: String,
    /// The speed of copying on all threads into memory that is already mapped, counting reads and writes.
    pub copy_gigabytes_per_second: f64,
    /// Its spread.
    pub copy_spread: f64,
    /// The speed of multiplying two 2048 × 2048 matrices; none if this build has no CPU backend.
    pub matrix_gigaflops_per_second: Option<f64>,
    /// The rate of fused multiply-adds in registers on all threads, which no matrix product exceeds; files of earlier versions
    /// have none.
    #[serde(default)]
    pub fma_gigaflops_per_second: Option<f64>,
}

impl Machine {
    /// Measures this machine; `cpu` is the device that multiplies.
    pub fn measure(cpu: Option<&Device>, samples: usize) -> Self {
        let copies = copies(samples);
        Self {
            processor: cpu_name(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            threads: rayon::current_num_threads(),
            system: std::env::consts::OS.into(),
            architecture: std::env::consts::ARCH.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            copy_gigabytes_per_second: median(&copies),
            copy_spread: spread_of(&copies),
            matrix_gigaflops_per_second: cpu.map(|device| median(&products(device, samples))),
            fma_gigaflops_per_second: cpu.map(|_| fma_gigaflops(samples)),
        }
    }

    /// How `other` differs, if it is a different machine and the times cannot be compared.
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

/// The copy speed of `device` in GB/s: the CPU's is that of `machine`, a GPU's is measured by adding one to many values.
pub fn copy_speed(machine: &Machine, device: &OpenDevice) -> f64 {
    if device.is_cpu() {
        return machine.copy_gigabytes_per_second;
    }
    let values: Tensor<1> = tensor(1, COPIED_BY_A_GPU, 1, &device.device).flatten(0, 1);
    let times = 20;
    let seconds = |_| {
        device.device.sync().expect("the device works");
        let began = Instant::now();
        for _ in 0..times {
            let copied = values.clone() + 1.0;
            // Results that are dropped before they reach the device's queue may never be computed.
            device.device.flush().expect("the device works");
            drop(copied);
        }
        device.device.sync().expect("the device works");
        began.elapsed()
    };
    let speed = |time: Duration| (times * 8 * COPIED_BY_A_GPU) as f64 / time.as_secs_f64() / 1e9;
    median(&(0..6).map(seconds).skip(1).map(speed).collect::<Vec<_>>())
}

fn copies(samples: usize) -> Vec<f64> {
    // Both start on a cache line: on some CPUs a copy between different offsets has a quarter of the speed.
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
        device.sync().expect("the CPU works");
        drop(product);
        2.0 * (MATRIX as f64).powi(3) / began.elapsed().as_secs_f64() / 1e9
    };
    product();
    (0..samples).map(|_| product()).collect()
}

/// The best of `samples`: others only ever slow it down.
fn fma_gigaflops(samples: usize) -> f64 {
    /// Some ten milliseconds.
    const STEPS: usize = 5_000_000;
    (0..samples).map(|_| fma_rate(STEPS) / 1e9).fold(0.0, f64::max)
}

fn cpu_name() -> String {
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
