//! Text to ids and back.

use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use wordspace::data::{self, Text, TokenizerChoice};

use crate::array::Array;
use crate::errors::exception;
use crate::fork::on_pool;
use crate::interruptible::interruptible;

/// A tokenizer: GPT-2's, one from a file or a run, or one that is learned from a text.
#[pyclass(frozen, module = "wordspace._wordspace")]
pub struct Tokenizer(data::Tokenizer);

#[pymethods]
impl Tokenizer {
    /// `name` is gpt2, the path of a tokenizer.json, or a folder that has one, such as a run; word, char and bpe:SIZE are
    /// learned from `text`, or from the file at `path`.
    #[staticmethod]
    #[pyo3(signature = (name, text=None, path=None, min_count=1, listener=None))]
    fn open(
        py: Python<'_>,
        name: &str,
        text: Option<String>,
        path: Option<PathBuf>,
        min_count: u64,
        listener: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let is_folder = std::path::Path::new(name).is_dir();
        let tokenizer = interruptible(py, listener, |reporter| -> data::Result<Option<data::Tokenizer>> {
            let choice = match is_folder {
                true => TokenizerChoice::File(name.into()),
                false => name.parse()?,
            };
            let text = match (text, path) {
                (Some(text), _) => Text::in_memory("the text", text),
                (None, Some(path)) => Text::open(&path)?,
                (None, None) if matches!(choice, TokenizerChoice::Gpt2 | TokenizerChoice::File(_)) => {
                    Text::in_memory("no text", String::new())
                }
                (None, None) => return Ok(None),
            };
            let tell = |_, done, total| reporter.progress(done, total);
            data::Tokenizer::prepare(&choice, &text, 0..text.bytes(), min_count, &tell).map(Some)
        })?;
        match tokenizer.map_err(|error| exception(py, error))? {
            Some(tokenizer) => Ok(Self(tokenizer)),
            None => Err(PyValueError::new_err(format!(
                "a {name} tokenizer is learned from a text: give text=… or file=…, or the folder of a run instead of {name:?}"
            ))),
        }
    }

    /// V.
    fn __len__(&self) -> usize {
        self.0.vocab_size()
    }

    /// The ids of `text`.
    fn encode(&self, py: Python<'_>, text: &str) -> PyResult<Array> {
        let tokens = py.detach(|| self.0.encode(text)).map_err(|error| exception(py, error))?;
        Ok(Array::u32(tokens.iter().map(|token| token.id).collect()))
    }

    /// The ids of each of `texts`, encoded on all threads.
    fn encode_all(&self, py: Python<'_>, texts: Vec<String>) -> PyResult<Vec<Array>> {
        let all =
            py.detach(|| on_pool(|| self.0.encode_all(texts, "the texts"))).map_err(|error| exception(py, error))?;
        Ok(all.into_iter().map(Array::u32).collect())
    }

    /// The tokens of `text`: id, spelling in the vocabulary, and the part of the text.
    fn tokens(&self, py: Python<'_>, text: &str) -> PyResult<Vec<(u32, String, String)>> {
        let tokens = py.detach(|| self.0.encode(text)).map_err(|error| exception(py, error))?;
        let part = |bytes: std::ops::Range<usize>| String::from_utf8_lossy(&text.as_bytes()[bytes]).into_owned();
        Ok(tokens.into_iter().map(|token| (token.id, token.spelling, part(token.bytes))).collect())
    }

    /// The text of `ids`.
    fn decode(&self, py: Python<'_>, ids: Vec<u32>) -> String {
        py.detach(|| self.0.decode(&ids))
    }

    /// The id of the token that is spelled `spelling`.
    fn id(&self, spelling: &str) -> Option<u32> {
        self.0.id(spelling)
    }

    /// The spelling of `id` in the vocabulary.
    fn spelling(&self, id: u32) -> Option<String> {
        self.0.spelling(id)
    }

    /// The text of its tokenizer.json.
    fn to_json(&self) -> String {
        self.0.to_json()
    }

    #[staticmethod]
    fn from_json(py: Python<'_>, json: &[u8]) -> PyResult<Self> {
        data::Tokenizer::from_json("the pickled tokenizer", json).map(Self).map_err(|error| exception(py, error))
    }
}
