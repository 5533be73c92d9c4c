//! A run from its folder: made ready, begun or gone on with, and what it came to.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use wordspace_data::{Corpus, Preparation, Text, Windows, sha256_of_file, toy};
use wordspace_model::{Gpt, ModelConfig, huggingface};

use crate::Result;
use crate::checkpoint::{Checkpoint, Checkpoints, State};
use crate::config::Config;
use crate::device::{OpenDevice, on_device};
use crate::event::{Evaluation, Event, Start};
use crate::learner::Learner;
use crate::log::Log;
use crate::optimizer::Optimizer;
use crate::provenance::Provenance;
use crate::run_folder::RunFolder;
use crate::trainer::{Ending, Trainer};
use crate::watch::{Look, Watcher};

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// Why it ended.
    pub ending: Ending,
    /// Where it stands.
    pub state: State,
    /// The newest evaluation of this process: of the model as it is, unless the run was interrupted.
    pub evaluation: Option<Evaluation>,
    /// The look at the watched words as they are.
    pub look: Look,
    /// The folder of the newest checkpoint.
    pub checkpoint: PathBuf,
    /// The hash of its `model.safetensors`.
    pub weights_sha256: String,
    /// How many numbers the model holds.
    pub parameters: usize,
    /// What it ran on.
    pub device: String,
    /// Updates that this process made.
    pub updates: u64,
    /// Tokens per second that they read, evaluations, looks and saving aside; none if there were none.
    pub tokens_per_second: Option<f64>,
    /// How long everything took.
    pub elapsed: Duration,
}

/// Makes the text of the run ready if it is not, then trains from the newest valid checkpoint, or from the start.
///
/// Everything that happens is told to `observe`. When `stop` is set, the update at hand is finished and a checkpoint saved;
/// before the first update, the run ends with [`wordspace_data::Error::Stopped`].
///
/// # Errors
///
/// See [`Error`](crate::Error). A run that failed can be gone on with from its newest checkpoint.
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
    observe: &mut (dyn FnMut(Event<'_>) + Send),
    stop: &AtomicBool,
) -> Result<Outcome> {
    let started = Instant::now();
    let corpus = prepare(folder, config, observe, stop)?;
    let model_config = config.model(corpus.summary.vocab_size);
    model_config.validate()?;
    device.check_fits(&model_config, config)?;
    let windows =
        |tokens, part| Windows::new(tokens, config.model.context, model_config.vocab_size, part, &corpus.summary.name);
    let (train, validation) =
        (windows(&corpus.train, "the training part")?, windows(&corpus.validation, "the held-out part")?);

    let (mut watcher, left_out) = Watcher::new(config, &corpus.tokenizer, &corpus.vocabulary)?;
    let checkpoints = Checkpoints::new(folder.checkpoints());
    let (checkpoint, damaged) = checkpoints.newest()?;
    left_out.into_iter().chain(damaged).for_each(|warning| observe(Event::Warning(warning)));
    let (learner, state) = match checkpoint {
        Some(checkpoint) => restore(checkpoint, config, &model_config, device, &mut watcher)?,
        None => (begin(config, &model_config, device)?, State::default()),
    };
    let mut provenance = Provenance::open(folder);
    provenance.begin(state.step, device)?;
    observe(Event::Started(Start {
        folder: folder.path().to_path_buf(),
        corpus: &corpus.summary,
        model: &model_config,
        device: device.description(),
        step: state.step,
        steps: config.train.steps,
        tokens_per_step: config.tokens_per_step(),
    }));

    let (first, log) = (state.step, Log::open(&folder.log(), state.log_bytes)?);
    let stepping = Instant::now();
    let saved = (first > 0).then_some(first);
    let mut trainer = Trainer {
        config,
        folder,
        corpus: &corpus,
        train,
        validation,
        watcher,
        checkpoints,
        log,
        observe,
        state,
        saved,
        pending: None,
        evaluation: None,
        look: None,
        aside: Duration::ZERO,
    };
    let (_, ending) = trainer.run(learner, stop)?;
    let updates = trainer.state.step - first;
    let seconds = (stepping.elapsed() - trainer.aside).as_secs_f64();
    provenance.end(trainer.state.step, ending)?;
    let checkpoint = trainer.checkpoints.path(trainer.state.step);
    Ok(Outcome {
        ending,
        evaluation: trainer.evaluation,
        look: trainer.look.clone().expect("a run ends with a look"),
        weights_sha256: sha256_of_file(&checkpoint.join("model.safetensors"))?.0,
        checkpoint,
        parameters: model_config.parameter_count(),
        device: device.name.clone(),
        updates,
        tokens_per_second: (updates > 0).then(|| (updates * config.tokens_per_step()) as f64 / seconds),
        state: trainer.state,
        elapsed: started.elapsed(),
    })
}

/// The text of the run, made ready if it is not.
fn prepare(
    folder: &RunFolder,
    config: &Config,
    observe: &mut (dyn FnMut(Event<'_>) + Send),
    stop: &AtomicBool,
) -> Result<Corpus> {
    if !Corpus::is_prepared(folder.path()) {
        let text = match config.is_toy() {
            true => Text::in_memory("the built-in corpus", toy::text(config.run.seed, toy::SENTENCES)),
            false => Text::open(config.data.text.as_ref())?,
        };
        let how = Preparation {
            tokenizer: config.tokenizer()?,
            min_count: config.data.min_count,
            held_out: config.data.validation,
            classes: if config.is_toy() { toy::classes() } else { Default::default() },
        };
        let observe = Mutex::new(observe);
        Corpus::prepare(folder.path(), &text, &how, &|phase, done, total| {
            observe.lock().unwrap_or_else(|poisoned| poisoned.into_inner())(Event::Preparing(phase, done, total));
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    }
    Ok(Corpus::open(folder.path())?)
}

/// A learner that has learned nothing.
fn begin(config: &Config, model_config: &ModelConfig, device: &OpenDevice) -> Result<Learner> {
    let model = Gpt::init(model_config, config.run.seed, &device.device.clone().autodiff())?;
    Ok(Learner { model, optimizer: Optimizer::new(model_config), seed: config.run.seed })
}

/// The learner that `checkpoint` holds.
fn restore(
    checkpoint: Checkpoint,
    config: &Config,
    model_config: &ModelConfig,
    device: &OpenDevice,
    watcher: &mut Watcher,
) -> Result<(Learner, State)> {
    let training = device.device.clone().autodiff();
    let model = huggingface::from_checkpoint(model_config, checkpoint.model, &training)?;
    let optimizer = Optimizer::from_host(model_config, checkpoint.optimizer, &device.device)?;
    watcher.restore(checkpoint.watched);
    Ok((Learner { model, optimizer, seed: config.run.seed }, checkpoint.state))
}
