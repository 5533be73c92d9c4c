//! What depends on the step alone: the learning rate, and which tasks are due after an update.
//!
//! Written out rather than taken from burn's schedulers: those count calls, so a resumed run would have to restore them.
//! These are pure functions of the step.

use crate::config::{Config, TrainConfig};

/// The learning rate of update `step`, from 1: linear warm-up from 0, then cosine decay to `min_learning_rate`, which the
/// last update has (Loshchilov and Hutter 2017, as in nanoGPT).
pub fn learning_rate(config: &TrainConfig, step: u64) -> f64 {
    if step <= config.warmup {
        return config.learning_rate * step as f64 / config.warmup as f64;
    }
    let decay_steps = config.steps.saturating_sub(config.warmup).max(1);
    let progress = ((step - config.warmup) as f64 / decay_steps as f64).min(1.0);
    let share = 0.5 * (1.0 + (std::f64::consts::PI * progress).cos());
    config.min_learning_rate + share * (config.learning_rate - config.min_learning_rate)
}

/// The tasks that are due after an update, in the order in which they are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Evaluate on the held-out text.
    pub evaluation: bool,
    /// Measure the watched words.
    pub measurement: bool,
    /// Save the vector tables.
    pub vectors: bool,
    /// Save a checkpoint.
    pub checkpoint: bool,
}

impl Due {
    /// The tasks that `config` asks for after update `step`; step 0 is before the first update. All are due after the last.
    pub fn after(config: &Config, step: u64) -> Self {
        let is_last = step == config.train.steps;
        let every = |every: u64| every > 0 && step.is_multiple_of(every);
        Self {
            evaluation: is_last || step == 0 || every(config.evaluate.every),
            measurement: is_last || is_due_early_and_often(step, config.watch.every),
            vectors: is_last || is_due_early_and_often(step, config.watch.vectors_every),
            checkpoint: step > 0 && (is_last || every(config.checkpoint.every)),
        }
    }

    /// Whether any task is due.
    pub fn any(self) -> bool {
        self.evaluation || self.measurement || self.vectors || self.checkpoint
    }
}

/// Whether a task with the interval `every` is due after `step`: at multiples of it, at step 0, and at each power of two
/// before the first multiple, because vectors move fastest early on. With interval 0 it is due at step 0 only.
fn is_due_early_and_often(step: u64, every: u64) -> bool {
    step == 0 || every > 0 && (step.is_multiple_of(every) || step < every && step.is_power_of_two())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> TrainConfig {
        TrainConfig { steps: 100, warmup: 10, learning_rate: 1.0, min_learning_rate: 0.1, ..Default::default() }
    }

    #[test]
    fn the_rate_rises_linearly_and_decays_along_a_cosine() {
        let rate = |step| (learning_rate(&config(), step) * 1e9).round() / 1e9;
        assert_eq!([rate(1), rate(5), rate(10)], [0.1, 0.5, 1.0]);
        assert_eq!([rate(55), rate(100)], [0.55, 0.1]);
    }

    #[test]
    fn past_the_last_step_the_rate_stays_at_its_minimum() {
        assert!((learning_rate(&config(), 1000) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn without_warm_up_the_first_step_is_on_the_cosine() {
        let config = TrainConfig { warmup: 0, ..config() };
        assert!(learning_rate(&config, 1) > 0.99);
    }

    #[test]
    fn early_measurements_are_dense() {
        let due: Vec<u64> = (0..=60).filter(|&step| is_due_early_and_often(step, 20)).collect();
        assert_eq!(due, [0, 1, 2, 4, 8, 16, 20, 40, 60]);
        assert_eq!((0..=60).filter(|&step| is_due_early_and_often(step, 0)).count(), 1);
    }

    #[test]
    fn every_task_is_due_after_the_last_update() {
        let mut config = Config::default();
        (config.evaluate.every, config.checkpoint.every) = (0, 0);
        (config.watch.every, config.watch.vectors_every) = (0, 0);
        let all = Due { evaluation: true, measurement: true, vectors: true, checkpoint: true };
        assert_eq!(Due::after(&config, config.train.steps), all);
        assert!(!Due::after(&config, config.train.steps - 1).any());
        assert_eq!(Due::after(&config, 0), Due { checkpoint: false, ..all });
    }
}
