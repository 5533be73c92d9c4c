//! The checks of a configuration that need no text.

use std::fmt::Display;

use super::{Config, DeviceChoice};
use crate::{Error, Result};

impl Config {
    /// Checks the configuration as a whole.
    ///
    /// # Errors
    ///
    /// If a value is out of range or contradicts another; the message names the key.
    pub fn validate(&self) -> Result<()> {
        self.model(1).validate()?;
        self.tokenizer()?;
        self.device.name.parse::<DeviceChoice>()?;

        let name = &self.run.name;
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0', '@']) {
            return refuse(
                "run.name",
                &format!("{name:?}"),
                "it must be a plain name, without / \\ @ or a leading dot",
            );
        }
        if !(self.data.validation > 0.0 && self.data.validation < 1.0) {
            return refuse("data.validation", &self.data.validation, "it must be a share between 0 and 1, such as 0.1");
        }
        if self.checkpoint.keep == 0 {
            return refuse("checkpoint.keep", &0, "a run needs at least its newest checkpoint");
        }
        self.validate_train()
    }

    fn validate_train(&self) -> Result<()> {
        let train = &self.train;
        for (key, value) in [("train.batch", train.batch), ("train.accumulate", train.accumulate)] {
            if value == 0 || value > 1 << 20 {
                return refuse(key, &value, "it must be between 1 and 1048576");
            }
        }
        for (key, value) in [("train.beta1", train.beta1), ("train.beta2", train.beta2)] {
            if !(0.0..1.0).contains(&value) {
                return refuse(key, &value, "it must be at least 0 and below 1");
            }
        }
        for (key, value) in [
            ("train.learning_rate", train.learning_rate),
            ("train.min_learning_rate", train.min_learning_rate),
            ("train.epsilon", train.epsilon),
            ("train.weight_decay", train.weight_decay),
            ("train.clip", train.clip),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return refuse(key, &value, "it must be a number of at least 0");
            }
        }
        if train.min_learning_rate > train.learning_rate {
            return refuse(
                "train.min_learning_rate",
                &train.min_learning_rate,
                "it must not exceed train.learning_rate",
            );
        }
        if train.lazy && self.model.tied {
            return refuse(
                "train.lazy",
                &true,
                "the tied head updates every row of the token table; set model.tied = false, or leave train.lazy out",
            );
        }
        Ok(())
    }
}

fn refuse(key: &str, found: &dyn Display, problem: &str) -> Result<()> {
    Err(Error::Config(format!("{key} is {found}: {problem}")))
}
