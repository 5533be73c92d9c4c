//! A model with its tokenizer, from a run or a Hugging Face folder.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use wordspace_data::{END_OF_TEXT, Progress, TextStream, Tokenizer};
use wordspace_learn::{Generation, Sampling};
use wordspace_model::{Gpt, ModelConfig, huggingface};

use crate::checkpoint::Checkpoints;
use crate::device::{OpenDevice, on_device};
use crate::huggingface::read_folder;
use crate::{Error, Result, open_config};

/// A model that predicts, and the tokenizer it was trained with.
pub struct LanguageModel {
    /// The run, folder or file that it was opened from.
    pub path: PathBuf,
    /// Its sizes.
    pub config: ModelConfig,
    /// The network.
    pub model: Gpt,
    /// Text ↔ ids.
    pub tokenizer: Tokenizer,
    /// The device that it computes on.
    pub device: OpenDevice,
}

/// What a model added to a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Continuation {
    /// The tokens.
    pub ids: Vec<u32>,
    /// Their text.
    pub text: String,
    /// Whether the model ended the text.
    pub ended: bool,
}

impl LanguageModel {
    /// Opens the model of the run at `path` after update `step`, or its newest; or the model of a Hugging Face GPT-2 folder or
    /// of a `.safetensors` file in one. Step 0 is the model before training, which the configuration determines. `progress`
    /// is called while a folder is read.
    ///
    /// # Errors
    ///
    /// If there is no model, it is damaged or not a GPT-2, or its tokenizer is missing or has another vocabulary.
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
                Some(_) => Err(bad("it is not a run, so it has no steps; leave out the @ and what follows it".into())),
            },
            _ if path.is_file() => Err(bad(
                "it has vectors but no model to predict with; expected a run, or a folder with config.json and \
                 model.safetensors"
                    .into(),
            )),
            _ if path.exists() => Err(bad(
                "it is neither a run (config.toml) nor a Hugging Face model (config.json), so it cannot predict text"
                    .into(),
            )),
            _ => Err(bad("there is no such run or folder; `wordspace train` makes a run".into())),
        }
    }

    /// A text that begins with `prompt`.
    ///
    /// # Errors
    ///
    /// As of [`Generation::new`].
    pub fn generation(&self, prompt: &[u32], sampling: Sampling) -> Result<Generation> {
        Ok(Generation::new(prompt, sampling, self.config.context, self.config.vocab_size)?)
    }

    /// Chooses the next token of `text` and appends it.
    ///
    /// # Errors
    ///
    /// If the device fails, or the model's logits are not finite.
    pub fn next_token(&self, text: &mut Generation) -> Result<u32> {
        on_device(&self.device, || Ok(text.next_token(&self.model)))?.ok_or_else(|| Error::BadRun {
            path: self.path.clone(),
            problem: "the model's logits are not finite: it has diverged, or its file is damaged".into(),
        })
    }

    /// Continues `prompt` by at most `tokens` tokens; `say` is given each part of the text once it is complete, and may break off.
    ///
    /// # Errors
    ///
    /// As of [`Self::generation`] and [`Self::next_token`].
    pub fn continue_text(
        &self,
        prompt: &[u32],
        sampling: Sampling,
        tokens: usize,
        say: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Continuation> {
        let mut generation = self.generation(prompt, sampling)?;
        let mut stream = TextStream::after(prompt, &self.tokenizer);
        let end = self.tokenizer.id(END_OF_TEXT);
        let mut made = Continuation { ids: Vec::new(), text: String::new(), ended: false };
        while made.ids.len() < tokens {
            let id = self.next_token(&mut generation)?;
            if Some(id) == end {
                made.ended = true;
                break;
            }
            made.ids.push(id);
            let part = stream.push(id);
            made.text.push_str(&part);
            if say(&part).is_break() {
                return Ok(made);
            }
        }
        let rest = stream.finish();
        let _ = say(&rest);
        made.text.push_str(&rest);
        Ok(made)
    }

    fn of_run(run: &Path, step: Option<u64>, device: OpenDevice) -> Result<Self> {
        let config = open_config(&run.join("config.toml"), &[])?;
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
