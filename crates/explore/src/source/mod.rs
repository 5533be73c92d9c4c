//! Anything with vectors, by the name a user gives it: a run's folder (`runs/toy`, `runs/toy@500`), a Hugging Face GPT-2
//! folder or its safetensors file, the name `gpt2`, the folder of a static embedding, or a vector file.

mod hugging_face_cache;
mod missing;
mod opened;
mod run;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wordspace_data::formats::{self, Format, Gpt2Tables, Loaded, Reading, Report, StaticTable};
use wordspace_data::{RunFiles, WordVectors};

use crate::{Error, Result};
pub use opened::{Opened, SourceKind, TableChoice};

/// Something with vectors that exists, and is not open yet.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    table: TableChoice,
    location: Location,
}

#[derive(Clone, Debug)]
enum Location {
    Run(run::Frame),
    /// A folder or a file, and the folder of its words if that is another.
    Gpt2(PathBuf, Option<PathBuf>),
    StaticEmbedding(PathBuf),
    Vectors(PathBuf, Format),
}

impl Source {
    /// Finds the source that `text` names. At most the beginning of a file is read.
    ///
    /// # Errors
    ///
    /// If it does not exist, with names of similar spelling, or if it has no vectors, with what it looks like instead.
    pub fn parse(text: &str, table: TableChoice) -> Result<Self> {
        Ok(Self { name: text.to_string(), table, location: find(text)? })
    }

    /// Its kind.
    pub fn kind(&self) -> SourceKind {
        match &self.location {
            Location::Run(_) => SourceKind::Run,
            Location::Gpt2(..) => SourceKind::Gpt2,
            Location::StaticEmbedding(_) => SourceKind::StaticEmbedding,
            Location::Vectors(_, format) => SourceKind::Vectors(*format),
        }
    }

    /// Which table of a model it is.
    pub fn table(&self) -> TableChoice {
        self.table
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        match &self.location {
            Location::Run(frame) => frame.run(),
            Location::Gpt2(path, _) | Location::StaticEmbedding(path) | Location::Vectors(path, _) => path,
        }
    }

    /// Opens it; with a `limit`, only its first rows.
    ///
    /// # Errors
    ///
    /// As [`formats::read`]; also if it does not have the table that was asked for.
    pub fn open(&self, limit: Option<usize>) -> Result<Opened> {
        self.open_as(&Reading { limit, ..Reading::default() })
    }

    /// Opens it with all options of reading.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_as(&self, how: &Reading<'_>) -> Result<Opened> {
        match &self.location {
            Location::Run(frame) => {
                let mut opened = self.model(&frame.vectors()?, Some(frame.run()), how)?;
                frame.describe(self.table, &mut opened)?;
                Ok(opened)
            }
            Location::Gpt2(path, vocabulary) => self.model(path, vocabulary.as_deref(), how),
            Location::StaticEmbedding(path) => self.static_embedding(path, how),
            Location::Vectors(path, format) => self.vectors(path, *format, how),
        }
    }

    fn model(&self, path: &Path, vocabulary: Option<&Path>, how: &Reading<'_>) -> Result<Opened> {
        let model = Gpt2Tables::open(path, vocabulary, how)?;
        let (vectors, spellings, report) = match (self.table, &model.positions) {
            (TableChoice::Token, _) => (model.tokens, model.spellings, model.report),
            (TableChoice::Position, Some(positions)) => {
                let rows = positions.len().min(how.limit.unwrap_or(usize::MAX));
                let words = (0..rows).map(|row| row.to_string()).collect();
                let values = positions.as_slice()[..rows * positions.dimension()].to_vec();
                (WordVectors::new(words, values, positions.dimension()), None, Report::whole(rows))
            }
            (TableChoice::Position, None) => return Err(self.lacks("it has no position table")),
        };
        Ok(Opened {
            vectors,
            subwords: None,
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

    fn static_embedding(&self, path: &Path, how: &Reading<'_>) -> Result<Opened> {
        if self.table == TableChoice::Position {
            return Err(self.lacks("it is a static embedding, which has one table"));
        }
        let StaticTable { tokens, spellings, tokenizer, report, dtype } = StaticTable::open(path, how)?;
        Ok(Opened { spellings, tokenizer, ..self.one_table(Loaded { vectors: tokens, dtype, report, subwords: None }) })
    }

    fn vectors(&self, path: &Path, format: Format, how: &Reading<'_>) -> Result<Opened> {
        if self.table == TableChoice::Position {
            return Err(self.lacks("it is a vector file, which has one table"));
        }
        Ok(self.one_table(formats::read(path, format, how)?))
    }

    /// What a source without positions, counts or classes holds.
    fn one_table(&self, loaded: Loaded) -> Opened {
        Opened {
            vectors: loaded.vectors,
            subwords: loaded.subwords,
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
        }
    }

    fn lacks(&self, problem: &str) -> Error {
        Error::Question(format!("{}: {problem}; leave out --table position", self.name))
    }
}

fn find(text: &str) -> Result<Location> {
    let path = Path::new(text);
    if path.is_dir() {
        return find_in_folder(text, path);
    }
    if path.exists() {
        return find_in_file(path);
    }
    if text == "gpt2" {
        return Ok(Location::Gpt2(hugging_face_cache::gpt2()?, None));
    }
    match text.rsplit_once('@') {
        Some((run, step)) if Path::new(run).exists() => Ok(Location::Run(run::Frame::of_step(Path::new(run), step)?)),
        Some((run, _)) => Err(missing::error(run)),
        None => Err(missing::error(text)),
    }
}

fn find_in_folder(text: &str, folder: &Path) -> Result<Location> {
    if RunFiles::are_in(folder) {
        return Ok(Location::Run(run::Frame::newest(folder)?));
    }
    // model2vec's folders have a config.json too.
    if StaticTable::is_in(folder) {
        return Ok(Location::StaticEmbedding(folder.to_path_buf()));
    }
    if folder.join("config.json").is_file() {
        return Ok(Location::Gpt2(folder.to_path_buf(), None));
    }
    Err(Error::Source { source_name: text.to_string(), problem: missing::what_is_in(folder) })
}

fn find_in_file(path: &Path) -> Result<Location> {
    let format = Format::of(path)?;
    if format == Format::Safetensors && Gpt2Tables::is_in(path)? {
        return Ok(Location::Gpt2(path.to_path_buf(), run::run_of(path)));
    }
    Ok(Location::Vectors(path.to_path_buf(), format))
}
