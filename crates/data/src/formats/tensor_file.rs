//! A safetensors file of which only some tensors are wanted: its header is read and checked, then each on its own.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ::safetensors::Dtype as Stored;
use ::safetensors::tensor::{Metadata, TensorInfo};

use super::{Dtype, Reading, bad, foreign};
use crate::{Error, Phase, Result, safetensors_header};

/// How many bytes are read at once.
const BLOCK: usize = 1 << 20;

/// A safetensors file, its header read.
pub(super) struct TensorFile {
    path: PathBuf,
    file: File,
    header: Metadata,
    /// Where the numbers begin.
    data: u64,
}

/// A table `[rows, dimension]` in a file.
pub(super) struct Table {
    /// V.
    pub rows: u64,
    /// C.
    pub dimension: usize,
    /// How its numbers are stored.
    pub dtype: Dtype,
    /// Where in the file its first row begins.
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
        let mut file = File::open(path).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        let mut start = Vec::new();
        (&mut file).take(512).read_to_end(&mut start).map_err(read)?;
        if let Some(what) = foreign::by_first_bytes(&start) {
            return Err(bad(path, what));
        }
        file.rewind().map_err(read)?;
        let (header, data) =
            safetensors_header::read(&mut file, size).map_err(|problem| Error::bad_file(path, problem))?;
        Ok(Self { path: path.to_path_buf(), file, header, data })
    }

    /// The path it was opened at.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names and descriptions of its tensors, in the order of the file.
    pub fn tensors(&self) -> impl Iterator<Item = (String, &TensorInfo)> {
        self.header.offset_keys().into_iter().filter_map(|name| Some((name.clone(), self.header.info(&name)?)))
    }

    /// A text that was saved with it under `key`.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.header.metadata().as_ref()?.get(key).map(String::as_str)
    }

    /// The tensor `name` as a table; none if there is no such tensor.
    ///
    /// # Errors
    ///
    /// If it is no table of floats.
    pub fn table(&self, name: &str) -> Result<Option<Table>> {
        let Some(info) = self.header.info(name) else { return Ok(None) };
        let dtype = dtype(info.dtype).ok_or_else(|| {
            let found = info.dtype;
            bad(&self.path, format!("tensor {name} is of type {found:?}; expected F16, BF16, F32 or F64"))
        })?;
        match info.shape[..] {
            [rows, dimension] if rows > 0 && dimension > 0 => {
                Ok(Some(Table { rows: rows as u64, dimension, dtype, offset: self.data + info.data_offsets.0 as u64 }))
            }
            _ => Err(bad(&self.path, format!("tensor {name} has shape {:?}; expected a table [V, C]", info.shape))),
        }
    }

    /// The numbers of the first rows of `table`, as many as `how` asks for.
    pub fn read(&mut self, table: &Table, how: &Reading<'_>) -> Result<Vec<f32>> {
        let rows = how.limit.map_or(table.rows, |limit| table.rows.min(limit as u64));
        let numbers = rows as usize * table.dimension;
        let total = (numbers * table.dtype.bytes()) as u64;
        let failed = |source| Error::read(&self.path, source);
        self.file.seek(SeekFrom::Start(table.offset)).map_err(failed)?;
        let (mut values, mut block, mut done) = (Vec::with_capacity(numbers), vec![0; BLOCK], 0);
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
}

/// What is read of the types that a file can store.
pub(super) fn dtype(stored: Stored) -> Option<Dtype> {
    match stored {
        Stored::F16 => Some(Dtype::Float16),
        Stored::BF16 => Some(Dtype::BFloat16),
        Stored::F32 => Some(Dtype::Float32),
        Stored::F64 => Some(Dtype::Float64),
        _ => None,
    }
}
