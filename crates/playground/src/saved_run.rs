//! A run in memory as the files of a run folder, and back: what the program trains goes on in the page, and the other way round.

use std::collections::BTreeMap;
use std::path::Path;

use wordspace_data::{
    Corpus, CorpusSummary, Tokenizer, Tokens, Vocabulary, decode_tensors, encode_tensors, sha256, step_name, step_of,
    vectors_name,
};
use wordspace_learn::checkpoint::{Checkpoint, FileEntry, Manifest, not_finite};
use wordspace_learn::config::Config;
use wordspace_learn::{Learner, Optimizer};
use wordspace_model::huggingface::from_checkpoint;
use wordspace_model::parameters::to_host;

use crate::archive::{Archive, pack};
use crate::training::{MAX_FRAME_BYTES, SavedFrame, Training, frame_bytes};
use crate::{Error, Result};

/// The names of the tables in a file of vectors.
const TABLES: [&str; 2] = ["wte.weight", "wpe.weight"];

impl Training {
    /// The run as the zip file of its folder, which the program resumes and reports.
    ///
    /// # Errors
    ///
    /// [`Error::Diverged`] if the weights are not finite.
    pub fn save(&self) -> Result<Vec<u8>> {
        let mut files = vec![
            ("config.toml".to_string(), self.config.to_toml().into_bytes()),
            ("tokenizer.json".into(), self.corpus.tokenizer.to_json().into_bytes()),
            ("words.json".into(), self.corpus.vocabulary.encode()),
            ("tokens/train.bin".into(), self.corpus.train.encode(self.sizes.vocab_size)?),
            ("tokens/validation.bin".into(), self.corpus.validation.encode(self.sizes.vocab_size)?),
            ("corpus.json".into(), self.corpus.summary.encode()),
        ];
        if self.state.step > 0 {
            files.push(("log.jsonl".into(), self.log.lines().to_vec()));
            files.extend(self.frames.iter().map(|saved| (vectors_name(saved.frame.step), encode_frame(saved))));
            files.extend(self.checkpoint_files()?);
        }
        pack(&self.config.run.name, files)
    }

    /// The files of a checkpoint of this moment.
    fn checkpoint_files(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let (learner, step) = (self.learner(), self.state.step);
        let mut state = self.state.clone();
        state.log_bytes = self.log.lines().len() as u64;
        let (model, optimizer) = (to_host(&learner.model), learner.optimizer.to_host(&self.sizes));
        let checkpoint = Checkpoint { model, optimizer, watched: self.watcher.to_host(), state };
        if let Some(name) = not_finite(checkpoint.tensors()) {
            return Err(Error::Diverged { step, problem: format!("{name} has values that are not finite") });
        }
        let folder = format!("checkpoints/{}", step_name(step));
        let (mut files, mut entries) = (Vec::new(), BTreeMap::new());
        for name in Checkpoint::FILES {
            let mut file = Vec::new();
            checkpoint.encode(name, &mut file).expect("memory can be written");
            entries.insert(name.to_string(), FileEntry { bytes: file.len() as u64, sha256: sha256(&file) });
            files.push((format!("{folder}/{name}"), file));
        }
        files.push((format!("{folder}/{}", Manifest::NAME), Manifest::new(step, entries).encode()));
        Ok(files)
    }

    /// The run in `zip`, the zip file of a run folder, at its newest valid checkpoint, or before its first update.
    ///
    /// # Errors
    ///
    /// If it is no zip file of a run, a file in it is damaged, or the run takes more memory than a page should.
    pub fn open(zip: &[u8]) -> Result<Self> {
        let mut archive = Archive::open(zip)?;
        let toml = String::from_utf8_lossy(&archive.read("config.toml")?).into_owned();
        let config = Config::from_toml(&toml, "config.toml", &[])?;
        let corpus = read_corpus(&mut archive)?;
        let mut training = Self::before_first_step(config, corpus)?;
        let (checkpoint, skipped) = newest_checkpoint(&mut archive)?;
        training.warnings.extend(skipped);
        let Some(checkpoint) = checkpoint else {
            training.push_frame()?;
            return Ok(training);
        };
        let log = archive.read("log.jsonl")?;
        training.restore(checkpoint, &log)?;
        training.read_frames(&mut archive)?;
        Ok(training)
    }

    /// Puts the run to where `checkpoint` was saved; `log` is its log, of which the part that is newer is dropped.
    fn restore(&mut self, checkpoint: Checkpoint, log: &[u8]) -> Result<()> {
        let Checkpoint { model, optimizer, watched, state } = checkpoint;
        let (found, expected) = (log.len() as u64, state.log_bytes);
        let lines = usize::try_from(expected).ok().and_then(|bytes| log.get(..bytes)).ok_or_else(|| {
            Error::Archive(format!("log.jsonl in it has {found} bytes, but {expected} when the checkpoint was saved"))
        })?;
        let device = self.learner().device();
        let model = from_checkpoint(&self.sizes, model, &device)?;
        let optimizer = Optimizer::from_host(&self.sizes, optimizer, &device.inner())?;
        self.learner = Some(Learner { model, optimizer, seed: self.config.run.seed });
        self.watcher.restore(watched);
        self.state = state;
        self.has_begun = true;
        self.log.restore(lines);
        for line in lines.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()) {
            self.recall(line);
        }
        Ok(())
    }

    /// Takes up what a line of the log says of evaluations and watched words.
    fn recall(&mut self, line: serde_json::Value) {
        match line["event"].as_str() {
            Some("evaluation") => self.evaluations.extend(line["step"].as_u64().zip(line["loss"].as_f64())),
            Some("watch") => self.measurement = serde_json::from_value(line).ok().or(self.measurement.take()),
            _ => {}
        }
    }

    /// Reads the frames up to the present step: all, or as many as fit, evenly spread.
    fn read_frames(&mut self, archive: &mut Archive) -> Result<()> {
        let step = |name: &String| step_of(name.strip_prefix("vectors/")?, ".safetensors");
        let mut steps: Vec<u64> = archive.names().iter().filter_map(step).collect();
        steps.retain(|&step| step <= self.state.step);
        steps.sort_unstable();
        let apart = steps.len().div_ceil((MAX_FRAME_BYTES / frame_bytes(&self.sizes)).max(1) as usize).max(1);
        if apart > 1 {
            self.warnings
                .push(format!("Of the run's {} frames, one in {apart} is shown: more would not fit.", steps.len()));
        }
        for &step in steps.iter().step_by(apart) {
            let file = archive.read(&vectors_name(step))?;
            let frame = self.decode_frame(step, &file)?;
            self.frames.push(frame);
        }
        if self.frames.last().is_none_or(|newest| newest.frame.step < self.state.step) {
            self.push_frame()?;
        }
        Ok(())
    }

    /// The frame in `file`, the vectors after update `step`.
    fn decode_frame(&self, step: u64, file: &[u8]) -> Result<SavedFrame> {
        let name = vectors_name(step);
        let mut tables = decode_tensors(Path::new(&name), file, &|_, _, _| std::ops::ControlFlow::Continue(()))?;
        let mut take = |table: &str, rows: usize| match tables.remove(table) {
            None => Ok(None),
            Some(found) if found.shape == [rows, self.sizes.channels] => Ok(Some(found.values)),
            Some(found) => Err(Error::Archive(format!(
                "{table} in {name} has the shape {:?}; expected [{rows}, {}]",
                found.shape, self.sizes.channels
            ))),
        };
        let tokens = take(TABLES[0], self.sizes.vocab_size)?;
        let tokens = tokens.ok_or_else(|| Error::Archive(format!("{name} in it has no {}", TABLES[0])))?;
        let positions = take(TABLES[1], self.sizes.context)?;
        Ok(self.frame(step, tokens, positions))
    }
}

fn read_corpus(archive: &mut Archive) -> Result<Corpus> {
    let mut read = |name: &'static str| Ok::<_, Error>((Path::new(name), archive.read(name)?));
    let tokens = |(path, file): (&Path, Vec<u8>)| Tokens::decode(path, &file);
    let (path, summary) = read("corpus.json")?;
    let corpus = Corpus {
        summary: CorpusSummary::decode(path, &summary)?,
        tokenizer: Tokenizer::from_json("tokenizer.json", &read("tokenizer.json")?.1)?,
        vocabulary: read("words.json").and_then(|(path, file)| Ok(Vocabulary::decode(path, &file)?))?,
        train: tokens(read("tokens/train.bin")?)?,
        validation: tokens(read("tokens/validation.bin")?)?,
    };
    corpus.check(path)?;
    Ok(corpus)
}

/// The newest valid checkpoint, and why newer ones are skipped.
fn newest_checkpoint(archive: &mut Archive) -> Result<(Option<Checkpoint>, Vec<String>)> {
    let step = |name: &String| step_of(name.strip_prefix("checkpoints/")?.strip_suffix("/MANIFEST.json")?, "");
    let mut steps: Vec<u64> = archive.names().iter().filter_map(step).collect();
    steps.sort_unstable();
    let mut skipped = Vec::new();
    for &step in steps.iter().rev() {
        match checkpoint(archive, step) {
            Ok(checkpoint) => return Ok((Some(checkpoint), skipped)),
            Err(problem) => skipped.push(format!("The checkpoint of step {step} is skipped: {problem}")),
        }
    }
    match steps.is_empty() {
        true => Ok((None, skipped)),
        false => Err(Error::Archive(format!("no checkpoint in it is valid. {}", skipped.join(" ")))),
    }
}

fn checkpoint(archive: &mut Archive, step: u64) -> std::result::Result<Checkpoint, String> {
    let mut read = |name: &str| {
        let path = format!("checkpoints/{}/{name}", step_name(step));
        archive.read(&path).map_err(|error| error.to_string())
    };
    let manifest = Manifest::decode(&read(Manifest::NAME)?)?;
    Checkpoint::decode(&manifest, read)
}

/// The file of a frame's tables.
fn encode_frame(SavedFrame { frame, positions }: &SavedFrame) -> Vec<u8> {
    let (tokens, dimension) = (&frame.vectors, frame.vectors.dimension());
    let values: Vec<f32> = (0..tokens.len() as u32).flat_map(|row| tokens.row(row).into_owned()).collect();
    let positions = positions.iter().map(|table| (TABLES[1], [table.len(), dimension], table.as_slice()));
    let tables: Vec<_> = positions.chain([(TABLES[0], [tokens.len(), dimension], &values[..])]).collect();
    let mut file = Vec::new();
    let parts = tables.iter().map(|(name, shape, values)| (*name, &shape[..], *values));
    encode_tensors(&mut file, parts).expect("memory can be written");
    file
}
