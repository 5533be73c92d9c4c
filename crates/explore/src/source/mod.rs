//! Anything with vectors, by the name a user gives it: a run's folder (`runs/toy`, `runs/toy@500`), a Hugging Face GPT-2
//! folder or its safetensors file, the name `gpt2`, or a vector file.

mod cache;
mod near;
mod run;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use wordspace_data::formats::{self, Dtype, Format, Gpt2Tables, Parameter, Reading, Report};
use wordspace_data::{VectorTable, WordVectors};

use crate::{Error, Result};

/// Which of a model's two tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableChoice {
    /// The vectors of tokens.
    #[default]
    Token,
    /// The vectors of positions; their words are `0`, `1`, ….
    Position,
}

/// What kind of thing a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// A run of wordspace.
    Run,
    /// A GPT-2 as Hugging Face saves it.
    Gpt2,
    /// A file of words with vectors.
    Vectors(Format),
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run => f.write_str("run"),
            Self::Gpt2 => f.write_str("GPT-2"),
            Self::Vectors(format) => write!(f, "{format}"),
        }
    }
}

/// Something with vectors that has been found.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    table: TableChoice,
    place: Place,
}

/// Where the vectors are.
#[derive(Clone, Debug)]
enum Place {
    Run(run::Frame),
    /// A folder or a file, and the folder of its words where that is another.
    Gpt2(PathBuf, Option<PathBuf>),
    Vectors(PathBuf, Format),
}

/// A source that was opened.
pub struct Opened {
    /// The words with their vectors.
    pub vectors: WordVectors,
    /// The position table of a model, `[T, C]`.
    pub positions: Option<VectorTable>,
    /// What to call it: what the user wrote, with the step of a run.
    pub name: String,
    /// What kind of thing it is.
    pub kind: SourceKind,
    /// What was left out.
    pub report: Report,
    /// The answer key of the toy corpus: words by class.
    pub classes: BTreeMap<String, Vec<String>>,
    /// Row by row how often the word occurs in a run's text.
    pub counts: Option<Vec<u64>>,
    /// The `tokenizer.json` that goes with a model's vectors.
    pub tokenizer: Option<PathBuf>,
    /// Row by row how a vocabulary of bytes spells the word: `Ġcat` for ` cat`. None where words are spelled as they are.
    pub spellings: Option<Vec<String>>,
    /// How the numbers are stored.
    pub dtype: Dtype,
    /// The parameters of a model; none for a vector file.
    pub parameters: Vec<Parameter>,
    /// The folder of a run, and after which of its updates the vectors were saved.
    pub run: Option<(PathBuf, u64)>,
}

impl Source {
    /// Finds what `text` names. Nothing but the beginning of a file is read.
    ///
    /// # Errors
    ///
    /// If there is no such thing, saying what is near it, or if it holds no vectors, saying what it looks like instead.
    pub fn parse(text: &str, table: TableChoice) -> Result<Self> {
        Ok(Self { name: text.to_string(), table, place: find(text)? })
    }

    /// What kind of thing it is.
    pub fn kind(&self) -> SourceKind {
        match &self.place {
            Place::Run(_) => SourceKind::Run,
            Place::Gpt2(..) => SourceKind::Gpt2,
            Place::Vectors(_, format) => SourceKind::Vectors(*format),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match &self.place {
            Place::Run(frame) => &frame.run,
            Place::Gpt2(path, _) | Place::Vectors(path, _) => path,
        }
    }

    /// Opens the first `limit` rows of it, or all.
    ///
    /// # Errors
    ///
    /// As [`formats::read`]; also if the table that was asked for is not there.
    pub fn open(&self, limit: Option<usize>) -> Result<Opened> {
        self.open_as(&Reading { limit, ..Reading::default() })
    }

    /// [`Self::open`], with everything that can be said of how to read.
    pub fn open_as(&self, how: &Reading<'_>) -> Result<Opened> {
        match &self.place {
            Place::Run(frame) => {
                let mut opened = self.model(&frame.vectors(), Some(&frame.run), how)?;
                frame.describe(self.table, &mut opened)?;
                Ok(opened)
            }
            Place::Gpt2(path, vocabulary) => self.model(path, vocabulary.as_deref(), how),
            Place::Vectors(path, format) => self.vectors(path, *format, how),
        }
    }

    fn model(&self, path: &Path, vocabulary: Option<&Path>, how: &Reading<'_>) -> Result<Opened> {
        let model = Gpt2Tables::open(path, vocabulary, how)?;
        let (vectors, spellings, report) = match (self.table, &model.positions) {
            (TableChoice::Token, _) => (model.tokens, model.spellings, model.report),
            (TableChoice::Position, Some(positions)) => {
                let rows = positions.len().min(how.limit.unwrap_or(usize::MAX));
                let words = (0..rows).map(|row| row.to_string()).collect();
                let numbers = positions.as_slice()[..rows * positions.dimension()].to_vec();
                (WordVectors::new(words, numbers, positions.dimension()), None, Report::whole(rows))
            }
            (TableChoice::Position, None) => return Err(self.lacks("it has no table of positions")),
        };
        Ok(Opened {
            vectors,
            report,
            positions: model.positions,
            name: self.name.clone(),
            kind: self.kind(),
            classes: BTreeMap::new(),
            counts: None,
            tokenizer: model.tokenizer,
            spellings,
            dtype: model.dtype,
            parameters: model.parameters,
            run: None,
        })
    }

    fn vectors(&self, path: &Path, format: Format, how: &Reading<'_>) -> Result<Opened> {
        if self.table == TableChoice::Position {
            return Err(self.lacks("it is a vector file, which has one table"));
        }
        let loaded = formats::read(path, format, how)?;
        Ok(Opened {
            vectors: loaded.vectors,
            positions: None,
            name: self.name.clone(),
            kind: self.kind(),
            report: loaded.report,
            classes: BTreeMap::new(),
            counts: None,
            tokenizer: None,
            spellings: None,
            dtype: loaded.dtype,
            parameters: Vec::new(),
            run: None,
        })
    }

    fn lacks(&self, problem: &str) -> Error {
        Error::Question(format!("{}: {problem}; leave out --table position", self.name))
    }
}

fn find(text: &str) -> Result<Place> {
    let path = Path::new(text);
    if path.is_dir() {
        return find_in_folder(text, path);
    }
    if path.exists() {
        return find_in_file(path);
    }
    if text == "gpt2" {
        return Ok(Place::Gpt2(cache::gpt2()?, None));
    }
    match text.rsplit_once('@') {
        Some((run, step)) if Path::new(run).exists() => Ok(Place::Run(run::Frame::of_step(Path::new(run), step)?)),
        Some((run, _)) => Err(near::missing(run)),
        None => Err(near::missing(text)),
    }
}

fn find_in_folder(text: &str, folder: &Path) -> Result<Place> {
    if run::is_run(folder) {
        return Ok(Place::Run(run::Frame::newest(folder)?));
    }
    if folder.join("config.json").is_file() {
        return Ok(Place::Gpt2(folder.to_path_buf(), None));
    }
    Err(Error::Source { source_name: text.to_string(), problem: near::what_is_in(folder) })
}

fn find_in_file(path: &Path) -> Result<Place> {
    let format = Format::of(path)?;
    if format == Format::Safetensors && Gpt2Tables::is_in(path)? {
        return Ok(Place::Gpt2(path.to_path_buf(), run::run_of(path)));
    }
    Ok(Place::Vectors(path.to_path_buf(), format))
}
