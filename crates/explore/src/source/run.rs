//! The frames of a run: the vectors that it saved while it trained.

use std::path::{Path, PathBuf};

use wordspace_data::formats::Gpt2Tables;
use wordspace_data::{RunFiles, Vocabulary, step_name};

use super::opened::{Opened, TableChoice};
use crate::{Error, Result};

/// How many steps a message lists.
const LISTED: usize = 12;

/// The largest vocabulary and the largest model of a run that are read.
const MAX_VOCABULARY_BYTES: u64 = 256 << 20;
const MAX_MODEL_BYTES: u64 = 1 << 40;

/// The vectors of a run after one step.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    files: RunFiles,
    step: u64,
}

/// The run whose folder contains the file at `path`, if any: it has the words.
pub(super) fn run_of(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    absolute.ancestors().skip(2).take(2).find(|folder| RunFiles::are_in(folder)).map(Path::to_path_buf)
}

impl Frame {
    /// The newest frame of `run`.
    pub fn newest(run: &Path) -> Result<Self> {
        let files = RunFiles::of(run);
        match files.vector_steps().pop() {
            Some(step) => Ok(Self { files, step }),
            None => Err(problem(run, "it has no vectors yet; it saves the first when training begins".into())),
        }
    }

    /// The frame of `run` after `step`.
    pub fn of_step(run: &Path, step: &str) -> Result<Self> {
        let run_name = run.display();
        if !RunFiles::are_in(run) {
            return Err(problem(run, "it is no run, so it has no steps; leave out the @".into()));
        }
        let Ok(step) = step.parse() else {
            return Err(Error::Question(format!(
                "{run_name}@{step}: expected a step number after the @, found {step:?}"
            )));
        };
        let files = RunFiles::of(run);
        let steps = files.vector_steps();
        if steps.contains(&step) {
            return Ok(Self { files, step });
        }
        Err(problem(run, format!("there are no vectors of step {step}; {}", listed(&steps, step))))
    }

    /// The run's folder.
    pub fn run(&self) -> &Path {
        self.files.folder()
    }

    /// The file with its tables. The files of its words are checked too.
    pub fn vectors(&self) -> Result<PathBuf> {
        for name in ["words.json", "tokenizer.json"].into_iter().filter(|name| self.run().join(name).exists()) {
            self.files.locate(name, MAX_VOCABULARY_BYTES)?;
        }
        Ok(self.files.vectors(self.step)?)
    }

    /// Adds to `opened` what else is known of the run.
    pub fn describe(&self, table: TableChoice, opened: &mut Opened) -> Result<()> {
        let vocabulary = Vocabulary::open(&self.files.locate("words.json", MAX_VOCABULARY_BYTES)?)?;
        opened.run = Some((self.run().to_path_buf(), self.step));
        opened.name = format!("{}@{}", self.run().display(), self.step);
        opened.classes = vocabulary.classes;
        if table == TableChoice::Token {
            opened.counts = Some(vocabulary.counts.into_iter().take(opened.vectors.len()).collect());
        }
        if let Some(parameters) = self.checkpoint().and_then(|path| Gpt2Tables::parameters_of(&path).ok()) {
            opened.parameters = parameters;
        }
        Ok(())
    }

    /// The model of the same step or else the newest: all have the same parameters.
    fn checkpoint(&self) -> Option<PathBuf> {
        let steps = self.files.steps("checkpoints", "");
        let step = steps.iter().find(|&&step| step == self.step).or(steps.last())?;
        self.files.locate(&format!("checkpoints/{}/model.safetensors", step_name(*step)), MAX_MODEL_BYTES).ok()
    }
}

/// The steps that there are: all, or those next to `wanted` if there are many.
fn listed(steps: &[u64], wanted: u64) -> String {
    let all = |steps: &[u64]| steps.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    match (steps, steps.len()) {
        ([], _) => "there are none at all yet".into(),
        (steps, 1..=LISTED) => format!("there are {}", all(steps)),
        ([first, .., last], count) => {
            let after = steps.partition_point(|&step| step < wanted);
            let nearest = &steps[after.saturating_sub(2)..(after + 2).min(count)];
            format!("there are {count} from {first} to {last}, the nearest {}", all(nearest))
        }
        ([only], _) => format!("there is {only}"),
    }
}

fn problem(run: &Path, problem: String) -> Error {
    Error::Source { source_name: run.display().to_string(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_steps_are_all_listed_and_of_many_the_nearest() {
        assert_eq!(listed(&[0, 1, 2, 4], 3), "there are 0, 1, 2, 4");
        let many: Vec<u64> = (0..100).map(|n| n * 50).collect();
        assert_eq!(listed(&many, 480), "there are 100 from 0 to 4950, the nearest 400, 450, 500, 550");
        assert_eq!(listed(&many, 9999), "there are 100 from 0 to 4950, the nearest 4900, 4950");
        assert_eq!(listed(&[], 3), "there are none at all yet");
    }
}
