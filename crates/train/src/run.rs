//! A run from its folder: prepared, started or resumed, and its outcome.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wordspace_data::{Corpus, Windows, sha256_of_file};
use wordspace_learn::checkpoint::Checkpoint;
use wordspace_learn::config::Config;
use wordspace_learn::watch::{Measurement, Watcher};
use wordspace_learn::{Ending, Evaluation, Learner, Optimizer, State};
use wordspace_model::init::initial_values;
use wordspace_model::{Gpt, ModelConfig, huggingface};

use crate::Result;
use crate::checkpoint::Checkpoints;
use crate::device::{OpenDevice, on_device};
use crate::event::{Event, Start};
use crate::log::Log;
use crate::memory::check_memory;
use crate::prepare::prepare;
use crate::provenance::Provenance;
use crate::run_folder::RunFolder;
use crate::trainer::{Inputs, Trainer};

/// The outcome of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Why it ended.
    pub ending: Ending,
    /// Its state at the end.
    pub state: State,
    /// The newest evaluation of this process; of the final model, unless the run was interrupted.
    pub evaluation: Option<Evaluation>,
    /// The watch measures of the final model.
    pub measurement: Measurement,
    /// The folder of the newest checkpoint.
    pub checkpoint: PathBuf,
    /// The hash of its `model.safetensors`.
    pub weights_sha256: String,
    /// The number of parameters of the model.
    pub parameters: usize,
    /// The name of the device.
    pub device: String,
    /// Updates that this process made.
    pub updates: u64,
    /// Training tokens per second, without the time for evaluations, measurements and saving; `None` without an update.
    pub tokens_per_second: Option<f64>,
    /// The time that everything took.
    pub elapsed: Duration,
}

/// Receives the events of a run.
type Observer<'a> = &'a mut (dyn FnMut(Event<'_>) + Send);

/// Prepares the text of the run if needed, then trains from the newest valid checkpoint, or from the start.
///
/// Every [`Event`] goes to `observe`. When `stop` is set, the current update is finished and a checkpoint saved; before the
/// first update, the run ends with [`wordspace_data::Error::Stopped`].
///
/// # Errors
///
/// See [`Error`](crate::Error). A run that failed can be resumed from its newest checkpoint.
pub fn run(
    folder: &RunFolder,
    config: &Config,
    device: &OpenDevice,
    observe: &mut (dyn FnMut(Event<'_>) + Send),
    stop: &AtomicBool,
) -> Result<Outcome> {
    on_device(device, || train(folder, config, device, observe, stop))
}

fn train(
    folder: &RunFolder,
    config: &Config,
    device: &OpenDevice,
    observe: Observer<'_>,
    stop: &AtomicBool,
) -> Result<Outcome> {
    let started = Instant::now();
    let mut provenance = Provenance::open(folder.provenance());
    provenance.make(config)?;
    let corpus = prepare(folder, config, observe, stop)?;
    let model_config = config.model(corpus.summary.vocab_size);
    model_config.validate()?;
    device.check_fits(&model_config, config)?;
    check_memory(&model_config, config, device)?;
    let inputs = inputs(folder, config, &corpus)?;

    let (learner, state, watcher) = restore_or_init(&inputs, &model_config, device, observe, stop)?;
    let first = state.step;
    provenance.begin(first, device)?;
    observe(Event::Started(start(&inputs, &model_config, device, first)));

    // The log comes last: a run that has one counts as begun.
    let log = Log::open(&folder.log(), state.log_bytes)?;
    let training = Instant::now();
    let mut trainer = Trainer::new(inputs, state, watcher, (log, provenance), observe);
    let ending = trainer.run(learner, stop)?;
    let seconds = (training.elapsed() - trainer.overhead).as_secs_f64();

    let Trainer { state, evaluation, measurement, .. } = trainer;
    let updates = state.step - first;
    let checkpoint = Checkpoints::new(folder.checkpoints()).path(state.step);
    Ok(Outcome {
        ending,
        state,
        evaluation,
        measurement: measurement.expect("a run ends with a measurement"),
        weights_sha256: sha256_of_file(&checkpoint.join("model.safetensors"))?.0,
        checkpoint,
        parameters: model_config.parameter_count(),
        device: device.name.clone(),
        updates,
        tokens_per_second: (updates > 0).then(|| (updates * config.tokens_per_step()) as f64 / seconds),
        elapsed: started.elapsed(),
    })
}

/// The inputs of a run: the windows over both parts of `corpus`.
fn inputs<'a>(folder: &'a RunFolder, config: &'a Config, corpus: &'a Corpus) -> Result<Inputs<'a>> {
    let (name, vocab_size) = (&corpus.summary.name, corpus.summary.vocab_size);
    let windows = |tokens, part| Windows::new(tokens, config.model.context, vocab_size, part, name);
    let train = windows(&corpus.train, "the training part")?;
    let validation = windows(&corpus.validation, "the held-out part")?;
    Ok(Inputs { config, folder, corpus, train, validation })
}

/// The facts about a run that stands at `step`.
fn start<'a>(inputs: &Inputs<'a>, model: &'a ModelConfig, device: &OpenDevice, step: u64) -> Start<'a> {
    let Inputs { config, folder, corpus, .. } = inputs;
    Start {
        folder: folder.path().to_path_buf(),
        corpus: &corpus.summary,
        model,
        device: device.description(),
        step,
        steps: config.train.steps,
        tokens_per_step: config.tokens_per_step(),
    }
}

/// The learner, state and watcher of the newest valid checkpoint, or those of a new run. Damaged checkpoints and pairs that
/// cannot be watched become warnings.
///
/// # Errors
///
/// [`wordspace_data::Error::Stopped`] once `stop` is set: nothing has been trained yet.
fn restore_or_init(
    inputs: &Inputs<'_>,
    model_config: &ModelConfig,
    device: &OpenDevice,
    observe: Observer<'_>,
    stop: &AtomicBool,
) -> Result<(Learner, State, Watcher)> {
    let Inputs { config, folder, corpus, .. } = inputs;
    let (mut watcher, unwatched) = Watcher::new(config, &corpus.tokenizer, &corpus.vocabulary)?;
    let (checkpoint, skipped) = folder.newest_checkpoint()?;
    unwatched.into_iter().chain(skipped).for_each(|warning| observe(Event::Warning(warning)));
    let seed = config.run.seed;
    let training = device.device.clone().autodiff();
    let (model, optimizer, state) = match checkpoint {
        Some(Checkpoint { model, optimizer, watched, state }) => {
            watcher.restore(watched);
            let model = huggingface::from_checkpoint(model_config, model, &training)?;
            (model, Optimizer::from_host(model_config, optimizer, &device.device)?, state)
        }
        None => {
            // Drawing the values of a large model takes seconds. Once stopped, they no longer matter.
            let model = Gpt::build(model_config, &training, &mut |parameter| match stop.load(Ordering::Relaxed) {
                true => Ok(vec![0.0; parameter.count()]),
                false => Ok(initial_values(model_config, parameter, seed)),
            })?;
            (model, Optimizer::new(model_config), State::default())
        }
    };
    match stop.load(Ordering::Relaxed) {
        true => Err(wordspace_data::Error::Stopped.into()),
        false => Ok((Learner { model, optimizer, seed }, state, watcher)),
    }
}
