//! The training loop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use wordspace_data::publish::create_folder;
use wordspace_data::{Corpus, VectorTable, Windows, write_tensors};
use wordspace_learn::checkpoint::{Checkpoint, not_finite, parts};
use wordspace_learn::config::Config;
use wordspace_learn::schedule::Due;
use wordspace_learn::watch::{Measurement, Watcher};
use wordspace_learn::{Ending, Evaluation, Learner, State, StepResult, batches_of_step, validation_loss};
use wordspace_model::Gpt;
use wordspace_model::parameters::{HostTensor, HostTensors, to_host};

use crate::checkpoint::Checkpoints;
use crate::event::Event;
use crate::log::Log;
use crate::prefetch::Prefetch;
use crate::provenance::Provenance;
use crate::readback::Readback;
use crate::run_folder::RunFolder;
use crate::{Error, Result};

/// Stops nothing: after an update, its tasks are done whole, because resuming does not repeat them.
static NEVER: AtomicBool = AtomicBool::new(false);

/// What a run reads: its configuration, its text, and the windows over both parts of it.
pub(crate) struct Inputs<'a> {
    pub config: &'a Config,
    pub folder: &'a RunFolder,
    pub corpus: &'a Corpus,
    pub train: Windows<'a>,
    pub validation: Windows<'a>,
}

/// A run in progress, without its learner.
pub(crate) struct Trainer<'a> {
    inputs: Inputs<'a>,
    watcher: Watcher,
    checkpoints: Checkpoints,
    log: Log,
    provenance: Provenance,
    observe: &'a mut dyn FnMut(Event<'_>),
    pub state: State,
    /// The result of the newest update, while it is on its way from the device.
    pending: Option<Readback>,
    /// The newest evaluation of this process.
    pub evaluation: Option<Evaluation>,
    /// The newest measurement of this process.
    pub measurement: Option<Measurement>,
    /// The step of the newest checkpoint.
    saved: Option<u64>,
    /// Time spent on other tasks than updates.
    pub overhead: Duration,
}

impl<'a> Trainer<'a> {
    /// A run that stands at `state`.
    pub fn new(
        inputs: Inputs<'a>,
        state: State,
        watcher: Watcher,
        (log, provenance): (Log, Provenance),
        observe: &'a mut dyn FnMut(Event<'_>),
    ) -> Self {
        Self {
            checkpoints: Checkpoints::new(inputs.folder.checkpoints()),
            saved: (state.step > 0).then_some(state.step),
            pending: None,
            evaluation: None,
            measurement: None,
            overhead: Duration::ZERO,
            inputs,
            watcher,
            log,
            provenance,
            observe,
            state,
        }
    }

    /// Trains until all updates are made, early stopping ends the run, or `stop` is set.
    pub fn run(&mut self, mut learner: Learner, stop: &AtomicBool) -> Result<Ending> {
        let (config, windows) = (self.inputs.config, self.inputs.train.clone());
        std::thread::scope(|scope| {
            let batches = Prefetch::start(scope, windows, config, self.state.step + 1);
            if self.state.step == 0 {
                // Before the first update there is nothing to lose: a first evaluation of minutes need not end.
                self.run_due_tasks(&learner, stop)?;
            }
            let ending = loop {
                if let Some(ending) = self.ending(stop) {
                    break ending;
                }
                let step = self.state.step + 1;
                let (updated, result) = learner.step(&batches.next()?, &config.train, step);
                learner = updated;
                self.report_previous(result)?;
                self.state.step = step;
                if Due::after(config, step).any() {
                    self.run_due_tasks(&learner, &NEVER)?;
                }
            };
            self.finish(&learner, ending)?;
            self.provenance.end(self.state.step, ending)?;
            Ok(ending)
        })
    }

    fn ending(&self, stop: &AtomicBool) -> Option<Ending> {
        let interrupted = || stop.load(Ordering::Relaxed).then_some(Ending::Interrupted);
        self.state.ending(self.inputs.config).or_else(interrupted)
    }

    /// Starts to read back the result of the update just queued, and reports the one before: one step late, to avoid a
    /// device sync per step.
    fn report_previous(&mut self, result: Tensor<1>) -> Result<()> {
        let previous = self.pending.replace(Readback::start(result));
        self.report(previous)
    }

    /// Reports the newest update.
    fn drain_pending(&mut self) -> Result<()> {
        let newest = self.pending.take();
        self.report(newest)
    }

    /// Reports update `self.state.step`.
    fn report(&mut self, result: Option<Readback>) -> Result<()> {
        let Some(result) = result else { return Ok(()) };
        let (step, result) = (self.state.step, StepResult::from(result.wait()?));
        self.check_result(step, result)?;
        let report = self.state.record_step(self.inputs.config, step, result);
        self.emit(Event::Stepped(report))
    }

    /// Runs the tasks that are due after the newest update. Their order is that of the log.
    fn run_due_tasks(&mut self, learner: &Learner, stop: &AtomicBool) -> Result<()> {
        self.drain_pending()?;
        let started = Instant::now();
        let due = Due::after(self.inputs.config, self.state.step);
        let mut is_best = false;
        if due.evaluation {
            is_best = self.evaluate(&learner.model, stop)?;
        }
        if due.measurement {
            self.measure(learner)?;
        }
        if due.vectors {
            self.save_vectors(&learner.model)?;
        }
        if due.checkpoint || is_best && self.state.step > 0 {
            self.save_checkpoint(learner)?;
        }
        self.overhead += started.elapsed();
        Ok(())
    }

    /// Saves what resuming needs, and completes what the report needs.
    fn finish(&mut self, learner: &Learner, ending: Ending) -> Result<()> {
        self.drain_pending()?;
        let (config, step) = (self.inputs.config, self.state.step);
        if ending == Ending::NoLongerBetter && !Due::after(config, step).vectors {
            self.save_vectors(&learner.model)?;
        }
        if self.saved != Some(step) {
            self.save_checkpoint(learner)?;
        }
        // For the report alone, when no evaluation was due. Not after an interrupt: an evaluation can take minutes.
        if ending != Ending::Interrupted && self.evaluation.is_none_or(|evaluation| evaluation.step != step) {
            let loss = self.held_out_loss(&learner.model, &NEVER)?;
            self.evaluation = Some(self.evaluation_of(loss, false));
        }
        if self.measurement.as_ref().is_none_or(|measurement| measurement.step != step) {
            self.measurement = Some(self.watcher.measure(step, &self.token_table(learner)?));
        }
        Ok(())
    }

    /// Evaluates, and returns whether it was the best so far.
    fn evaluate(&mut self, model: &Gpt, stop: &AtomicBool) -> Result<bool> {
        let loss = self.held_out_loss(model, stop)?;
        let is_best = self.state.record_evaluation(loss);
        let evaluation = self.evaluation_of(loss, is_best);
        self.evaluation = Some(evaluation);
        self.emit(Event::Evaluated(evaluation))?;
        Ok(is_best)
    }

    fn held_out_loss(&self, model: &Gpt, stop: &AtomicBool) -> Result<f64> {
        let is_stopped = || stop.load(Ordering::Relaxed);
        let loss = validation_loss(model, &self.inputs.validation, self.inputs.config, &is_stopped)?;
        match loss.is_finite() {
            true => Ok(loss),
            false => Err(self.diverged(self.state.step, format!("its loss on held-out text is {loss}"))),
        }
    }

    fn evaluation_of(&self, loss: f64, is_best: bool) -> Evaluation {
        let text = &self.inputs.corpus.summary.validation;
        Evaluation::new(self.state.step, loss, is_best, text.tokens, text.characters)
    }

    /// Measures the watched words.
    fn measure(&mut self, learner: &Learner) -> Result<()> {
        let measurement = self.watcher.measure(self.state.step, &self.token_table(learner)?);
        if measurement.step == 0 {
            self.state.first_measurement = Some(measurement.clone());
        }
        self.emit(Event::Watched(&measurement))?;
        self.measurement = Some(measurement);
        Ok(())
    }

    fn save_vectors(&mut self, model: &Gpt) -> Result<()> {
        let (folder, step) = (self.inputs.folder, self.state.step);
        let mut tables = vec![("wte.weight", model.wte.weight.val())];
        tables.extend(model.wpe.as_ref().map(|wpe| ("wpe.weight", wpe.weight.val())));
        let tables: HostTensors =
            tables.into_iter().map(|(name, table)| (name.to_string(), HostTensor::from(table))).collect();
        self.check_finite(tables.iter())?;
        create_folder(&folder.vectors())?;
        write_tensors(&folder.vectors_of(step), parts(&tables))?;
        self.emit(Event::VectorsSaved(step))
    }

    /// Saves a checkpoint that training can continue from, and deletes those that it makes needless.
    fn save_checkpoint(&mut self, learner: &Learner) -> Result<()> {
        let (inputs, step) = (&self.inputs, self.state.step);
        self.check_next_step(learner)?;
        self.state.log_bytes = self.log.sync()?;
        let checkpoint = Checkpoint {
            model: to_host(&learner.model),
            optimizer: learner.optimizer.to_host(&inputs.config.model(inputs.corpus.summary.vocab_size)),
            watched: self.watcher.to_host(),
            state: self.state.clone(),
        };
        self.check_finite(checkpoint.tensors())?;
        self.checkpoints.save(&checkpoint)?;
        drop(checkpoint);
        self.saved = Some(step);
        self.provenance.reach(step)?;
        self.checkpoints.prune(self.inputs.config.checkpoint.keep, self.state.best.map(|best| best.step))?;
        self.emit(Event::CheckpointSaved(step))
    }

    /// Checks that the next update would succeed: weights can be finite and still too large to compute with.
    fn check_next_step(&self, learner: &Learner) -> Result<()> {
        let (config, next) = (self.inputs.config, self.state.step + 1);
        let batches = batches_of_step(&self.inputs.train, config, next)?;
        let result = Readback::start(learner.try_step(&batches[..1], &config.train, next)).wait()?;
        self.check_result(next, StepResult::from(result))
    }

    fn check_result(&self, step: u64, StepResult { loss, gradient_norm }: StepResult) -> Result<()> {
        match loss.is_finite() && gradient_norm.is_finite() {
            true => Ok(()),
            false => Err(self.diverged(step, format!("its loss is {loss} and its gradient norm {gradient_norm}"))),
        }
    }

    fn check_finite<'t>(&self, tensors: impl IntoIterator<Item = (&'t String, &'t HostTensor)>) -> Result<()> {
        match not_finite(tensors) {
            None => Ok(()),
            Some(name) => Err(self.diverged(self.state.step, format!("{name} has values that are not finite"))),
        }
    }

    fn diverged(&self, step: u64, problem: String) -> Error {
        Error::Diverged { step, problem, last_good: self.saved }
    }

    /// The token table, `[V, C]`, on the host.
    fn token_table(&self, learner: &Learner) -> Result<VectorTable> {
        let table = HostTensor::from(learner.model.wte.weight.val());
        self.check_finite([(&"wte.weight".to_string(), &table)])?;
        Ok(VectorTable::new(table.values, table.shape[1]))
    }

    fn emit(&mut self, event: Event<'_>) -> Result<()> {
        self.log.write(&event)?;
        (self.observe)(event);
        Ok(())
    }
}
