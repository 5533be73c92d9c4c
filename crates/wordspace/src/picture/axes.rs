//! The axes of a projection: their names and their ticks.

use crate::explore::projection::Projection;

/// The name of an axis, with the share of the variance along it.
pub fn axis_name(projection: &Projection, axis: usize) -> Option<String> {
    let share = 100.0 * projection.explained_variance.as_ref()?[axis];
    Some(format!("PC {} · {share:.1} %", axis + 1))
}

/// About `wanted` round values between `low` and `high`, in steps of 1, 2 or 5 times a power of ten.
pub fn ticks(low: f64, high: f64, wanted: f64) -> Vec<f64> {
    let rough = (high - low) / wanted;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= rough);
    // If all points coincide, there are no ticks.
    let Some(step) = step.filter(|step| step.is_finite() && *step > 0.0) else { return Vec::new() };
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|nth| nth as f64 * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers_within_the_range() {
        assert_eq!(ticks(-1.2, 2.3, 4.0), [-1.0, 0.0, 1.0, 2.0]);
        assert_eq!(ticks(0.0, 0.0, 4.0), Vec::<f64>::new());
        assert_eq!(ticks(-17.0, 33.0, 5.0), [-10.0, 0.0, 10.0, 20.0, 30.0]);
    }
}
