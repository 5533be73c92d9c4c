//! Exports and reports of runs, and texts that models continue.

use std::path::PathBuf;

use pyo3::prelude::*;
use serde_json::json;
use wordspace::cli::Failure;
use wordspace::data::publish::publish_bytes;
use wordspace::explore::{Source, TableChoice};
use wordspace::learn::Sampling;
use wordspace::train::LanguageModel;
use wordspace::train::device::OpenDevice;
use wordspace::train::huggingface;

use crate::errors::exception;
use crate::interruptible::interruptible;
use crate::training::check_not_forked;

/// Writes the model of the run at `path` to the new folder `to`, as transformers reads it. Returns the names of the files.
#[pyfunction]
pub fn export(py: Python<'_>, path: PathBuf, step: Option<u64>, to: PathBuf) -> PyResult<Vec<String>> {
    let files = interruptible(py, None, |_| huggingface::export(&path, step, &to))?;
    files.map_err(|error| exception(py, error))
}

/// The run at `path` as one HTML file, written to `to` if that is given, which must not exist.
#[pyfunction]
pub fn report(py: Python<'_>, path: PathBuf, to: Option<PathBuf>) -> PyResult<String> {
    let page = interruptible(py, None, |_| -> Result<String, Failure> {
        if let Some(to) = to.as_ref().filter(|to| to.exists()) {
            return Err(Failure::exists(to));
        }
        let (page, _) = wordspace::serve::report(&path)?;
        if let Some(to) = &to {
            publish_bytes(to, page.as_bytes())?;
        }
        Ok(page)
    })?;
    page.map_err(|failure| exception(py, failure))
}

/// The text that the model of `source` adds to `prompt`.
#[pyfunction]
#[pyo3(signature = (source, step, prompt, tokens, temperature, top_k, seed, device, listener))]
pub fn generate(
    py: Python<'_>,
    source: PathBuf,
    step: Option<u64>,
    prompt: &str,
    tokens: usize,
    temperature: f64,
    top_k: Option<usize>,
    seed: u64,
    device: &str,
    listener: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    check_not_forked(py)?;
    let text = interruptible(py, listener, |reporter| -> Result<String, Failure> {
        let sampling = Sampling { temperature, top_k, seed };
        sampling.validate()?;
        let source = match source.to_str() {
            Some("gpt2") if !source.exists() => Source::parse("gpt2", TableChoice::Token)?.path().to_path_buf(),
            _ => source,
        };
        let device = OpenDevice::open(device.parse()?)?;
        let tell = |_, done, total| reporter.progress(done, total);
        let language = LanguageModel::open(&source, step, device, &tell)?;
        let prompt: Vec<u32> = language.tokenizer.encode(prompt)?.into_iter().map(|token| token.id).collect();
        let continued = language.continue_text(&prompt, sampling, tokens, &mut |part| {
            reporter.send(json!({ "event": "text", "text": part }));
            reporter.progress(0, 0)
        })?;
        Ok(continued.text)
    })?;
    text.map_err(|failure| exception(py, failure))
}
