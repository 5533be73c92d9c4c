//! The checks of a configuration that need no text.

use std::fmt::Display;

use serde_json::Value;

use super::{Config, DeviceChoice, RunConfig};
use crate::{Error, Result};

/// More updates than any run makes, and few enough for every number format that they are written in.
const MAX_STEPS: u64 = 1_000_000_000_000;

impl RunConfig {
    /// Checks the name of a new run. Earlier runs may have any.
    ///
    /// # Errors
    ///
    /// If it has other characters than letters, digits, `.`, `_`, `-` and single spaces inside, or begins with a dot.
    pub fn check_name(&self) -> Result<()> {
        let name = &self.name;
        let is_allowed = |c: char| c.is_alphanumeric() || "._- ".contains(c);
        let spaces_are_inside = name.trim() == name && !name.contains("  ");
        if name.is_empty() || name.starts_with('.') || !name.chars().all(is_allowed) || !spaces_are_inside {
            return refuse(
                "run.name",
                &format!("{name:?}"),
                "it may have letters, digits, . _ - and single spaces inside, and does not begin with a dot; choose one with --name",
            );
        }
        Ok(())
    }
}

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

        if !(self.data.validation > 0.0 && self.data.validation < 1.0) {
            return refuse("data.validation", &self.data.validation, "it must be a share between 0 and 1, such as 0.1");
        }
        if self.checkpoint.keep == 0 {
            return refuse("checkpoint.keep", &0, "a run needs at least its newest checkpoint");
        }
        self.validate_train()
    }

    /// Checks that a run that was made with the configuration `made`, in JSON, can continue with this one: its text, tokenizer,
    /// model and seed are fixed.
    ///
    /// # Errors
    ///
    /// If one of these differs; the message names it and what may be changed.
    pub fn check_continues(&self, made: &Value) -> Result<()> {
        let is_fixed = |section: &str, key: &str| matches!((section, key), ("data" | "model", _) | ("run", "seed"));
        let all = serde_json::to_value(self).expect("a configuration can always be written as JSON");
        for (section, keys) in all.as_object().into_iter().flatten() {
            for (key, value) in keys.as_object().into_iter().flatten().filter(|(key, _)| is_fixed(section, key)) {
                if let Some(before) = made[section].get(key).filter(|before| *before != value) {
                    let problem = format!(
                        "the run was made with {before}, and its text, tokenizer, model and seed are fixed; the sections \
                         [train], [evaluate], [checkpoint], [watch] and [device] may be changed"
                    );
                    return refuse(&format!("{section}.{key}"), value, &problem);
                }
            }
        }
        Ok(())
    }

    fn validate_train(&self) -> Result<()> {
        let train = &self.train;
        if train.steps > MAX_STEPS {
            return refuse("train.steps", &train.steps, &format!("it must be at most {MAX_STEPS}"));
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Value {
        serde_json::to_value(Config::default()).unwrap()
    }

    #[test]
    fn a_run_continues_with_other_rates_but_not_with_another_seed_or_model() {
        let mut config = Config::default();
        config.train.learning_rate = 1e-4;
        config.checkpoint.keep = 7;
        config.run.name = "renamed".into();
        config.check_continues(&made()).unwrap();
        config.model.heads = 1;
        let error = config.check_continues(&made()).unwrap_err().to_string();
        assert!(error.starts_with("model.heads is 1: the run was made with 4") && error.contains("[train]"), "{error}");
    }

    #[test]
    fn a_key_that_did_not_exist_when_the_run_was_made_may_have_any_value() {
        let mut made = made();
        made["model"].as_object_mut().unwrap().remove("dropout");
        let mut config = Config::default();
        config.model.dropout = 0.5;
        config.check_continues(&made).unwrap();
    }

    #[track_caller]
    fn check(name: &str) -> Result<()> {
        RunConfig { name: name.into(), seed: 0 }.check_name()
    }

    #[test]
    fn a_name_has_letters_of_any_script_digits_and_four_more() {
        for name in ["toy", "Toy-2_b.v1", "größe", "日本 2", "a b c", "-"] {
            check(name).unwrap();
        }
    }

    #[test]
    fn a_name_that_leads_elsewhere_or_cannot_be_seen_is_refused() {
        for name in [
            "",
            ".",
            "..",
            ".a",
            "a/b",
            "a\\b",
            "../a",
            " a",
            "a ",
            "a  b",
            "a\tb",
            "a\nb",
            "\x1b[31m",
            "a\u{202e}b",
            "a@1",
        ] {
            let error = check(name).expect_err(name).to_string();
            assert!(error.contains("letters, digits, . _ - and single spaces inside"), "{error}");
            assert!(!error.contains(|c: char| c.is_control() || c == '\u{202e}'), "{error:?}");
        }
    }
}
