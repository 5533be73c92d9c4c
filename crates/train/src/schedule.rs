//! What changes with the step, as pure functions of it.

use crate::config::TrainConfig;

/// The learning rate of update `step`, from 1: a straight rise from 0 over the warm-up, then half a cosine down to the
/// smallest rate, which the last step has (Loshchilov and Hutter 2017, as nanoGPT uses it).
pub fn learning_rate(config: &TrainConfig, step: u64) -> f64 {
    if step <= config.warmup {
        return config.learning_rate * step as f64 / config.warmup as f64;
    }
    let falling = config.steps.saturating_sub(config.warmup).max(1);
    let done = ((step - config.warmup) as f64 / falling as f64).min(1.0);
    let share = 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
    config.min_learning_rate + share * (config.learning_rate - config.min_learning_rate)
}

/// Whether something that is due `every` so many steps is due after `step`: at multiples, at the start, and, because most
/// happens early, at every power of two before the first multiple. `every` 0 leaves only the start.
pub fn is_due_early_and_often(step: u64, every: u64) -> bool {
    step == 0 || every > 0 && (step.is_multiple_of(every) || step < every && step.is_power_of_two())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> TrainConfig {
        TrainConfig { steps: 100, warmup: 10, learning_rate: 1.0, min_learning_rate: 0.1, ..Default::default() }
    }

    #[test]
    fn the_rate_rises_straight_to_its_top_and_falls_along_a_cosine_to_its_floor() {
        let rate = |step| (learning_rate(&config(), step) * 1e9).round() / 1e9;
        assert_eq!([rate(1), rate(5), rate(10)], [0.1, 0.5, 1.0]);
        assert_eq!([rate(55), rate(100)], [0.55, 0.1]);
    }

    #[test]
    fn past_the_last_step_the_rate_stays_at_its_floor() {
        assert!((learning_rate(&config(), 1000) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn without_warm_up_the_first_step_is_already_on_the_cosine() {
        let config = TrainConfig { warmup: 0, ..config() };
        assert!(learning_rate(&config, 1) > 0.99);
    }

    #[test]
    fn early_looks_are_dense() {
        let due: Vec<u64> = (0..=60).filter(|&step| is_due_early_and_often(step, 20)).collect();
        assert_eq!(due, [0, 1, 2, 4, 8, 16, 20, 40, 60]);
        assert_eq!((0..=60).filter(|&step| is_due_early_and_often(step, 0)).count(), 1);
    }
}
