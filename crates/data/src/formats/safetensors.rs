//! A table of vectors in a safetensors file.
//!
//! The table is the tensor `vectors`, or otherwise the only tensor of two dimensions. The words are a JSON list under `words`
//! in the metadata of the file, or otherwise in a word list beside it.

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::dtype::Dtype;
use super::mapped_table::{self, TableLocation};
use super::output_table::OutputTable;
use super::reading::{Loaded, Reading};
use super::rows::Rows;
use super::tensor_file::{TensorFile, TensorTable};
use super::word_list::WordList;
use crate::{Error, Result, safetensors_header};

/// The name of the tensor.
const NAME: &str = "vectors";

/// Reads the file at `path`.
pub(super) fn read(path: &Path, how: &Reading<'_>) -> Result<Loaded> {
    let mut file = TensorFile::open(path)?;
    let table = find(&file)?;
    let wanted = how.limit.map_or(table.rows, |limit| table.rows.min(limit as u64));
    let words = match file.text("words") {
        Some(words) => parse_words(path, words, table.rows, wanted)?,
        None => WordList::beside(path, table.rows, wanted)?,
    };
    if table.dtype == Dtype::Float32 {
        let location = TableLocation { first: table.offset, rows: table.rows, dimension: table.dimension };
        if let Some(loaded) = mapped_table::map(path, &location, &words, how) {
            return Ok(loaded);
        }
    }
    let values = file.read(&table, how)?;
    let mut rows = Rows::new(table.dimension, wanted, how);
    let row_bytes = (table.dimension * table.dtype.bytes()) as u64;
    for ((word, row), nth) in words.iter().zip(values.chunks_exact(table.dimension)).zip(0..) {
        rows.add(word, row, table.offset + nth * row_bytes);
    }
    rows.finish(path, table.dtype, how)
}

/// The table of vectors in `file`.
fn find(file: &TensorFile) -> Result<TensorTable> {
    if let Some(table) = file.table(NAME)? {
        return Ok(table);
    }
    let tables: Vec<String> = file.tensors().filter(|(_, info)| info.shape.len() == 2).map(|(name, _)| name).collect();
    let found = match tables.as_slice() {
        [only] => file.table(only)?,
        _ => None,
    };
    found.ok_or_else(|| {
        let all: Vec<String> = file.tensors().map(|(name, info)| format!("{name} {:?}", info.shape)).collect();
        let some = all.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        let more = if all.len() > 5 { format!(" and {} more", all.len() - 5) } else { String::new() };
        Error::bad_file(
            file.path(),
            format!(
                "it has {} tables ({some}{more}); expected GPT-2's wte.weight, a tensor called {NAME}, or one table alone",
                tables.len()
            ),
        )
    })
}

/// The words in the metadata of the file at `path`.
fn parse_words(path: &Path, words: &str, rows: u64, wanted: u64) -> Result<WordList> {
    let mut words: Vec<String> = serde_json::from_str(words).map_err(|error| {
        Error::bad_file(path, format!("the words in its metadata are not a list of words ({error})"))
    })?;
    if words.len() as u64 != rows {
        let found = words.len();
        return Err(Error::bad_file(path, format!("its table has {rows} rows, but its metadata {found} words")));
    }
    words.truncate(wanted as usize);
    Ok(words.into())
}

/// Writes `table` with its words in one file.
pub(super) fn write(table: &OutputTable<'_>, out: &mut impl Write) -> std::io::Result<()> {
    let words: Vec<_> = table.words().collect();
    let words = serde_json::to_string(&words).expect("words can always be written as JSON");
    let shape = [table.len(), table.dimension()];
    let tensor = (NAME, &shape[..], table.len() * table.dimension());
    safetensors_header::write(out, json!({"format": "pt", "words": words}), [tensor].into_iter())?;
    table.each_row(|_, row| out.write_all(&row.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()))
}
