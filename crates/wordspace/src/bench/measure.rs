//! Measures a case on a device.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wordspace_train::device::OpenDevice;

use super::statistics::{median, spread_of};
use super::{Case, Ids, Machine, Prepared, Work};

/// The shortest sample. Faster work is repeated within one sample.
const SAMPLE: Duration = Duration::from_millis(4);
/// Samples at least.
const FEWEST: usize = 5;
/// Samples at least if they take much more than the budget.
const FEWEST_OF_LONG: usize = 3;

/// A machine and its results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// The machine.
    pub machine: Machine,
    /// One row per case and device.
    pub results: Vec<Row>,
}

/// The result of a case on a device: its time, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The kind of work.
    pub work: Work,
    /// The device's name, as `--device` takes it.
    pub device: String,
    /// Rows of the table.
    #[serde(rename = "V")]
    pub v: usize,
    /// Elements of a row.
    #[serde(rename = "C")]
    pub c: usize,
    /// Rows that are looked up, scored, trained on or updated.
    #[serde(rename = "N")]
    pub n: usize,
    /// How the ids are drawn; none for an update.
    pub ids: Option<Ids>,
    /// The median time.
    pub milliseconds: Option<f64>,
    /// The time from the 10th to the 90th percentile, in milliseconds.
    pub spread: Option<f64>,
    /// The number of samples.
    pub samples: Option<usize>,
    /// N per median time.
    pub rows_per_second: Option<f64>,
    /// The minimal traffic ([`Case::bytes`]) per median time.
    pub gigabytes_per_second: Option<f64>,
    /// That as a share of the device's copy speed.
    pub fraction_of_copy: Option<f64>,
    /// The operations ([`Case::operations`]) per median time, if there are any.
    pub gigaflops_per_second: Option<f64>,
    /// That as a share of the CPU's speed in one large matrix product.
    pub fraction_of_matrix_rate: Option<f64>,
    /// And as a share of its rate of fused multiply-adds.
    #[serde(default)]
    pub fraction_of_fma_rate: Option<f64>,
    /// Why there is no time, if there is none.
    pub error: Option<String>,
}

impl Row {
    /// What is measured. Rows with the same key can be compared.
    pub fn key(&self) -> (Work, &str, usize, usize, usize, Option<Ids>) {
        (self.work, &self.device, self.v, self.c, self.n, self.ids)
    }
}

/// How long a row is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Times that the work is done before the first sample, at least once.
    pub warmup: u64,
    /// The samples; otherwise as many as fit into `budget`.
    pub runs: Option<usize>,
    /// The time for a row.
    pub budget: Duration,
}

/// Checks `case` on `device` against `expected`, then times it as `plan` says. `copy` is the device's copy speed in GB/s.
pub fn measure(
    case: &Case,
    device: &OpenDevice,
    expected: &[Vec<f32>],
    machine: &Machine,
    copy: f64,
    plan: Plan,
) -> Row {
    let ids = (case.work != Work::Update).then_some(case.ids);
    let mut row = Row {
        work: case.work,
        device: device.name.clone(),
        v: case.v,
        c: case.c,
        n: case.rows(),
        ids,
        milliseconds: None,
        spread: None,
        samples: None,
        rows_per_second: None,
        gigabytes_per_second: None,
        fraction_of_copy: None,
        gigaflops_per_second: None,
        fraction_of_matrix_rate: None,
        fraction_of_fma_rate: None,
        error: None,
    };
    // burn panics if a device fails.
    let timed = catch_unwind(AssertUnwindSafe(|| checked_and_timed(case, device, expected, plan)));
    match timed.unwrap_or_else(|panic| Err(problem(&*panic))) {
        Err(error) => row.error = Some(error),
        Ok(times) => {
            let seconds = median(&times);
            let speed = case.bytes() as f64 / seconds / 1e9;
            row.milliseconds = Some(1000.0 * seconds);
            row.spread = Some(1000.0 * spread_of(&times));
            row.samples = Some(times.len());
            row.rows_per_second = Some(case.rows() as f64 / seconds);
            row.gigabytes_per_second = Some(speed);
            row.fraction_of_copy = Some(speed / copy);
            row.gigaflops_per_second = case.operations().map(|operations| operations as f64 / seconds / 1e9);
            let share = |rate: Option<f64>| Some(row.gigaflops_per_second? / rate.filter(|_| device.is_cpu())?);
            row.fraction_of_matrix_rate = share(machine.matrix_gigaflops_per_second);
            row.fraction_of_fma_rate = share(machine.fma_gigaflops_per_second);
        }
    }
    row
}

/// The samples of a case, in seconds.
fn checked_and_timed(case: &Case, device: &OpenDevice, expected: &[Vec<f32>], plan: Plan) -> Result<Vec<f64>, String> {
    let mut prepared = Prepared::checked(case, device, expected)?;
    let once = prepared.time(plan.warmup.max(1)) / plan.warmup.max(1) as u32;
    let times = SAMPLE.as_nanos().div_ceil(once.as_nanos().max(1)).clamp(1, 10_000) as u64;
    let (mut samples, began) = (Vec::new(), Instant::now());
    while !is_enough(samples.len(), began.elapsed(), plan) {
        samples.push(prepared.time(times).as_secs_f64() / times as f64);
    }
    Ok(samples)
}

fn is_enough(samples: usize, spent: Duration, plan: Plan) -> bool {
    match plan.runs {
        Some(runs) => samples >= runs,
        None => {
            let is_long = samples >= FEWEST_OF_LONG && spent >= 4 * plan.budget;
            is_long || samples >= FEWEST && spent >= plan.budget
        }
    }
}

fn problem(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("failed: {}", text.unwrap_or("the device gave no reason").lines().next().unwrap_or_default())
}
