//! The lines of a run's log as curves: `/api/runs/R/log`.
//!
//! A log may be damaged or of any length. Lines that cannot be parsed are counted and skipped, and each curve keeps an
//! even sample of its points, so that the answer stays small.

use serde::{Deserialize, Serialize};

/// Each curve keeps fewer points than this, and the newest.
const MAX_POINTS: usize = 2000;

/// What the lines of a log say, so far.
#[derive(Default)]
pub struct RunLog {
    losses: Sample<Loss>,
    evaluations: Sample<Evaluation>,
    looks: Sample<Look>,
    tokens: u64,
    seconds: f64,
    unreadable: u64,
}

/// A log as the page takes it.
#[derive(Debug, Serialize)]
pub struct Curves {
    schema: u32,
    /// The steps of `loss` and `smoothed`.
    pub steps: Vec<u64>,
    /// The training loss, in nats per token.
    pub loss: Vec<f32>,
    /// Its exponential moving average.
    pub smoothed: Vec<f32>,
    evaluations: Vec<Evaluation>,
    looks: Vec<Look>,
    /// How many tokens the run has trained on.
    pub tokens: u64,
    /// How long it has trained.
    pub seconds: f64,
    /// Says so if lines could not be parsed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A line of the log.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line {
    Step {
        #[serde(flatten)]
        loss: Loss,
        tokens: u64,
        seconds: f64,
    },
    Evaluation(Evaluation),
    Watch(Look),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Loss {
    step: u64,
    loss: f32,
    smoothed_loss: f64,
}

/// An evaluation on held-out text.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Evaluation {
    step: u64,
    loss: f64,
    perplexity: f64,
    bits_per_character: f64,
}

/// What was measured of the watched words.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Look {
    step: u64,
    purity: Option<f64>,
    chance: [f32; 3],
    pairs: Vec<Pair>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Pair {
    a: String,
    b: String,
    cosine: f32,
    centred: f32,
    ranks: [u64; 2],
    percentile: f64,
    agreement: Option<f32>,
}

impl RunLog {
    /// Takes in the next line of the log.
    pub fn add(&mut self, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(Line::Step { loss, tokens, seconds }) => {
                (self.tokens, self.seconds) = (tokens, seconds);
                self.losses.add(loss);
            }
            Ok(Line::Evaluation(evaluation)) => self.evaluations.add(evaluation),
            Ok(Line::Watch(look)) => self.looks.add(look),
            Ok(Line::Other) => {}
            Err(_) => self.unreadable += 1,
        }
    }

    /// The curves of the lines so far.
    pub fn curves(&self) -> Curves {
        let Self { losses, evaluations, looks, tokens, seconds, unreadable } = self;
        let problem = format!("{unreadable} lines of the log cannot be read and are left out");
        Curves {
            schema: 1,
            steps: losses.kept().map(|loss| loss.step).collect(),
            loss: losses.kept().map(|loss| loss.loss).collect(),
            smoothed: losses.kept().map(|loss| loss.smoothed_loss as f32).collect(),
            evaluations: evaluations.kept().copied().collect(),
            looks: looks.kept().cloned().collect(),
            tokens: *tokens,
            seconds: *seconds,
            problem: (*unreadable > 0).then_some(problem),
        }
    }
}

/// A sequence of which every `stride`-th item is kept, and always the newest. The stride doubles when there are too many.
struct Sample<T> {
    kept: Vec<T>,
    newest: Option<T>,
    added: usize,
    stride: usize,
}

impl<T> Default for Sample<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), newest: None, added: 0, stride: 1 }
    }
}

impl<T> Sample<T> {
    fn add(&mut self, item: T) {
        self.newest = None;
        if self.added.is_multiple_of(self.stride) {
            self.kept.push(item);
        } else {
            self.newest = Some(item);
        }
        self.added += 1;
        if self.kept.len() == MAX_POINTS {
            let mut index = 0..;
            let last = self.kept.pop();
            self.kept.retain(|_| index.next().is_some_and(|index: usize| index.is_multiple_of(2)));
            self.newest = self.newest.take().or(last);
            self.stride *= 2;
        }
    }

    fn kept(&self) -> impl Iterator<Item = &T> {
        self.kept.iter().chain(&self.newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add_step(log: &mut RunLog, step: u64) {
        let fields = format!(r#""step":{step},"loss":0.5,"smoothed_loss":0.5,"gradient_norm":1.0,"learning_rate":0.1"#);
        let line = format!(r#"{{"schema":1,"event":"step",{fields},"tokens":{},"seconds":0.5}}"#, 32 * step);
        log.add(line.as_bytes());
    }

    #[test]
    fn a_long_log_is_thinned_evenly_and_keeps_its_first_and_last_step() {
        let mut log = RunLog::default();
        (1..=10_007).for_each(|step| add_step(&mut log, step));
        let steps = log.curves().steps;
        assert!((MAX_POINTS / 2..=MAX_POINTS).contains(&steps.len()), "{}", steps.len());
        assert_eq!((steps[0], steps[steps.len() - 1]), (1, 10_007));
        assert!(steps[..steps.len() - 1].windows(2).all(|pair| pair[1] - pair[0] == 8));
    }

    #[test]
    fn lines_that_cannot_be_parsed_are_counted_and_skipped() {
        let mut log = RunLog::default();
        add_step(&mut log, 1);
        for line in [&b"\xFF\xFE no text\n"[..], b"{\"event\":\"step\"}\n", b"{\"event\":\"vectors\",\"step\":1}\n"] {
            log.add(line);
        }
        add_step(&mut log, 2);
        let curves = log.curves();
        assert_eq!((curves.steps, curves.tokens), (vec![1, 2], 64));
        assert!(curves.problem.unwrap().starts_with("2 lines"));
    }
}
