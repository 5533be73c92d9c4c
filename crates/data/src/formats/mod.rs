//! Files of words with vectors, read and written: one file a format, each read no further than its own size allows.
//!
//! A format is recognised by what a file holds, never by its ending ([`Format::of`]). Reading keeps what is whole and tells
//! in a [`Report`] what it left out; writing puts a file into place whole, or not at all. `docs/formats.md` is the table
//! of formats, and says for each where the words come from.

mod csv;
mod foreign;
mod gpt2;
mod input;
mod mapped;
mod npy;
mod output;
mod projector;
mod recognize;
mod report;
mod rows;
mod safetensors;
mod saved_tables;
mod tensor_file;
mod text;
mod token_words;
mod word2vec;
mod word_list;

use std::fmt;
use std::path::{Path, PathBuf};

pub use gpt2::{Gpt2Tables, Parameter};
pub use output::{Written, write};
pub use report::{Reason, Report};
pub use saved_tables::SavedTables;
pub use token_words::TokenWords;

use crate::{Error, Progress, Result, WordVectors};

/// A form in which files hold words with vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// word2vec's binary form: `V C`, then each word, a space, and its numbers as 32-bit floats.
    Word2vecBinary,
    /// word2vec's text form, also fastText's `.vec`: `V C`, then a word and its numbers a line.
    Word2vecText,
    /// GloVe's text form: the same without the first line.
    Glove,
    /// A NumPy array `[V, C]`, its words in a list beside it.
    Npy,
    /// A table in a safetensors file, its words in the file or in a list beside it.
    Safetensors,
    /// The Embedding Projector's pair of files: numbers separated by tabs, and the words.
    Projector,
    /// A word and its numbers a line, separated by commas (RFC 4180).
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Word2vecBinary,
        Self::Word2vecText,
        Self::Glove,
        Self::Npy,
        Self::Safetensors,
        Self::Projector,
        Self::Csv,
    ];

    /// The format of the file at `path`, by its first bytes.
    ///
    /// # Errors
    ///
    /// If it is none of these, saying what it looks like instead.
    pub fn of(path: &Path) -> Result<Self> {
        recognize::recognize(path)
    }

    /// What `--to` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Word2vecBinary => "bin",
            Self::Word2vecText => "txt",
            Self::Glove => "glove",
            Self::Npy => "npy",
            Self::Safetensors => "safetensors",
            Self::Projector => "tsv",
            Self::Csv => "csv",
        }
    }

    /// The format that the ending of `path` stands for, when a file is to be written.
    pub fn by_ending(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        // fastText's text files are word2vec's.
        let ending = if ending == "vec" { "txt" } else { &ending };
        Self::ALL.into_iter().find(|format| format.name() == ending)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Word2vecBinary => "word2vec binary",
            Self::Word2vecText => "word2vec text",
            Self::Glove => "GloVe text",
            Self::Npy => "NumPy array",
            Self::Safetensors => "safetensors",
            Self::Projector => "Projector TSV",
            Self::Csv => "CSV",
        })
    }
}

/// How a file stores its numbers. In memory they are 32-bit floats; only `Float64` loses digits on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// IEEE 754 half precision.
    Float16,
    /// The upper half of a 32-bit float.
    BFloat16,
    /// IEEE 754 single precision; also numbers written as text.
    Float32,
    /// IEEE 754 double precision.
    Float64,
}

impl Dtype {
    /// How many bytes a number takes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Float16 | Self::BFloat16 => 2,
            Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    /// Appends the little-endian numbers in `bytes` to `values`.
    fn append(self, bytes: &[u8], values: &mut Vec<f32>) {
        use half::{bf16, f16};
        match self {
            Self::Float16 => values.extend(bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32())),
            Self::BFloat16 => values.extend(bytes.as_chunks().0.iter().map(|&b| bf16::from_le_bytes(b).to_f32())),
            Self::Float32 => values.extend(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b))),
            Self::Float64 => values.extend(bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32)),
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Float16 => "float16",
            Self::BFloat16 => "bfloat16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
        })
    }
}

/// How to read.
#[derive(Clone, Copy, Default)]
pub struct Reading<'a> {
    /// Read this many rows from the beginning and no more of the file than they need.
    pub limit: Option<usize>,
    /// Whether anything that would be left out is an error instead.
    pub strict: bool,
    /// Who is told how far it is.
    pub progress: Option<Progress<'a>>,
}

/// What was read.
pub struct Loaded {
    /// The words with their vectors.
    pub vectors: WordVectors,
    /// How the file stores numbers.
    pub dtype: Dtype,
    /// What was left out.
    pub report: Report,
}

/// Reads the file at `path`, which is of `format`.
///
/// # Errors
///
/// If nothing in it can be used, if more rows are bad than good, or, when `strict`, if any row is.
pub fn read(path: &Path, format: Format, how: &Reading<'_>) -> Result<Loaded> {
    match format {
        Format::Word2vecBinary => word2vec::read(path, how),
        Format::Word2vecText => text::read(path, true, how),
        Format::Glove => text::read(path, false, how),
        Format::Npy => npy::read(path, how),
        Format::Safetensors => safetensors::read(path, how),
        Format::Projector => projector::read(path, how),
        Format::Csv => csv::read(path, how),
    }
}

/// An error of a file that is not what it should be.
fn bad(path: &Path, problem: impl Into<String>) -> Error {
    Error::BadFile { path: path.to_path_buf(), problem: problem.into() }
}

/// The file beside `path` whose name is that of `path` without its ending, and `ending`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}{ending}"))
}
