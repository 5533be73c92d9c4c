//! The tables of a GPT-2 as Hugging Face's `transformers` saves it: `config.json` and `model.safetensors`, or the parts that
//! `model.safetensors.index.json` lists. The names stand with `transformer.` before them or without.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::tensor_file::{Table, TensorFile, dtype};
use super::{Dtype, Reading, TokenWords, bad};
use crate::{Error, Result, VectorTable};

/// The tables of a GPT-2, and what else is in it.
pub struct Gpt2Tables {
    /// The token table `wte`, `[V, C]`.
    pub tokens: VectorTable,
    /// The position table `wpe`, `[T, C]`.
    pub positions: Option<VectorTable>,
    /// The words of the token table.
    pub words: TokenWords,
    /// How the file stores the token table.
    pub dtype: Dtype,
    /// V, also where fewer rows were read.
    pub rows: usize,
    /// Every parameter, in the order of the layers.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in the file.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How it is stored, as the file says it.
    pub dtype: String,
}

impl Parameter {
    /// How many numbers it has.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Gpt2Tables {
    /// Whether the safetensors file at `path` holds a GPT-2's token table.
    pub fn is_in(path: &Path) -> Result<bool> {
        let file = TensorFile::open(path)?;
        Ok(name_of(&file, "wte.weight").is_some())
    }

    /// Reads the tables of the model at `path`: a folder, or its one safetensors file. The words come from the folder of the
    /// file, from `vocabulary` where that is given.
    ///
    /// # Errors
    ///
    /// If it is another model, or damaged, or its numbers are not finite.
    pub fn open(path: &Path, vocabulary: Option<&Path>, how: &Reading<'_>) -> Result<Self> {
        let mut files = files(path)?;
        let parameters = parameters(&files);
        let (dtype, rows, tokens) = read(&mut files, "wte.weight", how)?.ok_or_else(|| {
            let all: Vec<&str> = parameters.iter().take(5).map(|parameter| parameter.name.as_str()).collect();
            bad(path, format!("it has no wte.weight, the token table of a GPT-2; it has {}, …", all.join(", ")))
        })?;
        let whole = Reading { limit: None, ..*how };
        let positions = read(&mut files, "wpe.weight", &whole)?.map(|(_, _, positions)| positions);
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let mut words = TokenWords::of_folder(vocabulary.unwrap_or(folder), rows)?;
        words.words.truncate(tokens.len());
        if let Some(spellings) = &mut words.spellings {
            spellings.truncate(tokens.len());
        }
        Ok(Self { tokens, positions, words, dtype, rows, parameters })
    }

    /// The parameters in the safetensors file at `path`; only its header is read.
    pub fn parameters_of(path: &Path) -> Result<Vec<Parameter>> {
        Ok(parameters(&[TensorFile::open(path)?]))
    }
}

/// The table that `name` is the end of: kind of number, V, the rows that were asked for.
fn read(files: &mut [TensorFile], name: &str, how: &Reading<'_>) -> Result<Option<(Dtype, usize, VectorTable)>> {
    for file in files {
        let Some(full) = name_of(file, name) else { continue };
        let Some(table) = file.table(&full)? else { continue };
        let Table { rows, dimension, dtype, .. } = table;
        let values = file.read(&table, how)?;
        if let Some(at) = values.iter().position(|x| !x.is_finite()) {
            let (row, value) = (at / dimension, values[at]);
            return Err(bad(
                file.path(),
                format!("row {row} of {full} holds {value}: the model has diverged, or the file is damaged"),
            ));
        }
        return Ok(Some((dtype, rows as usize, VectorTable::new(values, dimension))));
    }
    Ok(None)
}

fn name_of(file: &TensorFile, name: &str) -> Option<String> {
    let names = [name.to_string(), format!("transformer.{name}")];
    file.tensors().map(|(found, _)| found).find(|found| names.contains(found))
}

/// The safetensors files of the model at `path`.
fn files(path: &Path) -> Result<Vec<TensorFile>> {
    if !path.is_dir() {
        return Ok(vec![TensorFile::open(path)?]);
    }
    check_config(&path.join("config.json"))?;
    let (one, index) = (path.join("model.safetensors"), path.join("model.safetensors.index.json"));
    if one.is_file() {
        return Ok(vec![TensorFile::open(&one)?]);
    }
    if index.is_file() {
        return parts(&index)?.iter().map(|part| TensorFile::open(part)).collect();
    }
    Err(bad(
        path,
        match path.join("pytorch_model.bin").is_file() {
            true => {
                "its model is in pytorch_model.bin only, a pickle, which can run code; save it as safetensors: in Python, \
                 AutoModel.from_pretrained(FOLDER).save_pretrained(NEW_FOLDER)"
            }
            false => "it has a config.json but no model.safetensors; fetch that too",
        },
    ))
}

/// A folder's `config.json` must be a GPT-2's; what kind of model the numbers belong to cannot be seen from them.
fn check_config(path: &Path) -> Result<()> {
    let json = json(path)?;
    match json["model_type"].as_str() {
        None | Some("gpt2") => Ok(()),
        Some(other) => Err(bad(path, format!("it describes a model of type {other}; expected gpt2"))),
    }
}

/// The files that an index lists, each once. They lie beside it, whatever it says.
fn parts(index: &Path) -> Result<Vec<PathBuf>> {
    let json = json(index)?;
    let map = json["weight_map"].as_object().ok_or_else(|| bad(index, "it has no weight_map"))?;
    let mut parts = BTreeMap::new();
    for (name, file) in map {
        match file.as_str().filter(|file| !file.contains(['/', '\\']) && *file != "..") {
            Some(file) => parts.insert(file, index.with_file_name(file)),
            None => return Err(bad(index, format!("it says that {name} is in {file}; expected the name of a file"))),
        };
    }
    Ok(parts.into_values().collect())
}

fn json(path: &Path) -> Result<Value> {
    let bytes = std::fs::read(path).map_err(|source| Error::read(path, source))?;
    serde_json::from_slice(&bytes).map_err(|error| bad(path, format!("it is not JSON ({error})")))
}

/// All parameters, layers in order of their numbers; the causal masks that old files hold among them are none.
fn parameters(files: &[TensorFile]) -> Vec<Parameter> {
    let tensors = files.iter().flat_map(TensorFile::tensors);
    let tensors = tensors.filter(|(name, _)| !name.ends_with(".attn.bias") && !name.ends_with(".attn.masked_bias"));
    let mut all: Vec<Parameter> = tensors
        .map(|(name, info)| Parameter {
            name,
            shape: info.shape.clone(),
            dtype: dtype(info.dtype).map_or_else(|| format!("{:?}", info.dtype), |dtype| dtype.to_string()),
        })
        .collect();
    all.sort_by_cached_key(|parameter| order(&parameter.name));
    all
}

/// Tables first, blocks by number, the rest last.
fn order(name: &str) -> (u8, u64, String) {
    let short = name.strip_prefix("transformer.").unwrap_or(name);
    let block = short.strip_prefix("h.").and_then(|rest| rest.split('.').next()?.parse().ok());
    match (short, block) {
        ("wte.weight", _) => (0, 0, String::new()),
        ("wpe.weight", _) => (1, 0, String::new()),
        (_, Some(block)) => (2, block, short.to_string()),
        _ => (3, 0, short.to_string()),
    }
}
