//! The tables of a GPT-2 in the layout of Hugging Face's `transformers`: `config.json` and `model.safetensors`, or the parts
//! that `model.safetensors.index.json` lists. Tensor names may start with `transformer.`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::dtype::Dtype;
use super::reading::Reading;
use super::report::Report;
use super::tensor_file::{TensorFile, TensorTable, dtype};
use super::token_words::TokenWords;
use crate::{Error, Result, VectorTable, WordVectors, regular_file};

/// The largest `config.json` or index: that of a model of a hundred thousand tensors.
const MAX_JSON_BYTES: u64 = 16 << 20;

/// The tables of a GPT-2 with their words, and a list of its parameters.
pub struct Gpt2Tables {
    /// The token table `wte`, `[V, C]`, with a word for each row; a large table of 32-bit floats is mapped.
    pub tokens: WordVectors,
    /// The position table `wpe`, `[T, C]`.
    pub positions: Option<VectorTable>,
    /// For each row the spelling in a byte-level vocabulary, `Ġcat` for ` cat`; none for other vocabularies.
    pub spellings: Option<Vec<String>>,
    /// The `tokenizer.json` of the vocabulary.
    pub tokenizer: Option<PathBuf>,
    /// The report; it counts the words of the vocabulary for which the table has no row.
    pub report: Report,
    /// The type in which the file stores the token table.
    pub dtype: Dtype,
    /// V, even if fewer rows were read.
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
    /// The type of its values in the file.
    pub dtype: String,
}

impl Parameter {
    /// The number of its values.
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

    /// Reads the tables of the model at `path`: a folder, or its safetensors file if it has only one. The words come from the
    /// folder `vocabulary` if it is given, otherwise from the folder of the model.
    ///
    /// # Errors
    ///
    /// If it is not a GPT-2, or damaged, or its values are not finite.
    pub fn open(path: &Path, vocabulary: Option<&Path>, how: &Reading<'_>) -> Result<Self> {
        let mut files = files(path)?;
        let parameters = parameters(&files);
        let (file, name, table) = find(&mut files, "wte.weight")?.ok_or_else(|| {
            let all: Vec<&str> = parameters.iter().take(5).map(|parameter| parameter.name.as_str()).collect();
            Error::bad_file(
                path,
                format!("it has no wte.weight, the token table of a GPT-2; it has {}, …", all.join(", ")),
            )
        })?;
        let (dtype, rows) = (table.dtype, table.rows as usize);
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        let TokenWords { mut words, mut spellings, tokenizer, without_row, .. } =
            TokenWords::of_folder(vocabulary.unwrap_or(folder), rows)?;
        words.truncate(how.limit.unwrap_or(rows));
        spellings.iter_mut().for_each(|spellings| spellings.truncate(words.len()));
        let report = Report { words_without_row: without_row, ..Report::whole(words.len()) };
        report.check_strict(path, how.strict)?;
        let tokens = token_vectors(file, &name, &table, words, how)?;
        let whole = Reading { limit: None, ..*how };
        let positions = match find(&mut files, "wpe.weight")? {
            Some((file, name, table)) => {
                let values = file.read(&table, &whole)?;
                let positions = VectorTable::new(values, table.dimension);
                (0..positions.len()).try_for_each(|row| check_finite(file, &name, row, positions.row(row as u32)))?;
                Some(positions)
            }
            None => None,
        };
        Ok(Self { tokens, positions, spellings, tokenizer, report, dtype, rows, parameters })
    }

    /// The parameters in the safetensors file at `path`. Only its header is read.
    pub fn parameters_of(path: &Path) -> Result<Vec<Parameter>> {
        Ok(parameters(&[TensorFile::open(path)?]))
    }
}

/// The table `name`, with or without its prefix: its file, its full name, and where it is in the file.
fn find<'a>(files: &'a mut [TensorFile], name: &str) -> Result<Option<(&'a mut TensorFile, String, TensorTable)>> {
    for file in files {
        let Some(name) = name_of(file, name) else { continue };
        if let Some(table) = file.table(&name)? {
            return Ok(Some((file, name, table)));
        }
    }
    Ok(None)
}

/// `words` with the first rows of `table`.
fn token_vectors(
    file: &mut TensorFile,
    name: &str,
    table: &TensorTable,
    words: Vec<String>,
    how: &Reading<'_>,
) -> Result<WordVectors> {
    let vectors = file.word_vectors(table, words, how)?;
    (0..vectors.len()).try_for_each(|row| check_finite(file, name, row, &vectors.row(row as u32)))?;
    Ok(vectors)
}

fn check_finite(file: &TensorFile, name: &str, row: usize, values: &[f32]) -> Result<()> {
    match values.iter().find(|x| !x.is_finite()) {
        Some(value) => Err(Error::bad_file(
            file.path(),
            format!("row {row} of {name} holds {value}: the model has diverged, or the file is damaged"),
        )),
        None => Ok(()),
    }
}

/// The full name of `name` in `file`, with or without the prefix.
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
    Err(Error::bad_file(
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

/// Checks that the `config.json` at `path` is a GPT-2's: the tensors alone do not show what kind of model they are.
fn check_config(path: &Path) -> Result<()> {
    let json = json(path)?;
    match json["model_type"].as_str() {
        None | Some("gpt2") => Ok(()),
        Some(other) => Err(Error::bad_file(path, format!("it describes a model of type {other}; expected gpt2"))),
    }
}

/// The files that an index lists, without repetitions. They must be in the folder of the index.
fn parts(index: &Path) -> Result<Vec<PathBuf>> {
    let json = json(index)?;
    let map = json["weight_map"].as_object().ok_or_else(|| Error::bad_file(index, "it has no weight_map"))?;
    let mut parts = BTreeMap::new();
    for (name, file) in map {
        match file.as_str().filter(|file| !file.contains(['/', '\\']) && *file != "..") {
            Some(file) => parts.insert(file, index.with_file_name(file)),
            None => {
                let problem = format!("it says that {name} is in {file}; expected the name of a file");
                return Err(Error::bad_file(index, problem));
            }
        };
    }
    Ok(parts.into_values().collect())
}

fn json(path: &Path) -> Result<Value> {
    let bytes = regular_file::read(path, MAX_JSON_BYTES)?;
    serde_json::from_slice(&bytes).map_err(|error| Error::bad_file(path, format!("it is not JSON ({error})")))
}

/// All parameters, with the blocks in order. Old files also hold causal masks, which are not parameters.
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

/// The sort key of a parameter: tables first, then blocks by number, then the rest.
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
