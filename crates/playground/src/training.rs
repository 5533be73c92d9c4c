//! A run in memory: one call is one update with the tasks that are due after it.

use std::ops::ControlFlow;
use std::rc::Rc;

use burn::tensor::Device;
use wordspace_data::{Corpus, Preparation, Text, VectorTable, Windows, WordVectors, toy};
use wordspace_frames::{Frame, Plan, Words};
use wordspace_learn::config::Config;
use wordspace_learn::schedule::Due;
use wordspace_learn::watch::{Measurement, Watcher};
use wordspace_learn::{Evaluation, Learner, Memory, Optimizer, State, StepResult, batches_of_step, validation_loss};
use wordspace_model::parameters::HostTensor;
use wordspace_model::{Gpt, ModelConfig};

use crate::log::Log;
use crate::{Error, Result};

/// The most memory that a run may take, in bytes.
const MAX_MEMORY: u64 = 1 << 30;

/// The most memory that its frames may take, in bytes.
pub(crate) const MAX_FRAME_BYTES: u64 = 96 << 20;

/// The name of a text that the reader brought, in the configuration.
const OWN_TEXT: &str = "a text of the page";

/// The vector tables after one update.
pub struct SavedFrame {
    /// The token table, with its statistics.
    pub frame: Rc<Frame>,
    /// The position table, `[T, C]`, if positions are learned.
    pub positions: Option<VectorTable>,
}

/// A run.
pub struct Training {
    /// Its configuration.
    pub config: Config,
    /// Its text.
    pub corpus: Corpus,
    /// Its words, as the page lists them.
    pub words: Words,
    /// The configuration as the page shows it.
    pub plan: Plan,
    /// How far it is.
    pub state: State,
    /// Its log.
    pub log: Log,
    /// Its frames, the oldest first. There is always one.
    pub frames: Vec<SavedFrame>,
    /// Its evaluations: step and loss.
    pub evaluations: Vec<(u64, f64)>,
    /// The newest measurement of the watched words.
    pub measurement: Option<Measurement>,
    /// Pairs that cannot be watched, and why.
    pub warnings: Vec<String>,
    /// The sizes of the model.
    pub sizes: ModelConfig,
    /// The model and its optimizer. None only while an update is under way.
    pub(crate) learner: Option<Learner>,
    pub(crate) watcher: Watcher,
    /// Whether the tasks before the first update have been done.
    pub(crate) has_begun: bool,
}

impl Training {
    /// The run that `config` describes, before its first update: on `text`, or on the toy corpus.
    ///
    /// # Errors
    ///
    /// If the configuration or the text is refused, or the run would take more memory than a page should.
    pub fn new(mut config: Config, text: Option<String>) -> Result<Self> {
        let (text, classes) = match text {
            Some(text) => {
                config.data.text = OWN_TEXT.into();
                (Text::in_memory("the text", text), Default::default())
            }
            None => {
                let toy = Text::in_memory("the built-in corpus", toy::text(config.run.seed, toy::SENTENCES));
                (toy, toy::classes())
            }
        };
        let how = Preparation {
            tokenizer: config.tokenizer()?,
            min_count: config.data.min_count,
            held_out: config.data.validation,
            classes,
        };
        let corpus = Corpus::in_memory(&text, &how, &|_, _, _| ControlFlow::Continue(()))?;
        let mut training = Self::before_first_step(config, corpus)?;
        training.push_frame()?;
        Ok(training)
    }

    /// The run before its first update, without a frame.
    pub(crate) fn before_first_step(mut config: Config, corpus: Corpus) -> Result<Self> {
        // It becomes the name of a folder when the run is saved.
        config.run.check_name()?;
        let sizes = config.model(corpus.summary.vocab_size);
        sizes.validate()?;
        check_memory(&sizes, &config)?;
        space_frames(&sizes, &mut config);
        windows(&corpus, &config)?;

        let device = Device::flex().autodiff();
        let model = Gpt::init(&sizes, config.run.seed, &device)?;
        let learner = Learner { model, optimizer: Optimizer::new(&sizes), seed: config.run.seed };
        let (watcher, warnings) = Watcher::new(&config, &corpus.tokenizer, &corpus.vocabulary)?;
        let plan = Plan::from_toml(config.to_toml());
        let words = (0..sizes.vocab_size as u32).map(|id| corpus.tokenizer.text(id)).collect();
        let words = Words::new(words, corpus.vocabulary.clone(), corpus.tokenizer.clone(), &plan);
        Ok(Self {
            config,
            corpus,
            words,
            plan,
            state: State::default(),
            log: Log::default(),
            frames: Vec::new(),
            evaluations: Vec::new(),
            measurement: None,
            warnings,
            sizes,
            learner: Some(learner),
            watcher,
            has_begun: false,
        })
    }

    /// The model as it stands.
    pub fn model(&self) -> &Gpt {
        &self.learner().model
    }

    /// Whether all updates have been made.
    pub fn is_complete(&self) -> bool {
        self.has_begun && self.state.ending(&self.config).is_some()
    }

    /// Makes one update, with the tasks that are due after it; the first call makes those that are due before the first update.
    /// Once the run is complete, nothing. `seconds` is how long it has been training.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`].
    pub fn advance(&mut self, seconds: f64) -> Result<()> {
        self.log.seconds = seconds;
        if !self.has_begun {
            self.has_begun = true;
            return self.run_due_tasks();
        }
        if self.is_complete() {
            return Ok(());
        }
        let step = self.state.step + 1;
        let batches = batches_of_step(&windows(&self.corpus, &self.config)?.0, &self.config, step)?;
        let learner = self.learner.take().expect("no update is under way");
        let (learner, result) = learner.step(&batches, &self.config.train, step);
        self.learner = Some(learner);
        let result = StepResult::from(result.into_data());
        if !(result.loss.is_finite() && result.gradient_norm.is_finite()) {
            let problem = format!("its loss is {} and its gradient norm {}", result.loss, result.gradient_norm);
            return Err(Error::Diverged { step, problem });
        }
        self.state.step = step;
        let report = self.state.record_step(&self.config, step, result);
        self.log.add("step", &report);
        self.run_due_tasks()
    }

    pub(crate) fn learner(&self) -> &Learner {
        self.learner.as_ref().expect("no update is under way")
    }

    fn run_due_tasks(&mut self) -> Result<()> {
        let due = Due::after(&self.config, self.state.step);
        if due.evaluation {
            self.evaluate()?;
        }
        if due.measurement {
            self.measure()?;
        }
        if due.vectors {
            self.save_frame()?;
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<()> {
        let step = self.state.step;
        let held_out = windows(&self.corpus, &self.config)?.1;
        let loss = validation_loss(self.model(), &held_out, &self.config, &|| false)?;
        if !loss.is_finite() {
            return Err(Error::Diverged { step, problem: format!("its loss on held-out text is {loss}") });
        }
        let is_best = self.state.record_evaluation(loss);
        let part = &self.corpus.summary.validation;
        self.log.add("evaluation", &Evaluation::new(step, loss, is_best, part.tokens, part.characters));
        self.evaluations.push((step, loss));
        Ok(())
    }

    fn measure(&mut self) -> Result<()> {
        let measurement = self.watcher.measure(self.state.step, &self.token_table()?);
        self.log.add("watch", &measurement);
        if measurement.step == 0 {
            self.state.first_measurement = Some(measurement.clone());
        }
        self.measurement = Some(measurement);
        Ok(())
    }

    fn save_frame(&mut self) -> Result<()> {
        // The frame of step 0 is there before the run begins, to be looked at.
        if self.state.step > 0 {
            self.push_frame()?;
        }
        self.log.add("vectors", &serde_json::json!({ "step": self.state.step }));
        Ok(())
    }

    /// Adds the frame of this moment.
    pub(crate) fn push_frame(&mut self) -> Result<()> {
        let tokens = self.token_table()?.into_vec();
        let positions = self.model().wpe.as_ref().map(|wpe| HostTensor::from(wpe.weight.val()).values);
        let frame = self.frame(self.state.step, tokens, positions);
        self.frames.push(frame);
        Ok(())
    }

    /// The frame of update `step` with these tables, `[V, C]` and `[T, C]`.
    pub(crate) fn frame(&self, step: u64, tokens: Vec<f32>, positions: Option<Vec<f32>>) -> SavedFrame {
        let ModelConfig { vocab_size, channels, .. } = self.sizes;
        let vectors = WordVectors::new(vec![String::new(); vocab_size], tokens, channels);
        SavedFrame {
            frame: Rc::new(Frame::new(step, vectors, self.config.run.seed)),
            positions: positions.map(|values| VectorTable::new(values, channels)),
        }
    }

    /// The token table, `[V, C]`.
    fn token_table(&self) -> Result<VectorTable> {
        let HostTensor { shape, values } = self.model().wte.weight.val().into();
        if values.iter().any(|value| !value.is_finite()) {
            let problem = "the token table has values that are not finite".into();
            return Err(Error::Diverged { step: self.state.step, problem });
        }
        Ok(VectorTable::new(values, shape[1]))
    }
}

/// The windows over both parts of the text.
fn windows<'a>(corpus: &'a Corpus, config: &Config) -> Result<(Windows<'a>, Windows<'a>)> {
    let (name, context, vocab_size) = (&corpus.summary.name, config.model.context, corpus.summary.vocab_size);
    let train = Windows::new(&corpus.train, context, vocab_size, "the training part", name)?;
    Ok((train, Windows::new(&corpus.validation, context, vocab_size, "the held-out part", name)?))
}

/// Refuses a run that takes more than [`MAX_MEMORY`].
fn check_memory(sizes: &ModelConfig, config: &Config) -> Result<()> {
    let memory = Memory::of(sizes, config);
    if memory.total() <= MAX_MEMORY {
        return Ok(());
    }
    let [total, limit, largest] =
        [memory.total(), MAX_MEMORY, memory.largest().bytes].map(|bytes| bytes.div_ceil(1_000_000));
    Err(Error::TooLarge(format!(
        "This run would take about {total} MB, of which {largest} MB are {}; a page may take {limit} MB. Try {}.",
        memory.largest().name,
        memory.largest().advice,
    )))
}

/// Spaces the frames so that all of them fit into [`MAX_FRAME_BYTES`].
fn space_frames(sizes: &ModelConfig, config: &mut Config) {
    let early = u64::from(config.watch.vectors_every.max(1).ilog2()) + 2;
    let fitting = (MAX_FRAME_BYTES / frame_bytes(sizes)).saturating_sub(early).max(1);
    config.watch.vectors_every = config.watch.vectors_every.max(config.train.steps.div_ceil(fitting));
}

/// How much memory a frame takes.
pub(crate) fn frame_bytes(sizes: &ModelConfig) -> u64 {
    4 * ((sizes.vocab_size + sizes.context) * sizes.channels).max(1) as u64
}
