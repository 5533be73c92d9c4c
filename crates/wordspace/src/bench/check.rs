//! Compares the results of a case with the expected ones.

use super::{Case, Work};

/// Compares `found` with `expected`, with a tolerance relative to the largest expected value.
///
/// # Errors
///
/// The first value that is off.
pub(super) fn check(found: &[Vec<f32>], expected: &[Vec<f32>], case: &Case, is_cpu: bool) -> Result<(), String> {
    let allowed = match (case.work, is_cpu) {
        // Copies and counts are exact everywhere.
        (Work::Lookup | Work::Embed | Work::Gradient, _) => 1e-6,
        (_, true) => 1e-4,
        // A GPU's exponential and square root are less exact.
        (_, false) => 2e-3,
    };
    let lengths = |all: &[Vec<f32>]| all.iter().map(Vec::len).collect::<Vec<_>>();
    if lengths(found) != lengths(expected) {
        return Err(format!("wrong result: {:?} values instead of {:?}", lengths(found), lengths(expected)));
    }
    for (found, expected) in found.iter().zip(expected) {
        let largest = expected.iter().fold(f32::MIN_POSITIVE, |largest, x| largest.max(x.abs()));
        for (at, (x, y)) in found.iter().zip(expected).enumerate() {
            let off = (x - y).abs() / largest;
            if off.is_nan() || off > allowed {
                return Err(format!("wrong result: value {at} is {x} instead of {y}"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Ids;
    use super::*;

    #[test]
    fn a_value_that_is_off_missing_or_nan_is_found() {
        let case = Case { work: Work::Lookup, v: 50, c: 8, b: 3, t: 5, ids: Ids::Zipf };
        let expected = [vec![1.0, 2.0, -4.0]];
        let wrong = |found: &[f32]| check(&[found.to_vec()], &expected, &case, true);
        assert_eq!(wrong(&[1.0, 2.0, -4.0]), Ok(()));
        assert!(wrong(&[1.0, 2.1, -4.0]).unwrap_err().contains("value 1 is 2.1 instead of 2"));
        assert!(wrong(&[1.0, f32::NAN, -4.0]).unwrap_err().contains("NaN"));
        assert!(wrong(&[1.0]).unwrap_err().contains("[1] values instead of [3]"));
    }
}
