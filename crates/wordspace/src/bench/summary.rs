//! Which device is the fastest at which work?

use std::fmt;

use serde::Serialize;

use super::{Measured, Row, Work};

/// Questions that a user has, and the work that answers them.
const QUESTIONS: [(&str, &[Work]); 4] = [
    ("training", &[Work::Step]),
    ("lookups", &[Work::Lookup, Work::Embed]),
    ("gradients", &[Work::Gradient, Work::Head]),
    ("updates", &[Work::Update, Work::Table, Work::Rows]),
];

/// The fastest device at some work.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fastest {
    /// The work.
    pub work: &'static str,
    /// The device.
    pub device: String,
    /// Each other device that did all of it, and how many times as long it took: the geometric mean over the cases.
    pub times_as_fast_as: Vec<(String, f64)>,
}

/// The fastest device at each kind of work that two devices or more did.
pub fn fastest(measured: &Measured) -> Vec<Fastest> {
    QUESTIONS.iter().filter_map(|(name, works)| fastest_at(name, works, &measured.results)).collect()
}

fn fastest_at(name: &'static str, works: &[Work], rows: &[Row]) -> Option<Fastest> {
    let rows: Vec<&Row> = rows.iter().filter(|row| works.contains(&row.work)).collect();
    let mut devices: Vec<&str> = Vec::new();
    for row in &rows {
        if !devices.contains(&row.device.as_str()) {
            devices.push(&row.device);
        }
    }
    // The mean logarithm of the times of a device, if it did all cases.
    let cost = |device: &str| {
        let times: Option<Vec<f64>> =
            rows.iter().filter(|row| row.device == device).map(|row| row.milliseconds).collect();
        let times = times?;
        Some(times.iter().map(|time| time.ln()).sum::<f64>() / times.len() as f64)
    };
    let mut costs: Vec<(&str, f64)> = devices.iter().filter_map(|device| Some((*device, cost(device)?))).collect();
    costs.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (&(device, least), others) = costs.split_first()?;
    let slower = |&(other, cost): &(&str, f64)| (other.to_string(), (cost - least).exp());
    let times_as_fast_as: Vec<_> = others.iter().map(slower).collect();
    (!times_as_fast_as.is_empty()).then(|| Fastest { work: name, device: device.to_string(), times_as_fast_as })
}

impl fmt::Display for Fastest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = |(other, times): &(String, f64)| match *times {
            // Less than the noise of a measurement.
            times if times < 1.05 => format!("as fast as {other}"),
            times if times < 10.0 => format!("{times:.1} × as fast as {other}"),
            times => format!("{times:.0} × as fast as {other}"),
        };
        let others: Vec<String> = self.times_as_fast_as.iter().map(times).collect();
        write!(f, "{:<11}{} is {}", self.work, self.device, others.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(times: &[(Work, &str, Option<f64>)]) -> Measured {
        let row = |(work, device, milliseconds): &(Work, &str, Option<f64>)| {
            serde_json::json!({
                "work": work, "device": device, "V": 10, "C": 4, "N": 6, "milliseconds": milliseconds,
            })
        };
        let rows: Vec<_> = times.iter().map(row).collect();
        let machine = serde_json::json!({
            "processor": "p", "cores": 2, "threads": 2, "system": "s", "architecture": "a", "version": "v",
            "copy_gigabytes_per_second": 1.0, "copy_spread": 0.1,
        });
        serde_json::from_value(serde_json::json!({ "machine": machine, "results": rows })).unwrap()
    }

    #[test]
    fn the_fastest_device_is_named_with_how_much_faster_it_is() {
        let found = fastest(&measured(&[
            (Work::Step, "flex", Some(1.0)),
            (Work::Step, "ndarray", Some(23.0)),
            (Work::Lookup, "flex", Some(4.0)),
            (Work::Embed, "flex", Some(1.0)),
            (Work::Lookup, "ndarray", Some(1.0)),
            (Work::Embed, "ndarray", Some(1.0)),
        ]));
        let lines: Vec<String> = found.iter().map(Fastest::to_string).collect();
        assert_eq!(
            lines,
            ["training   flex is 23 × as fast as ndarray", "lookups    ndarray is 2.0 × as fast as flex"]
        );
    }

    #[test]
    fn a_device_that_failed_or_is_alone_is_not_compared() {
        let found = fastest(&measured(&[
            (Work::Step, "flex", Some(1.0)),
            (Work::Step, "wgpu", None),
            (Work::Update, "flex", Some(1.0)),
        ]));
        assert_eq!(found, []);
    }
}
