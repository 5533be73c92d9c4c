//! The frames of a run: the vectors that it saved while it trained.

use std::path::{Path, PathBuf};

use wordspace_data::Vocabulary;
use wordspace_data::formats::Gpt2Tables;

use super::opened::{Opened, TableChoice};
use crate::{Error, Result};

/// How many steps a message lists.
const LISTED: usize = 12;

/// The vectors of a run after one step.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub run: PathBuf,
    step: u64,
}

/// Whether `folder` is that of a run.
pub(super) fn is_run(folder: &Path) -> bool {
    folder.join("config.toml").is_file() || folder.join("words.json").is_file() && folder.join("vectors").is_dir()
}

/// The run whose folder contains the file at `path`, if any: it has the words.
pub(super) fn run_of(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    absolute.ancestors().skip(2).take(2).find(|folder| is_run(folder)).map(Path::to_path_buf)
}

impl Frame {
    /// The newest frame of `run`.
    pub fn newest(run: &Path) -> Result<Self> {
        let step = steps(&run.join("vectors"), ".safetensors").pop();
        match step {
            Some(step) => Ok(Self { run: run.to_path_buf(), step }),
            None => Err(problem(run, "it has no vectors yet; it saves the first when training begins".into())),
        }
    }

    /// The frame of `run` after `step`.
    pub fn of_step(run: &Path, step: &str) -> Result<Self> {
        let run_name = run.display();
        if !is_run(run) {
            return Err(problem(run, "it is no run, so it has no steps; leave out the @".into()));
        }
        let Ok(step) = step.parse() else {
            return Err(Error::Question(format!(
                "{run_name}@{step}: expected a step number after the @, found {step:?}"
            )));
        };
        let steps = steps(&run.join("vectors"), ".safetensors");
        if steps.contains(&step) {
            return Ok(Self { run: run.to_path_buf(), step });
        }
        Err(problem(run, format!("there are no vectors of step {step}; {}", listed(&steps, step))))
    }

    /// The file with its tables.
    pub fn vectors(&self) -> PathBuf {
        self.run.join("vectors").join(format!("step-{:06}.safetensors", self.step))
    }

    /// Adds to `opened` what else is known of the run.
    pub fn describe(&self, table: TableChoice, opened: &mut Opened) -> Result<()> {
        let vocabulary = Vocabulary::open(&self.run.join("words.json"))?;
        opened.run = Some((self.run.clone(), self.step));
        opened.name = format!("{}@{}", self.run.display(), self.step);
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
        let checkpoints = self.run.join("checkpoints");
        let newest_first = steps(&checkpoints, "").into_iter().rev();
        let model = |step| checkpoints.join(format!("step-{step:06}")).join("model.safetensors");
        std::iter::once(self.step).chain(newest_first).map(model).find(|path| path.is_file())
    }
}

/// The steps in the names of files like `step-000050`, with `suffix` at the end, in order.
fn steps(folder: &Path, suffix: &str) -> Vec<u64> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let step = |name: String| {
        let step: u64 = name.strip_prefix("step-")?.strip_suffix(suffix)?.parse().ok()?;
        (name == format!("step-{step:06}{suffix}")).then_some(step)
    };
    let mut steps: Vec<u64> = entries.filter_map(|entry| step(entry.file_name().into_string().ok()?)).collect();
    steps.sort_unstable();
    steps
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
