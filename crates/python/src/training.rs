//! Training: a new run, or one that goes on.

use std::ffi::OsString;
use std::path::PathBuf;

use pyo3::prelude::*;
use serde_json::{Value, json};
use wordspace::cli::{Failure, outcome_json};
use wordspace::learn::Error as LearnError;
use wordspace::learn::config::Config;
use wordspace::train::device::OpenDevice;
use wordspace::train::event::Event;
use wordspace::train::{Outcome, RunFolder, open_config, run};

use crate::errors::{exception, raise};
use crate::fork::is_forked;
use crate::interruptible::interruptible;

/// Trains a new run and returns its folder and its outcome, as JSON.
///
/// The configuration is the TOML file at `file`, or else `settings`, a JSON object of its sections; `changes` come on top.
#[pyfunction]
#[pyo3(signature = (file, settings, changes, steps, runs, overwrite, listener))]
pub fn train(
    py: Python<'_>,
    file: Option<PathBuf>,
    settings: Option<&str>,
    changes: Vec<(String, String)>,
    steps: Option<u64>,
    runs: PathBuf,
    overwrite: bool,
    listener: Option<&Bound<'_, PyAny>>,
) -> PyResult<(OsString, String)> {
    check_not_forked(py)?;
    let result = interruptible(py, listener, |reporter| -> Result<_, Failure> {
        let config = match &file {
            Some(path) => open_config(path, &changes)?,
            None => Config::from_toml(&toml_of(settings.unwrap_or("{}"))?, "the configuration", &changes)?,
        };
        let config = match steps {
            Some(steps) => config.scaled_to(steps)?,
            None => config,
        };
        let device = OpenDevice::open(config.device.name.parse()?)?;
        let (folder, aside) = RunFolder::begin(&runs, &config, &device, overwrite)?;
        if let Some(aside) = aside {
            let message = format!("an earlier run of this name was moved to {}", aside.display());
            reporter.send(json!({ "event": "warning", "message": message }));
        }
        let outcome = run(&folder, &config, &device, &mut |event| reporter.send(to_json(event)), reporter.stop());
        let path = folder.path().to_path_buf();
        if outcome.is_err() {
            folder.discard_unless_begun();
        }
        Ok((path, outcome?))
    })?;
    returned(py, result)
}

/// Goes on with the run at `path` until it has made `steps` updates, or as many as were planned.
#[pyfunction]
#[pyo3(signature = (path, changes, steps, listener))]
pub fn resume(
    py: Python<'_>,
    path: PathBuf,
    changes: Vec<(String, String)>,
    steps: Option<u64>,
    listener: Option<&Bound<'_, PyAny>>,
) -> PyResult<(OsString, String)> {
    check_not_forked(py)?;
    let result = interruptible(py, listener, |reporter| -> Result<_, Failure> {
        let (folder, mut config) = RunFolder::open(&path, &changes)?;
        config.train.steps = steps.unwrap_or(config.train.steps);
        config.validate()?;
        let device = OpenDevice::open(config.device.name.parse()?)?;
        if steps.is_some() || !changes.is_empty() {
            folder.save_config(&config)?;
        }
        let outcome = run(&folder, &config, &device, &mut |event| reporter.send(to_json(event)), reporter.stop())?;
        Ok((path.clone(), outcome))
    })?;
    returned(py, result)
}

fn returned(py: Python<'_>, result: Result<(PathBuf, Outcome), Failure>) -> PyResult<(OsString, String)> {
    let (path, outcome) = result.map_err(|failure| exception(py, failure))?;
    let outcome = outcome_json(&path, &outcome).to_string();
    Ok((path.into_os_string(), outcome))
}

/// # Errors
///
/// In a forked process, which has none of its parent's threads.
pub fn check_not_forked(py: Python<'_>) -> PyResult<()> {
    match is_forked() {
        false => Ok(()),
        true => {
            let problem = "a forked process cannot train, because it has none of its parent's threads; start processes by \
                           multiprocessing.get_context(\"spawn\"), or train before they fork";
            Err(raise(py, "ArgumentError", problem.into()))
        }
    }
}

/// The TOML of `settings`, a JSON object.
fn toml_of(settings: &str) -> Result<String, Failure> {
    let settings: Value = serde_json::from_str(settings)
        .map_err(|error| LearnError::Config(format!("the configuration is not JSON: {error}")))?;
    toml::to_string(&settings).map_err(|error| {
        let problem = format!("the configuration cannot be written as TOML: {error}; leave out keys that are None");
        LearnError::Config(problem).into()
    })
}

/// `event` in the form of a line of the log; the log does not have all of them.
fn to_json(event: Event<'_>) -> Value {
    let named = |name: &str, content: Value| {
        let mut event = content;
        event["event"] = name.into();
        event
    };
    let value = |content| serde_json::to_value(content).unwrap_or_default();
    match event {
        Event::Preparing(phase, done, total) => {
            json!({ "event": "progress", "phase": phase.label(), "done": done, "total": total })
        }
        Event::Started(start) => json!({
            "event": "started",
            "run": start.folder,
            "step": start.step,
            "steps": start.steps,
            "vocab_size": start.model.vocab_size,
            "parameters": start.model.parameter_count(),
            "tokens_per_step": start.tokens_per_step,
            "device": start.device,
        }),
        Event::Warning(message) => json!({ "event": "warning", "message": message }),
        Event::Stepped(step) => named("step", json!(step)),
        Event::Evaluated(evaluation) => named("evaluation", json!(evaluation)),
        Event::Watched(measurement) => named("watch", value(measurement)),
        Event::VectorsSaved(step) => json!({ "event": "vectors", "step": step }),
        Event::CheckpointSaved(step) => json!({ "event": "checkpoint", "step": step }),
    }
}
