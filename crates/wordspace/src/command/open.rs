//! Opening what has vectors.
// Replaced by Source when it lands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wordspace::data::{Error, Vocabulary, WordVectors, read_tensors};

use crate::failure::Failure;

/// What was opened.
pub struct Opened {
    pub vectors: WordVectors,
    pub name: String,
    pub classes: BTreeMap<String, Vec<String>>,
    pub counts: Option<Vec<u64>>,
    /// For a run: its folder, and the step its vectors are of.
    pub run: Option<(PathBuf, u64)>,
}

pub fn open(source: &str) -> Result<Opened, Failure> {
    let (path, step) = match source.rsplit_once('@') {
        Some((run, step)) if !Path::new(source).exists() => (run, step.parse::<u64>().ok()),
        _ => (source, None),
    };
    let path = Path::new(path);
    if path.is_dir() { run(path, step, source) } else { text(path, source) }
}

fn run(folder: &Path, step: Option<u64>, name: &str) -> Result<Opened, Failure> {
    let vocabulary = Vocabulary::open(&folder.join("words.json"))?;
    let tables = folder.join("vectors");
    let entries = std::fs::read_dir(&tables).map_err(|source| Error::read(&tables, source))?;
    let steps = entries.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse::<u64>().ok()
    });
    let step = step.or(steps.max()).unwrap_or(0);
    let path = tables.join(format!("step-{step:06}.safetensors"));
    let Some(table) = read_tensors(&path)?.remove("wte.weight") else {
        return Err(Error::BadFile { path, problem: "it has no token table".into() }.into());
    };
    let words = vocabulary.words.iter().map(|word| word.replace('Ġ', " ")).collect();
    Ok(Opened {
        vectors: WordVectors::new(words, table.values, table.shape[1]),
        name: name.to_string(),
        classes: vocabulary.classes,
        counts: Some(vocabulary.counts),
        run: Some((folder.to_path_buf(), step)),
    })
}

fn text(path: &Path, name: &str) -> Result<Opened, Failure> {
    let content = std::fs::read_to_string(path).map_err(|source| Error::read(path, source))?;
    let mut words = Vec::new();
    let mut rows = Vec::new();
    for line in content.lines().skip(1) {
        let mut columns = line.split_whitespace();
        words.extend(columns.next().map(String::from));
        rows.extend(columns.filter_map(|number| number.parse::<f32>().ok()));
    }
    let dimension = rows.len() / words.len().max(1);
    if words.is_empty() || words.len() * dimension != rows.len() {
        let problem = "expected word2vec text, a word and its numbers on each line".into();
        return Err(Error::BadFile { path: path.to_path_buf(), problem }.into());
    }
    let vectors = WordVectors::new(words, rows, dimension);
    Ok(Opened { vectors, name: name.to_string(), classes: BTreeMap::new(), counts: None, run: None })
}
