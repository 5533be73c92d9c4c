//! Opens what has vectors.
// Replaced by Source when it lands.

use std::ops::ControlFlow;
use std::path::Path;

use wordspace::data::{Vocabulary, WordVectors, read_tensors};

use crate::args::{SourceArgs, Table};
use crate::failure::Failure;
use crate::terminal::{Bar, Terminal};

/// What was opened.
pub struct Opened {
    pub vectors: WordVectors,
    pub name: String,
    pub counts: Option<Vec<u64>>,
}

pub fn open(args: &SourceArgs, terminal: &Terminal) -> Result<Opened, Failure> {
    let (path, step) = match args.source.rsplit_once('@') {
        Some((run, step)) if !Path::new(&args.source).exists() => (Path::new(run), step.parse::<u64>().ok()),
        _ => (Path::new(&args.source), None),
    };
    let name = args.source.clone();
    if !path.is_dir() {
        let bar = Bar::new(terminal, "reading the words");
        let told = |_, done, total| {
            bar.tell(done, total);
            ControlFlow::Continue(())
        };
        let (vectors, _) = WordVectors::open_word2vec(path, args.limit.map(|limit| limit as usize), &told)?;
        return Ok(Opened { vectors, name, counts: None });
    }
    let vocabulary = Vocabulary::open(&path.join("words.json"))?;
    let tables = std::fs::read_dir(path.join("vectors")).into_iter().flatten().flatten().map(|entry| entry.path());
    let table = match step {
        Some(step) => Some(path.join(format!("vectors/step-{step:06}.safetensors"))),
        None => tables.max(),
    };
    let table = table.ok_or_else(|| Failure::usage(format!("{name} has no vectors")))?;
    let mut tensors = read_tensors(&table)?;
    let (tensor, words) = match args.table {
        Table::Token => ("wte.weight", vocabulary.words.iter().map(|word| word.replace('Ġ', " ")).collect()),
        Table::Position => ("wpe.weight", (0..1 << 16).map(|place| place.to_string()).collect::<Vec<_>>()),
    };
    let tensor = tensors.remove(tensor).ok_or_else(|| Failure::usage(format!("{name} has no {tensor}")))?;
    let rows = tensor.shape[0].min(args.limit.map_or(usize::MAX, |limit| limit as usize));
    let numbers = tensor.values[..rows * tensor.shape[1]].to_vec();
    let words: Vec<String> = words.into_iter().take(rows).collect();
    let counts = (args.table == Table::Token).then(|| vocabulary.counts[..rows].to_vec());
    Ok(Opened { vectors: WordVectors::new(words, numbers, tensor.shape[1]), name, counts })
}
