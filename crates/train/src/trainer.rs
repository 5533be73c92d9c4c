//! The training loop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::tensor::Tensor;
use wordspace_data::{Corpus, VectorTable, Windows, write_tensors};
use wordspace_model::Gpt;
use wordspace_model::parameters::{HostTensor, HostTensors, to_host};

use crate::batches::Batches;
use crate::checkpoint::{Best, Checkpoint, Checkpoints, State};
use crate::config::Config;
use crate::evaluate::validation_loss;
use crate::event::{Evaluation, Event, Step};
use crate::learner::{Learner, StepResult};
use crate::log::Log;
use crate::readback::Readback;
use crate::run_folder::RunFolder;
use crate::schedule::{is_due_early_and_often, learning_rate};
use crate::watch::{Look, Watcher};
use crate::{Error, Result};

/// Over about how many updates the training loss is smoothed.
const SMOOTHED_OVER: f64 = 20.0;

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All updates were made.
    Complete,
    /// No evaluation was better for as long as `train.early_stop` says.
    NoLongerBetter,
    /// It was asked to stop.
    Interrupted,
}

/// A run, and everything around its model.
pub(crate) struct Trainer<'a> {
    pub config: &'a Config,
    pub folder: &'a RunFolder,
    pub corpus: &'a Corpus,
    pub train: Windows<'a>,
    pub validation: Windows<'a>,
    pub watcher: Watcher,
    pub checkpoints: Checkpoints,
    pub log: Log,
    pub observe: &'a mut dyn FnMut(Event<'_>),
    pub state: State,
    /// The result of the newest update, while it is on its way.
    pub pending: Option<Readback>,
    /// The newest evaluation and look of this process.
    pub evaluation: Option<Evaluation>,
    pub look: Option<Look>,
    /// The step of the newest checkpoint.
    pub saved: Option<u64>,
    /// Time that was not spent on updates.
    pub aside: Duration,
}

impl Trainer<'_> {
    /// Trains until all updates are made, nothing gets better any more, or `stop` is set.
    pub(crate) fn run(&mut self, mut learner: Learner, stop: &AtomicBool) -> Result<(Learner, Ending)> {
        let (config, train) = (self.config, self.train.clone());
        std::thread::scope(|scope| {
            let batches = Batches::prepare(scope, train, config, self.state.step + 1);
            if self.state.step == 0 {
                self.stand_back(&learner)?;
            }
            let ending = loop {
                if let Some(ending) = self.ending(stop) {
                    break ending;
                }
                let step = self.state.step + 1;
                let batches = batches.next()?;
                let (updated, result) = learner.step(&batches, &config.train, step);
                learner = updated;
                self.stepped(step, result)?;
                if self.is_anything_due() {
                    self.stand_back(&learner)?;
                }
            };
            self.finish(&learner, ending)?;
            Ok((learner, ending))
        })
    }

    fn ending(&self, stop: &AtomicBool) -> Option<Ending> {
        let patience = self.config.train.early_stop;
        match () {
            () if self.state.step >= self.config.train.steps => Some(Ending::Complete),
            () if patience > 0 && self.state.evaluations_since_best >= patience => Some(Ending::NoLongerBetter),
            () if stop.load(Ordering::Relaxed) => Some(Ending::Interrupted),
            () => None,
        }
    }

    /// Update `step` is in the device's queue; the numbers of the one before have arrived meanwhile.
    fn stepped(&mut self, step: u64, result: Tensor<1>) -> Result<()> {
        let previous = self.pending.replace(Readback::start(result));
        self.report(previous, step - 1)?;
        self.state.step = step;
        Ok(())
    }

    fn report(&mut self, result: Option<Readback>, step: u64) -> Result<()> {
        let Some(result) = result else { return Ok(()) };
        let StepResult { loss, gradient_norm } = result.wait()?.into();
        if !loss.is_finite() || !gradient_norm.is_finite() {
            return Err(Error::Diverged { step, loss, gradient_norm, last_good: self.saved });
        }
        let smoothed = self.state.smoothed_loss.unwrap_or(loss as f64);
        let smoothed_loss = smoothed + (loss as f64 - smoothed) / SMOOTHED_OVER;
        self.state.smoothed_loss = Some(smoothed_loss);
        let tokens = step * self.config.tokens_per_step();
        let learning_rate = learning_rate(&self.config.train, step);
        self.emit(Event::Stepped(Step { step, loss, smoothed_loss, gradient_norm, learning_rate, tokens }))
    }

    fn is_anything_due(&self) -> bool {
        self.is_evaluation_due() || self.is_look_due() || self.are_vectors_due() || self.is_checkpoint_due()
    }

    fn is_evaluation_due(&self) -> bool {
        let (step, every) = (self.state.step, self.config.evaluate.every);
        step == 0 || step == self.config.train.steps || every > 0 && step.is_multiple_of(every)
    }

    fn is_look_due(&self) -> bool {
        let step = self.state.step;
        step == self.config.train.steps || is_due_early_and_often(step, self.config.watch.every)
    }

    fn are_vectors_due(&self) -> bool {
        let step = self.state.step;
        step == self.config.train.steps || is_due_early_and_often(step, self.config.watch.vectors_every)
    }

    fn is_checkpoint_due(&self) -> bool {
        let (step, every) = (self.state.step, self.config.checkpoint.every);
        step > 0 && (step == self.config.train.steps || every > 0 && step.is_multiple_of(every))
    }

    /// Does what is due after the newest update: evaluates, looks, saves. The order is that of the log.
    fn stand_back(&mut self, learner: &Learner) -> Result<()> {
        self.settle()?;
        let started = Instant::now();
        let mut is_better = false;
        if self.is_evaluation_due() {
            is_better = self.evaluate(&learner.model)?;
        }
        if self.is_look_due() {
            self.look(&learner.model)?;
        }
        if self.are_vectors_due() {
            self.save_vectors(&learner.model)?;
        }
        if self.is_checkpoint_due() || is_better && self.state.step > 0 {
            self.save(learner)?;
        }
        self.aside += started.elapsed();
        Ok(())
    }

    /// Waits for the newest update.
    fn settle(&mut self) -> Result<()> {
        let newest = self.pending.take();
        self.report(newest, self.state.step)
    }

    /// Leaves the run so that it can be gone on with, and what it came to can be told.
    fn finish(&mut self, learner: &Learner, ending: Ending) -> Result<()> {
        self.settle()?;
        let step = self.state.step;
        if ending == Ending::NoLongerBetter && !self.are_vectors_due() {
            self.save_vectors(&learner.model)?;
        }
        if self.saved != Some(step) {
            self.save(learner)?;
        }
        // For the report alone: a run that was complete already, or was stopped between two looks. Who interrupts a run wants
        // it to end, and an evaluation can take minutes.
        if ending != Ending::Interrupted && self.evaluation.is_none_or(|evaluation| evaluation.step != step) {
            let loss = validation_loss(&learner.model, &self.validation, self.config)?;
            self.evaluation = Some(self.evaluation_of(loss, false));
        }
        if self.look.as_ref().is_none_or(|look| look.step != step) {
            self.look = Some(self.watcher.look(step, &token_table(&learner.model)));
        }
        Ok(())
    }

    /// Evaluates, and says whether it was the best so far.
    fn evaluate(&mut self, model: &Gpt) -> Result<bool> {
        let loss = validation_loss(model, &self.validation, self.config)?;
        if self.state.step == 0 {
            self.state.first_loss = Some(loss);
        }
        let is_better = loss.is_finite() && self.state.best.is_none_or(|best| loss < best.loss);
        match is_better {
            true => {
                self.state.best = Some(Best { step: self.state.step, loss });
                self.state.evaluations_since_best = 0;
            }
            false => self.state.evaluations_since_best += 1,
        }
        let evaluation = self.evaluation_of(loss, is_better);
        self.evaluation = Some(evaluation);
        self.emit(Event::Evaluated(evaluation))?;
        Ok(is_better)
    }

    fn evaluation_of(&self, loss: f64, best: bool) -> Evaluation {
        let part = &self.corpus.summary.validation;
        let tokens_per_character = part.tokens as f64 / part.characters as f64;
        Evaluation {
            step: self.state.step,
            loss,
            perplexity: loss.exp(),
            bits_per_character: loss / std::f64::consts::LN_2 * tokens_per_character,
            best,
        }
    }

    fn look(&mut self, model: &Gpt) -> Result<()> {
        let look = self.watcher.look(self.state.step, &token_table(model));
        if look.step == 0 {
            self.state.first_look = Some(look.clone());
        }
        self.emit(Event::Watched(&look))?;
        self.look = Some(look);
        Ok(())
    }

    fn save_vectors(&mut self, model: &Gpt) -> Result<()> {
        let step = self.state.step;
        let mut tables = vec![("wte.weight", model.wte.weight.val())];
        tables.extend(model.wpe.as_ref().map(|wpe| ("wpe.weight", wpe.weight.val())));
        let tables: HostTensors =
            tables.into_iter().map(|(name, table)| (name.to_string(), HostTensor::from(table))).collect();
        let parts = tables.iter().map(|(name, t)| (name.as_str(), t.shape.as_slice(), t.values.as_slice()));
        std::fs::create_dir_all(self.folder.vectors()).map_err(|source| Error::disk(self.folder.vectors(), source))?;
        write_tensors(&self.folder.vectors_of(step), parts)?;
        self.emit(Event::VectorsSaved(step))
    }

    fn save(&mut self, learner: &Learner) -> Result<()> {
        let step = self.state.step;
        self.state.log_bytes = self.log.sync()?;
        self.checkpoints.save(&Checkpoint {
            model: to_host(&learner.model),
            optimizer: learner.optimizer.to_host(&self.config.model(self.corpus.summary.vocab_size)),
            watched: self.watcher.to_host(),
            state: self.state.clone(),
        })?;
        self.saved = Some(step);
        self.checkpoints.prune(self.config.checkpoint.keep, self.state.best.map(|best| best.step))?;
        self.emit(Event::CheckpointSaved(step))
    }

    fn emit(&mut self, event: Event<'_>) -> Result<()> {
        self.log.write(&event)?;
        (self.observe)(event);
        Ok(())
    }
}

/// The token table on the host.
fn token_table(model: &Gpt) -> VectorTable {
    let HostTensor { shape, values } = model.wte.weight.val().into();
    VectorTable::new(values, shape[1])
}
