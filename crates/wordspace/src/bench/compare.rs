//! Compares two measurements of one machine: faster, slower, or within the noise.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::{Measured, Row};

/// The schema that can be read.
const SCHEMA: u64 = 1;

/// How a row changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Faster by more than both spreads.
    Faster,
    /// Slower by more than both spreads.
    Slower,
    /// Within the noise, and changed by little.
    Same,
    /// Changed by more than that, but within the noise.
    Inconclusive,
    /// Not measured before.
    New,
    /// Measured before, but not now.
    Failed,
}

/// A row compared with the same row of an earlier measurement.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// The median before, in milliseconds.
    pub milliseconds_before: Option<f64>,
    /// How many times faster it is now; below 1 it is slower.
    pub times_faster: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
}

/// A change within the noise that is no larger than this share is none.
const LITTLE: f64 = 0.05;

/// Compares each row of `after` with its row in `before`.
pub fn compare(before: &Measured, after: &Measured) -> Vec<Compared> {
    let beside = |row: &Row| {
        let earlier = before.results.iter().find(|earlier| earlier.key() == row.key());
        let time = |row: &Row| row.milliseconds.zip(row.spread);
        let compared = |before: Option<f64>, now: Option<f64>, verdict| Compared {
            milliseconds_before: before,
            times_faster: before.zip(now).map(|(before, now)| before / now),
            verdict,
        };
        match (earlier.and_then(time), time(row)) {
            (None, now) => compared(None, now.map(|(median, _)| median), Verdict::New),
            (Some((before, _)), None) => compared(Some(before), None, Verdict::Failed),
            (Some((before, spread_before)), Some((now, spread_now))) => {
                let verdict = match now - before {
                    change if change.abs() <= spread_before.max(spread_now) => match change.abs() <= LITTLE * before {
                        true => Verdict::Same,
                        false => Verdict::Inconclusive,
                    },
                    change if change < 0.0 => Verdict::Faster,
                    _ => Verdict::Slower,
                };
                compared(Some(before), Some(now), verdict)
            }
        }
    };
    after.results.iter().map(beside).collect()
}

/// Reads what `wordspace bench --json` wrote.
///
/// # Errors
///
/// A sentence about what is wrong with the file and how to make a valid one.
pub fn read(path: &Path) -> Result<Measured, String> {
    let wrong = |problem: String| {
        format!("{}: {problem}; `wordspace bench --json > FILE` writes a file that can be compared", path.display())
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("it cannot be read ({error})")))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| wrong(format!("it is not JSON ({error})")))?;
    if json["schema"].as_u64() != Some(SCHEMA) {
        return Err(wrong(format!("its schema is {}, expected {SCHEMA}", json["schema"])));
    }
    serde_json::from_value(json).map_err(|error| wrong(format!("it is not a result of wordspace bench ({error})")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(milliseconds: Option<f64>, spread: f64) -> Measured {
        let row = serde_json::json!({
            "work": "lookup", "device": "flex", "V": 10, "C": 4, "N": 6, "ids": "same",
            "milliseconds": milliseconds, "spread": milliseconds.map(|_| spread),
        });
        let machine = serde_json::json!({
            "processor": "p", "cores": 2, "threads": 2, "system": "s", "architecture": "a", "version": "v",
            "copy_gigabytes_per_second": 1.0, "copy_spread": 0.1,
        });
        serde_json::from_value(serde_json::json!({ "machine": machine, "results": [row] })).unwrap()
    }

    #[track_caller]
    fn becomes(before: (Option<f64>, f64), after: (Option<f64>, f64), expected: Verdict) {
        let compared = compare(&measured(before.0, before.1), &measured(after.0, after.1));
        assert_eq!(compared[0].verdict, expected);
    }

    #[test]
    fn a_change_counts_if_it_exceeds_both_spreads() {
        becomes((Some(10.0), 1.0), (Some(10.4), 0.1), Verdict::Same);
        becomes((Some(10.0), 0.1), (Some(9.6), 1.0), Verdict::Same);
        becomes((Some(10.0), 1.0), (Some(11.0), 0.1), Verdict::Inconclusive);
        becomes((Some(10.0), 0.1), (Some(4.9), 6.0), Verdict::Inconclusive);
        becomes((Some(10.0), 0.5), (Some(11.0), 0.5), Verdict::Slower);
        becomes((Some(10.0), 0.5), (Some(9.0), 0.5), Verdict::Faster);
    }

    #[test]
    fn a_row_without_a_time_is_new_or_failed() {
        becomes((None, 0.0), (Some(9.0), 0.5), Verdict::New);
        becomes((Some(9.0), 0.5), (None, 0.0), Verdict::Failed);
        becomes((None, 0.0), (None, 0.0), Verdict::New);
    }

    #[test]
    fn another_machine_is_told_by_what_differs() {
        let here = measured(None, 0.0).machine;
        let mut there = here.clone();
        assert_eq!(here.difference(&there), None);
        there.copy_gigabytes_per_second = 99.0;
        assert_eq!(here.difference(&there), None);
        there.cores = 64;
        assert_eq!(here.difference(&there).unwrap(), "cores \"2\" and cores \"64\"");
    }
}
