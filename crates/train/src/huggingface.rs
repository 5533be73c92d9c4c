//! Hugging Face GPT-2 folders: reads them, and exports a run as one.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::Device;
use serde_json::{Value, json};
use wordspace_data::publish::{Staged, publish_bytes};
use wordspace_data::{Corpus, Progress, read_tensors_with_progress, regular_file, write_tensors};
use wordspace_learn::checkpoint::{Checkpoint, parts, to_host_tensors};
use wordspace_learn::config::Config;
use wordspace_model::parameters::HostTensors;
use wordspace_model::{Gpt, ModelConfig, huggingface};

use crate::checkpoint::Checkpoints;
use crate::{Error, Result, open_config};

/// The model in `folder`: `config.json` and `model.safetensors` as `save_pretrained` writes them, or the shards that it
/// writes of a large model, with their `model.safetensors.index.json`.
///
/// # Errors
///
/// If a file is missing or damaged, or the model is not a GPT-2.
pub fn load_folder(folder: &Path, device: &Device) -> Result<(ModelConfig, Gpt)> {
    let (config, parameters) = read_folder(folder, &|_, _, _| ControlFlow::Continue(()))?;
    let model = huggingface::from_checkpoint(&config, parameters, device)?;
    Ok((config, model))
}

/// The configuration and parameters of the model in `folder`.
pub(crate) fn read_folder(folder: &Path, progress: Progress<'_>) -> Result<(ModelConfig, HostTensors)> {
    let config = huggingface::config_from_json(&read_json(&folder.join("config.json"))?)?;
    Ok((config, read_parameters(folder, progress)?))
}

fn read_json(path: &Path) -> Result<Value> {
    /// More than the configuration or the index of any model has.
    const MAX_BYTES: u64 = 64 << 20;
    let bytes = regular_file::read(path, MAX_BYTES)?;
    serde_json::from_slice(&bytes).map_err(|error| bad(path, &format!("it is not JSON ({error})")))
}

/// The parameters in `folder`, from one file or from shards.
fn read_parameters(folder: &Path, progress: Progress<'_>) -> Result<HostTensors> {
    let (whole, index) = (folder.join("model.safetensors"), folder.join("model.safetensors.index.json"));
    if whole.is_file() {
        return Ok(to_host_tensors(read_tensors_with_progress(&whole, progress)?));
    }
    if index.is_file() {
        return read_shards(folder, &index, progress);
    }
    Err(bad(
        folder,
        match folder.join("pytorch_model.bin").is_file() {
            true => {
                "its parameters are in pytorch_model.bin, which only Python can read; save it again there with \
                 model.save_pretrained(FOLDER)"
            }
            false => "it has no model.safetensors; expected a folder that model.save_pretrained(FOLDER) wrote",
        },
    ))
}

/// The parameters in the shards of `folder` that `index` lists.
fn read_shards(folder: &Path, index: &Path, progress: Progress<'_>) -> Result<HostTensors> {
    let json = read_json(index)?;
    let map = json["weight_map"].as_object().ok_or_else(|| bad(index, "it has no weight_map"))?;
    let mut shards: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for (name, shard) in map {
        let shard = shard.as_str().filter(|shard| Path::new(shard).file_name().is_some_and(|name| name == *shard));
        let shard = shard.ok_or_else(|| bad(index, "it names a shard that is not a file in the same folder"))?;
        shards.entry(shard).or_default().push(name);
    }
    let mut all = HostTensors::new();
    for (shard, names) in shards {
        let path = folder.join(shard);
        let mut tensors = to_host_tensors(read_tensors_with_progress(&path, progress)?);
        for name in names {
            let tensor = tensors.remove(name).ok_or_else(|| bad(&path, &format!("it lacks {name}")))?;
            all.insert(name.clone(), tensor);
        }
    }
    Ok(all)
}

fn bad(path: &Path, problem: &str) -> Error {
    Error::BadRun { path: path.to_path_buf(), problem: problem.to_string() }
}

/// Exports the model of `run` after update `step`, or its newest, to the new folder `to`, which `GPT2LMHeadModel` and
/// `AutoTokenizer` can read. Returns the names of the files.
///
/// The run may be in training meanwhile; nothing in it is changed. The folder appears complete or not at all.
///
/// # Errors
///
/// If the run has no such valid checkpoint, or `to` already exists.
pub fn export(run: &Path, step: Option<u64>, to: &Path) -> Result<Vec<String>> {
    let config = open_config(&run.join("config.toml"), &[])?;
    let corpus = Corpus::open(run)?;
    let checkpoints = Checkpoints::new(run.join("checkpoints"));
    let checkpoint = checkpoints.find(step)?;
    if to.symlink_metadata().is_ok() {
        return Err(Error::RunExists { path: to.to_path_buf() });
    }
    let staged = Staged::folder(to)?;
    let written =
        write_folder(staged.temporary(), &config.model(corpus.summary.vocab_size), &corpus, checkpoint, &config);
    // The name that the user gave, not that of a temporary file.
    let names = written.map_err(|error| match error {
        Error::Disk { source, .. } => Error::disk(to, source),
        other => other,
    })?;
    staged.publish()?;
    Ok(names)
}

/// Writes the files of an exported model to `to`, and returns their names.
fn write_folder(
    to: &Path,
    model: &ModelConfig,
    corpus: &Corpus,
    checkpoint: Checkpoint,
    config: &Config,
) -> Result<Vec<String>> {
    let card = model_card(config, model, corpus, &checkpoint);
    let parameters = huggingface::to_checkpoint(model, checkpoint.model);
    write_tensors(&to.join("model.safetensors"), parts(&parameters))?;
    let mut names = vec!["model.safetensors".to_string()];
    for (name, content) in json_files(model, corpus).into_iter().chain([("README.md", card)]) {
        publish_bytes(&to.join(name), content.as_bytes())?;
        names.push(name.to_string());
    }
    names.sort();
    Ok(names)
}

/// The files beside the parameters that `transformers` reads, by name.
fn json_files(model: &ModelConfig, corpus: &Corpus) -> [(&'static str, String); 4] {
    let end_id = corpus.tokenizer.id("<|endoftext|>");
    let (end, unknown) = (end_id.map(|_| "<|endoftext|>"), corpus.tokenizer.id("<unk>").map(|_| "<unk>"));
    let mut config = huggingface::config_to_json(model);
    config["bos_token_id"] = json!(end_id);
    config["eos_token_id"] = json!(end_id);
    let generation = json!({ "bos_token_id": end_id, "eos_token_id": end_id });
    let tokenizer = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": model.context,
        "clean_up_tokenization_spaces": false,
        "unk_token": unknown,
        "bos_token": end,
        "eos_token": end,
    });
    [
        ("config.json", pretty(&config)),
        ("generation_config.json", pretty(&generation)),
        ("tokenizer.json", corpus.tokenizer.to_json()),
        ("tokenizer_config.json", pretty(&tokenizer)),
    ]
}

fn pretty(json: &Value) -> String {
    serde_json::to_string_pretty(json).expect("values can always be written as JSON") + "\n"
}

/// The README of the exported folder.
fn model_card(config: &Config, model: &ModelConfig, corpus: &Corpus, checkpoint: &Checkpoint) -> String {
    let (state, text) = (&checkpoint.state, &corpus.summary);
    let best = match state.best {
        Some(best) => format!("{:.4} nats per token, after step {}", best.loss, best.step),
        None => "not evaluated".into(),
    };
    format!(
        "---\nlibrary_name: transformers\ntags: [gpt2, wordspace]\n---\n\
         # {name}\n\n\
         A GPT-2 of {parameters} parameters ({layers} layers, {heads} heads, {channels} channels, context {context}), \
         trained from random numbers by wordspace.\n\n\
         | | |\n|---|---|\n\
         | Text | {text}, {bytes} bytes, SHA-256 {sha256} |\n\
         | Tokenizer | {tokenizer}, {vocab} tokens |\n\
         | Updates | {step} of {batch} windows |\n\
         | Best loss on held-out text | {best} |\n\
         | Seed | {seed} |\n\n\
         ```python\n\
         from transformers import AutoModelForCausalLM, AutoTokenizer\n\
         model, tokenizer = AutoModelForCausalLM.from_pretrained(\".\"), AutoTokenizer.from_pretrained(\".\")\n\
         ```\n",
        name = config.run.name,
        parameters = model.parameter_count(),
        layers = model.layers,
        heads = model.heads,
        channels = model.channels,
        context = model.context,
        text = text.name,
        bytes = text.bytes,
        sha256 = text.sha256,
        tokenizer = config.data.tokenizer,
        vocab = model.vocab_size,
        step = state.step,
        batch = config.train.batch * config.train.accumulate,
        seed = config.run.seed,
    )
}
