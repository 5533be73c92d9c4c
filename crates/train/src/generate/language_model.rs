//! A model with its tokenizer, from wherever the two lie.

use std::path::{Path, PathBuf};

use wordspace_data::{Progress, Tokenizer};
use wordspace_model::{Gpt, ModelConfig, huggingface};

use crate::checkpoint::Checkpoints;
use crate::config::Config;
use crate::device::{OpenDevice, on_device};
use crate::huggingface::read_folder;
use crate::{Error, Result};

/// A model that predicts, and the tokenizer it was trained with.
pub struct LanguageModel {
    /// Where it came from.
    pub path: PathBuf,
    /// Its sizes.
    pub config: ModelConfig,
    /// The network.
    pub model: Gpt,
    /// Text ↔ ids.
    pub tokenizer: Tokenizer,
    /// Where it computes.
    pub device: OpenDevice,
}

impl LanguageModel {
    /// The model of the run in `path` after update `step`, or its newest; or that of a Hugging Face GPT-2 folder, or of a
    /// `.safetensors` file in one. Step 0 is the model before training, which is a function of the configuration. `progress` is
    /// told how far the reading of a folder is.
    ///
    /// # Errors
    ///
    /// If there is no model, it is damaged, it is no GPT-2, or its tokenizer is missing or of another vocabulary.
    pub fn open(path: &Path, step: Option<u64>, device: OpenDevice, progress: Progress<'_>) -> Result<Self> {
        let bad = |problem: String| Error::BadRun { path: path.to_path_buf(), problem };
        if path.join("config.toml").is_file() {
            return Self::of_run(path, step, device);
        }
        let folder = match path.is_file() {
            true => path.parent().filter(|_| path.extension().is_some_and(|ending| ending == "safetensors")),
            false => Some(path),
        };
        match folder {
            Some(folder) if folder.join("config.json").is_file() => match step {
                None => Self::of_folder(path, folder, device, progress),
                Some(_) => Err(bad("it is no run, so it has no steps; leave out what follows the @".into())),
            },
            _ if path.is_file() => Err(bad(
                "it has vectors but no model to predict with; use a run's folder, or one with config.json and \
                 model.safetensors"
                    .into(),
            )),
            _ if path.exists() => Err(bad(
                "it holds neither a run (config.toml) nor a Hugging Face model (config.json), so there is nothing to \
                 predict with"
                    .into(),
            )),
            _ => Err(bad("there is no such run or folder; `wordspace train` makes a run".into())),
        }
    }

    fn of_run(run: &Path, step: Option<u64>, device: OpenDevice) -> Result<Self> {
        let config = Config::open(&run.join("config.toml"), &[])?;
        let tokenizer = Tokenizer::from_file(&run.join("tokenizer.json"))?;
        let (sizes, checkpoints) = (config.model(tokenizer.vocab_size()), Checkpoints::new(run.join("checkpoints")));
        device.check_holds(&sizes)?;
        let model = on_device(&device, || match step {
            Some(0) if !checkpoints.path(0).exists() => Ok(Gpt::init(&sizes, config.run.seed, &device.device)?),
            _ => Ok(huggingface::from_checkpoint(&sizes, checkpoints.find(step)?.model, &device.device)?),
        })?;
        Ok(Self { path: run.to_path_buf(), config: sizes, model, tokenizer, device })
    }

    fn of_folder(path: &Path, folder: &Path, device: OpenDevice, progress: Progress<'_>) -> Result<Self> {
        let (config, parameters) = read_folder(folder, progress)?;
        let tokenizer = Tokenizer::of_model(folder, config.vocab_size)?;
        let (ids, rows) = (tokenizer.vocab_size(), config.vocab_size);
        if ids > rows {
            let problem = format!("its tokenizer has ids up to {}, but its token table has {rows} rows", ids - 1);
            return Err(Error::BadRun { path: path.to_path_buf(), problem });
        }
        device.check_holds(&config)?;
        let load = || Ok(huggingface::from_checkpoint(&config, parameters, &device.device)?);
        let model = on_device(&device, load)?;
        Ok(Self { path: path.to_path_buf(), config, model, tokenizer, device })
    }
}
