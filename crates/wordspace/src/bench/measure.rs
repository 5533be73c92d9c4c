//! A case on a device as a row of numbers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use wordspace_train::device::OpenDevice;

use super::{Case, Ids, Machine, Prepared, Work};

/// What is faster than this is done several times between two looks at the clock.
const SAMPLE: Duration = Duration::from_millis(4);
/// How often the clock is looked at, at least.
const FEWEST: usize = 5;
/// And at least when one time is many times what was to be spent.
const FEWEST_OF_LONG: usize = 3;

/// A machine and what was measured on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Measured {
    /// The machine.
    pub machine: Machine,
    /// One row a case and device.
    pub results: Vec<Row>,
}

/// What came of a case on a device: times, or the reason why there are none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What was done.
    pub work: Work,
    /// On what, by the name it can be chosen by.
    pub device: String,
    /// Rows of the table.
    #[serde(rename = "V")]
    pub v: usize,
    /// Numbers of a row.
    #[serde(rename = "C")]
    pub c: usize,
    /// Rows that were looked up, scored, trained on or updated.
    #[serde(rename = "N")]
    pub n: usize,
    /// How the ids were drawn; none for an update.
    pub ids: Option<Ids>,
    /// The median.
    pub milliseconds: Option<f64>,
    /// From the tenth to the ninetieth of a hundred times, in milliseconds.
    pub spread: Option<f64>,
    /// How many times were measured.
    pub samples: Option<usize>,
    /// N by the median.
    pub rows_per_second: Option<f64>,
    /// The least that must be moved ([`Case::bytes`]) by the median.
    pub gigabytes_per_second: Option<f64>,
    /// That as a share of what the device copies.
    pub fraction_of_copy: Option<f64>,
    /// The products' operations by the median, where there are products.
    pub gigaflops_per_second: Option<f64>,
    /// That as a share of what the processor reaches in one large product.
    pub fraction_of_matrix_rate: Option<f64>,
    /// Why there is no time.
    pub error: Option<String>,
}

impl Row {
    /// What is measured, without what came of it: rows with the same key can be compared.
    pub fn key(&self) -> (Work, &str, usize, usize, usize, Option<Ids>) {
        (self.work, &self.device, self.v, self.c, self.n, self.ids)
    }
}

/// Checks `case` on `device` against `expected`, then times it for about `budget`.
pub fn measure(
    case: &Case,
    device: &OpenDevice,
    expected: &[Vec<f32>],
    machine: &Machine,
    copy: f64,
    budget: Duration,
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
        error: None,
    };
    // burn panics where a device fails.
    let timed = catch_unwind(AssertUnwindSafe(|| checked_and_timed(case, device, expected, budget)));
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
            let rate = machine.matrix_gigaflops_per_second.filter(|_| device.is_cpu());
            row.fraction_of_matrix_rate = row.gigaflops_per_second.zip(rate).map(|(reached, rate)| reached / rate);
        }
    }
    row
}

/// The times of a case, in seconds.
fn checked_and_timed(
    case: &Case,
    device: &OpenDevice,
    expected: &[Vec<f32>],
    budget: Duration,
) -> Result<Vec<f64>, String> {
    let mut prepared = Prepared::checked(case, device, expected)?;
    let once = prepared.time(1);
    let times = SAMPLE.as_nanos().div_ceil(once.as_nanos().max(1)).clamp(1, 10_000) as u64;
    let (mut samples, began) = (Vec::new(), Instant::now());
    loop {
        let spent = began.elapsed();
        let is_enough = samples.len() >= FEWEST && spent >= budget;
        let is_long = samples.len() >= FEWEST_OF_LONG && spent >= 4 * budget;
        if is_enough || is_long {
            return Ok(samples);
        }
        samples.push(prepared.time(times).as_secs_f64() / times as f64);
    }
}

/// The middle of `numbers`, of which there is at least one.
pub(super) fn median(numbers: &[f64]) -> f64 {
    quantile(numbers, 0.5)
}

/// From the tenth to the ninetieth of a hundred of `numbers`, of which there is at least one.
pub fn spread_of(numbers: &[f64]) -> f64 {
    quantile(numbers, 0.9) - quantile(numbers, 0.1)
}

/// Between two numbers it is in proportion, as NumPy has it.
fn quantile(numbers: &[f64], share: f64) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + (high - low) * place.fract()
}

fn problem(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    format!("failed: {}", text.unwrap_or("the device did not say why").lines().next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_spread_are_numpys() {
        let numbers = [5.0, 1.0, 2.0, 4.0, 3.0];
        assert_eq!(median(&numbers), 3.0);
        assert!((spread_of(&numbers) - 3.2).abs() < 1e-12); // from 1.4 to 4.6
        assert_eq!(median(&[1.0, 2.0]), 1.5);
        assert_eq!(spread_of(&[7.0]), 0.0);
    }
}
