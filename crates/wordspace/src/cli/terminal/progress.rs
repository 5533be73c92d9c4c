//! A run's progress: a bar on a terminal, else a line every few seconds.

use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Terminal, printable, shown};
use crate::data::Phase;
use crate::learn::Step;
use crate::learn::watch::Measurement;
use crate::model::summary::thousands;
use crate::train::event::{Event, Start};

/// The time between two plain lines.
pub(super) const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows a run's events on stderr.
pub struct Progress {
    terminal: Terminal,
    bar: ProgressBar,
    phase: Option<Phase>,
    /// When the last plain line was printed.
    printed: Instant,
    steps: u64,
    tokens_per_step: u64,
    /// The time and number of the first step of this process.
    first: Option<(Instant, u64)>,
    /// The first watched pair at the newest measurement.
    pair: String,
    /// The newest held-out loss.
    evaluation: String,
}

impl Progress {
    /// Draws nothing with `--quiet`.
    pub fn new(terminal: Terminal) -> Self {
        let is_drawn = terminal.interactive && !terminal.quiet;
        let target = if is_drawn { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        Self {
            terminal,
            bar: ProgressBar::with_draw_target(None, target).with_style(style("{msg}")),
            phase: None,
            printed: Instant::now(),
            steps: 0,
            tokens_per_step: 0,
            first: None,
            pair: String::new(),
            evaluation: String::new(),
        }
    }

    /// Shows one event.
    pub fn read(&mut self, event: Event<'_>) {
        match event {
            Event::Preparing(phase, done, total) => self.prepare(phase, done, total),
            Event::Started(start) => self.start(&start),
            Event::Warning(text) => self.bar.suspend(|| self.terminal.warning(&text)),
            Event::Stepped(step) => self.step(&step),
            Event::Evaluated(evaluation) => self.evaluation = format!("  held-out {:.3}", evaluation.loss),
            Event::Watched(measurement) => self.pair = first_pair(measurement),
            Event::VectorsSaved(_) | Event::CheckpointSaved(_) => {}
        }
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn prepare(&mut self, phase: Phase, done: u64, total: u64) {
        let what = phase.label();
        if self.phase != Some(phase) {
            self.phase = Some(phase);
            self.bar.reset();
            self.bar.set_length(total);
            self.bar.set_style(style("{msg:19} {bar:30} {bytes:>10} of {total_bytes}  {bytes_per_sec}  {eta} left"));
            self.bar.set_message(what);
        }
        self.bar.set_position(done);
        self.line(|| format!("{what}: {} of {} MB", done / 1_000_000, total / 1_000_000));
    }

    fn start(&mut self, start: &Start<'_>) {
        (self.steps, self.tokens_per_step) = (start.steps, start.tokens_per_step);
        let (corpus, model) = (start.corpus, start.model);
        let resumed = if start.step > 0 { format!(", resumed after step {}", start.step) } else { String::new() };
        let lines = [
            format!(
                "text    {}: {} training tokens, {} held out, vocabulary of {}",
                corpus.name,
                thousands(corpus.train.tokens as usize),
                thousands(corpus.validation.tokens as usize),
                thousands(corpus.vocab_size)
            ),
            format!(
                "model   {} parameters: {} layers, {} heads, {} channels, context {}",
                thousands(model.parameter_count()),
                model.layers,
                model.heads,
                model.channels,
                model.context
            ),
            format!("device  {}", start.device),
            format!(
                "run     {}: {} steps{resumed}; Ctrl-C stops it after a checkpoint",
                start.folder.display(),
                start.steps
            ),
        ];
        if !self.terminal.quiet {
            self.bar.suspend(|| lines.iter().for_each(|line| eprintln!("{}", printable(line))));
        }
        self.bar.reset();
        self.bar.set_length(start.steps);
        self.bar.set_position(start.step);
        self.bar.set_style(style("{bar:12} {pos}/{len}  {msg}"));
    }

    fn step(&mut self, step: &Step) {
        let pace = self.pace(step);
        let message = format!("loss {:.3}{}{pace}  {}", step.smoothed_loss, self.evaluation, self.pair);
        let steps = self.steps;
        self.line(|| format!("step {}/{steps}  {message}", step.step));
        self.bar.set_position(step.step);
        self.bar.set_message(message);
    }

    /// Tokens per second and the time left, evaluations included; empty at the first step.
    fn pace(&mut self, step: &Step) -> String {
        let (began, first) = *self.first.get_or_insert((Instant::now(), step.step));
        let done = step.step - first;
        if done == 0 {
            return String::new();
        }
        let seconds = began.elapsed().as_secs_f64();
        let speed = (done * self.tokens_per_step) as f64 / seconds;
        let left = Duration::from_secs_f64(seconds / done as f64 * self.steps.saturating_sub(step.step) as f64);
        format!("  {} tokens/s  {:#} left", thousands(speed as usize), HumanDuration(left))
    }

    /// Prints a plain line if no bar is drawn and the last line is [`LINE_EVERY`] ago.
    fn line(&mut self, text: impl FnOnce() -> String) {
        if !self.terminal.quiet && !self.terminal.interactive && self.printed.elapsed() >= LINE_EVERY {
            self.printed = Instant::now();
            eprintln!("{}", text());
        }
    }
}

/// The first watched pair: its centred cosine, rank and percentile. Raw cosines would rise for every pair.
fn first_pair(measurement: &Measurement) -> String {
    measurement.pairs.first().map_or_else(String::new, |pair| {
        format!(
            "{} · {} {:+.2}, rank {}, percentile {:.0}",
            shown(&pair.a),
            shown(&pair.b),
            pair.centred,
            pair.mutual_rank(),
            pair.percentile
        )
    })
}

pub(super) fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant").progress_chars("━━─")
}
