//! A safetensors file from which single tensors are read. Opening it reads and checks only the header.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ::safetensors::Dtype as Stored;
use ::safetensors::tensor::{Metadata, TensorInfo};

use super::dtype::Dtype;
use super::mapped_table::LARGE;
use super::reading::Reading;
use super::unreadable;
use crate::{Error, MappedFile, Phase, Result, WordVectors, regular_file, safetensors_header};

/// Bytes read at a time.
const BLOCK: usize = 1 << 20;

/// An open safetensors file.
pub(super) struct TensorFile {
    path: PathBuf,
    file: File,
    header: Metadata,
    /// The offset of the data.
    data: u64,
}

/// A table `[V, C]` in a safetensors file.
pub(super) struct TensorTable {
    /// V.
    pub rows: u64,
    /// C.
    pub dimension: usize,
    /// The type of its values.
    pub dtype: Dtype,
    /// The offset of its first row in the file.
    pub offset: u64,
}

impl TensorFile {
    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// If it is not exactly as long as its header says.
    pub fn open(path: &Path) -> Result<Self> {
        let read = |source| Error::read(path, source);
        let mut file = regular_file::open(path)?;
        let size = file.metadata().map_err(read)?.len();
        let mut start = Vec::new();
        (&mut file).take(512).read_to_end(&mut start).map_err(read)?;
        file.rewind().map_err(read)?;
        // The length of the header comes first, and may look like another kind of file.
        let (header, data) = safetensors_header::read(&mut file, size)
            .map_err(|problem| Error::bad_file(path, unreadable::by_first_bytes(&start).unwrap_or(problem)))?;
        Ok(Self { path: path.to_path_buf(), file, header, data })
    }

    /// The path it was opened at.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names and descriptions of its tensors, in the order of the file.
    pub fn tensors(&self) -> impl Iterator<Item = (String, &TensorInfo)> {
        self.header.offset_keys().into_iter().filter_map(|name| Some((name.clone(), self.header.info(&name)?)))
    }

    /// The text under `key` in its metadata.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.header.metadata().as_ref()?.get(key).map(String::as_str)
    }

    /// The tensor `name` as a table; none if there is no such tensor.
    ///
    /// # Errors
    ///
    /// If it is not a table of floats.
    pub fn table(&self, name: &str) -> Result<Option<TensorTable>> {
        let Some(info) = self.header.info(name) else { return Ok(None) };
        let bad = |problem: String| Error::bad_file(&self.path, problem);
        let dtype = dtype(info.dtype)
            .ok_or_else(|| bad(format!("tensor {name} is of type {:?}; expected F16, BF16, F32 or F64", info.dtype)))?;
        match info.shape[..] {
            [rows, dimension] if rows > 0 && dimension > 0 => {
                let offset = self.data + info.data_offsets.0 as u64;
                Ok(Some(TensorTable { rows: rows as u64, dimension, dtype, offset }))
            }
            _ => Err(bad(format!("tensor {name} has shape {:?}; expected a table [V, C]", info.shape))),
        }
    }

    /// Reads the values of `table`, `[V, C]`; with a limit, only those of the first rows.
    pub fn read(&mut self, table: &TensorTable, how: &Reading<'_>) -> Result<Vec<f32>> {
        let rows = how.limit.map_or(table.rows, |limit| table.rows.min(limit as u64));
        let count = rows as usize * table.dimension;
        let total = (count * table.dtype.bytes()) as u64;
        let failed = |source| Error::read(&self.path, source);
        self.file.seek(SeekFrom::Start(table.offset)).map_err(failed)?;
        let (mut values, mut block, mut done) = (Vec::new(), vec![0; BLOCK], 0);
        if values.try_reserve_exact(count).is_err() {
            return Err(Error::bad_file(&self.path, format!("{count} values of it do not fit into memory")));
        }
        while done < total {
            let size = (total - done).min(BLOCK as u64) as usize;
            self.file.read_exact(&mut block[..size]).map_err(failed)?;
            table.dtype.append(&block[..size], &mut values);
            done += size as u64;
            if how.progress.is_some_and(|progress| progress(Phase::Reading, done, total).is_break()) {
                return Err(Error::Stopped);
            }
        }
        Ok(values)
    }

    /// `words` with the first rows of `table`; a large table of 32-bit floats is mapped.
    pub fn word_vectors(&mut self, table: &TensorTable, words: Vec<String>, how: &Reading<'_>) -> Result<WordVectors> {
        let is_large = words.len() as u64 * table.dimension as u64 * 4 >= LARGE;
        match table.dtype == Dtype::Float32 && is_large {
            true => WordVectors::in_file(MappedFile::open(&self.path)?, table.offset as usize, words, table.dimension),
            false => Ok(WordVectors::new(words, self.read(table, how)?, table.dimension)),
        }
    }
}

/// The type of values, if it is one that can be read.
pub(super) fn dtype(stored: Stored) -> Option<Dtype> {
    match stored {
        Stored::F16 => Some(Dtype::Float16),
        Stored::BF16 => Some(Dtype::BFloat16),
        Stored::F32 => Some(Dtype::Float32),
        Stored::F64 => Some(Dtype::Float64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one tensor whose header has `length` bytes.
    fn with_header(length: usize) -> Vec<u8> {
        let mut header = br#"{"x":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}"#.to_vec();
        header.resize(length, b' ');
        [&(length as u64).to_le_bytes()[..], &header, &1.5_f32.to_le_bytes()].concat()
    }

    #[test]
    fn a_header_length_may_look_like_a_pickle_or_an_archive() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.safetensors");
        for (length, first) in [(0x0280, &[0x80, 2][..]), (0x8B1F, b"\x1f\x8b"), (0xFEFF, b"\xff\xfe")] {
            let bytes = with_header(length);
            assert!(bytes.starts_with(first) && unreadable::by_first_bytes(&bytes).is_some());
            std::fs::write(&path, bytes).unwrap();
            let mut file = TensorFile::open(&path).unwrap();
            let table = file.table("x").unwrap().unwrap();
            assert_eq!(file.read(&table, &Reading::default()).unwrap(), [1.5]);
        }
        std::fs::write(&path, b"\x80\x02}q\0.").unwrap();
        assert!(TensorFile::open(&path).err().unwrap().to_string().contains("pickle"));
    }
}
