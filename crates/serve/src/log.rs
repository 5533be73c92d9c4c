//! What a run's log says, read on from where it was read to.
//!
//! A log grows while one reads, is cut when a run is gone on with, and may be damaged or of any length: lines that cannot be
//! read are counted and passed over, and of what repeats every step no more than a curve can show is kept.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::Result;

/// The most points of a curve.
const MOST_POINTS: usize = 2000;

/// The longest line that is read.
const LONGEST_LINE: u64 = 1 << 20;

/// How much of the last line is kept to know it again.
const KNOWN: usize = 256;

/// A log, as far as it was read.
pub(crate) struct Log {
    path: PathBuf,
    read: u64,
    /// The end of what was read: where it stands no longer, the log was cut.
    end: Vec<u8>,
    content: Content,
}

/// What a log says, as the page takes it: `/api/runs/R/log`.
#[derive(Debug, Serialize)]
pub(crate) struct Curves {
    schema: u32,
    steps: Vec<u64>,
    loss: Vec<f32>,
    smoothed: Vec<f32>,
    evaluations: Vec<Evaluation>,
    looks: Vec<Look>,
    tokens: u64,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

#[derive(Default)]
struct Content {
    losses: Thinned<Loss>,
    evaluations: Thinned<Evaluation>,
    looks: Thinned<Look>,
    tokens: u64,
    seconds: f64,
    unread: u64,
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

/// A trial on held-out text.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Evaluation {
    step: u64,
    loss: f64,
    perplexity: f64,
    bits_per_character: f64,
}

/// A look at the watched words.
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

impl Log {
    /// The log at `path`, nothing of it read.
    pub fn new(path: PathBuf) -> Self {
        Self { path, read: 0, end: Vec::new(), content: Content::default() }
    }

    /// All that it says now. A run that has not begun has no log, which says nothing.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn read(&mut self) -> Result<Curves> {
        if self.path.exists() {
            self.read_on().map_err(|source| wordspace_data::Error::read(&self.path, source))?;
        }
        let Content { losses, evaluations, looks, tokens, seconds, unread } = &self.content;
        let problem = format!("{unread} lines of the log cannot be read and are left out");
        Ok(Curves {
            schema: 1,
            steps: losses.kept().map(|loss| loss.step).collect(),
            loss: losses.kept().map(|loss| loss.loss).collect(),
            smoothed: losses.kept().map(|loss| loss.smoothed_loss as f32).collect(),
            evaluations: evaluations.kept().copied().collect(),
            looks: looks.kept().cloned().collect(),
            tokens: *tokens,
            seconds: *seconds,
            problem: (*unread > 0).then_some(problem),
        })
    }

    fn read_on(&mut self) -> std::io::Result<()> {
        let mut file = File::open(&self.path)?;
        if !self.is_where_it_was(&mut file)? {
            (self.read, self.end, self.content) = (0, Vec::new(), Content::default());
        }
        file.seek(SeekFrom::Start(self.read))?;
        let (mut reader, mut line) = (BufReader::with_capacity(1 << 16, file), Vec::new());
        loop {
            line.clear();
            let length = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? as u64;
            // What does not end yet is being written.
            if !line.ends_with(b"\n") && length < LONGEST_LINE {
                return Ok(());
            }
            self.read += length;
            self.end = line[line.len().saturating_sub(KNOWN)..].to_vec();
            self.content.take_in(&line);
        }
    }

    /// Whether the log goes on after what was read of it.
    fn is_where_it_was(&self, file: &mut File) -> std::io::Result<bool> {
        if file.metadata()?.len() < self.read {
            return Ok(false);
        }
        let mut end = vec![0; self.end.len()];
        file.seek(SeekFrom::Start(self.read - self.end.len() as u64))?;
        file.read_exact(&mut end)?;
        Ok(end == self.end)
    }
}

impl Content {
    fn take_in(&mut self, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(Line::Step { loss, tokens, seconds }) => {
                (self.tokens, self.seconds) = (tokens, seconds);
                self.losses.add(loss);
            }
            Ok(Line::Evaluation(evaluation)) => self.evaluations.add(evaluation),
            Ok(Line::Watch(look)) => self.looks.add(look),
            Ok(Line::Other) => {}
            Err(_) => self.unread += 1,
        }
    }
}

/// A sequence of which only so many are kept, evenly, and always the newest.
struct Thinned<T> {
    kept: Vec<T>,
    newest: Option<T>,
    added: usize,
    /// Every how many-eth is kept.
    stride: usize,
}

impl<T> Default for Thinned<T> {
    fn default() -> Self {
        Self { kept: Vec::new(), newest: None, added: 0, stride: 1 }
    }
}

impl<T> Thinned<T> {
    fn add(&mut self, item: T) {
        self.newest = None;
        if self.added.is_multiple_of(self.stride) {
            self.kept.push(item);
        } else {
            self.newest = Some(item);
        }
        self.added += 1;
        if self.kept.len() == MOST_POINTS {
            let mut nth = 0..;
            let last = self.kept.pop();
            self.kept.retain(|_| nth.next().is_some_and(|nth: usize| nth.is_multiple_of(2)));
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
    use std::fs;
    use std::io::Write;

    use super::*;

    fn step(step: u64) -> String {
        let loss = 1.0 / (1 + step) as f64;
        format!(
            r#"{{"schema":1,"event":"step","step":{step},"loss":{loss},"smoothed_loss":{loss},"gradient_norm":1.0,"#
        ) + &format!(r#""learning_rate":0.1,"tokens":{},"seconds":0.5}}"#, 32 * step)
            + "\n"
    }

    fn steps(log: &mut Log) -> Vec<u64> {
        log.read().unwrap().steps
    }

    #[test]
    fn a_log_that_grows_is_read_on_and_half_a_line_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut log = Log::new(path.clone());
        assert!(steps(&mut log).is_empty());
        fs::write(&path, step(1) + &step(2)[..20]).unwrap();
        assert_eq!(steps(&mut log), [1]);
        fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(&step(2).as_bytes()[20..]).unwrap();
        assert_eq!(steps(&mut log), [1, 2]);
        assert_eq!(log.read().unwrap().tokens, 64);
    }

    #[test]
    fn a_log_that_was_cut_is_read_anew_however_long_it_has_become() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut log = Log::new(path.clone());
        fs::write(&path, (1..=9).map(step).collect::<String>()).unwrap();
        assert_eq!(steps(&mut log).len(), 9);
        fs::write(&path, step(1)).unwrap();
        assert_eq!(steps(&mut log), [1]);
        fs::write(&path, (4..=20).map(step).collect::<String>()).unwrap();
        assert_eq!(steps(&mut log), (4..=20).collect::<Vec<_>>());
    }

    #[test]
    fn a_long_log_is_thinned_evenly_and_keeps_its_first_and_last_step() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        fs::write(&path, (1..=10_007).map(step).collect::<String>()).unwrap();
        let steps = steps(&mut Log::new(path));
        assert!((MOST_POINTS / 2..=MOST_POINTS).contains(&steps.len()), "{}", steps.len());
        assert_eq!((steps[0], steps[steps.len() - 1]), (1, 10_007));
        assert!(steps[..steps.len() - 1].windows(2).all(|pair| pair[1] - pair[0] == 8));
    }

    #[test]
    fn lines_that_cannot_be_read_are_counted_and_the_rest_stands() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut bytes = step(1).into_bytes();
        bytes.extend(b"\xFF\xFE no text\n{\"event\":\"step\"}\n{\"event\":\"vectors\",\"step\":1}\n");
        bytes.extend(vec![b'x'; 3 * LONGEST_LINE as usize]);
        bytes.push(b'\n');
        bytes.extend(step(2).into_bytes());
        fs::write(&path, bytes).unwrap();
        let mut log = Log::new(path);
        assert_eq!(steps(&mut log), [1, 2]);
        assert!(log.read().unwrap().problem.unwrap().starts_with("6 lines"));
    }
}
