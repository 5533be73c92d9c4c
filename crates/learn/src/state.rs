//! The progress of a run beside its weights: how far it is, how well it does, and whether it should end.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::learner::StepResult;
use crate::schedule::learning_rate;
use crate::watch::Measurement;

/// Over about how many updates the training loss is smoothed.
const SMOOTHING_STEPS: f64 = 20.0;

/// The part of a checkpoint that is readable by eye: `state.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Updates made.
    pub step: u64,
    /// The length of the run's log at that time, in bytes; 0 without a log.
    pub log_bytes: u64,
    /// The smoothed training loss.
    pub smoothed_loss: Option<f64>,
    /// Loss on held-out text before training.
    pub first_loss: Option<f64>,
    /// The best evaluation so far.
    pub best: Option<Best>,
    /// Evaluations since the best.
    pub evaluations_since_best: u64,
    /// The measurement of the watched words before training.
    #[serde(rename = "first_look")]
    pub first_measurement: Option<Measurement>,
}

/// The best evaluation of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// After which update.
    pub step: u64,
    /// Its loss on held-out text.
    pub loss: f64,
}

/// An update, as the log reports it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Its number, from 1.
    pub step: u64,
    /// Mean loss of its batches, in nats, before the update.
    pub loss: f32,
    /// The loss smoothed over about the last twenty updates.
    pub smoothed_loss: f64,
    /// Norm of the whole gradient before clipping.
    pub gradient_norm: f32,
    /// The learning rate that it used.
    pub learning_rate: f64,
    /// Tokens read since the start of the run.
    pub tokens: u64,
}

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All updates were made.
    Complete,
    /// Early stopping: as many evaluations as `train.early_stop` says were not better than the best.
    NoLongerBetter,
    /// The user interrupted it.
    Interrupted,
}

impl State {
    /// Adds the result of update `step` to the smoothed loss and returns the report of the update.
    pub fn record_step(&mut self, config: &Config, step: u64, result: StepResult) -> Step {
        let StepResult { loss, gradient_norm } = result;
        let smoothed = self.smoothed_loss.unwrap_or(loss as f64);
        let smoothed_loss = smoothed + (loss as f64 - smoothed) / SMOOTHING_STEPS;
        self.smoothed_loss = Some(smoothed_loss);
        let (learning_rate, tokens) = (learning_rate(&config.train, step), step * config.tokens_per_step());
        Step { step, loss, smoothed_loss, gradient_norm, learning_rate, tokens }
    }

    /// Takes note of an evaluation after the newest update, and returns whether it is the best so far.
    pub fn record_evaluation(&mut self, loss: f64) -> bool {
        if self.step == 0 {
            self.first_loss = Some(loss);
        }
        let is_best = loss.is_finite() && self.best.is_none_or(|best| loss < best.loss);
        if is_best {
            self.best = Some(Best { step: self.step, loss });
            self.evaluations_since_best = 0;
        } else {
            self.evaluations_since_best += 1;
        }
        is_best
    }

    /// Why training ends here, if it does.
    pub fn ending(&self, config: &Config) -> Option<Ending> {
        let patience = config.train.early_stop;
        if self.step >= config.train.steps {
            return Some(Ending::Complete);
        }
        (patience > 0 && self.evaluations_since_best >= patience).then_some(Ending::NoLongerBetter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_ends_when_patience_runs_out() {
        let mut config = Config::default();
        config.train.early_stop = 2;
        let mut state = State { step: 1, ..State::default() };
        assert!(state.record_evaluation(3.0));
        assert!(!state.record_evaluation(3.5));
        assert_eq!(state.ending(&config), None);
        assert!(!state.record_evaluation(f64::NAN));
        assert_eq!(state.ending(&config), Some(Ending::NoLongerBetter));
        assert_eq!(state.best, Some(Best { step: 1, loss: 3.0 }));
    }

    #[test]
    fn the_loss_is_smoothed_over_about_twenty_updates() {
        let (config, mut state) = (Config::default(), State::default());
        let mut record = |step, loss| state.record_step(&config, step, StepResult { loss, gradient_norm: 1.0 });
        assert_eq!(record(1, 4.0).smoothed_loss, 4.0);
        assert_eq!(record(2, 2.0).smoothed_loss, 3.9);
        assert_eq!(record(3, 3.9).tokens, 3 * config.tokens_per_step());
    }
}
