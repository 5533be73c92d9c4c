//! The tables that a run saves while it trains.

use std::path::Path;

use super::dtype::Dtype;
use super::reading::Reading;
use super::tensor_file::{TensorFile, TensorTable};
use crate::{Error, Result, VectorTable, WordVectors};

/// The names of the token and the position table.
const TABLES: [&str; 2] = ["wte.weight", "wpe.weight"];

/// The tables in one file of a run's `vectors` folder.
///
/// Opening it reads only the header, and the values are not checked, so that a diverged run can be inspected.
pub struct SavedTables {
    file: TensorFile,
    tokens: TensorTable,
    positions: Option<TensorTable>,
}

impl SavedTables {
    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// If it is missing, not exactly as long as its header says, or has no token table of 32-bit floats; also if the vectors
    /// of its two tables differ in length, because then they cannot be added.
    pub fn open(path: &Path) -> Result<Self> {
        let file = TensorFile::open(path)?;
        let [tokens, positions] = TABLES.map(|name| file.table(name));
        let tokens = tokens?.ok_or_else(|| Error::bad_file(path, "it has no wte.weight, the token table of a run"))?;
        if tokens.dtype != Dtype::Float32 {
            let problem = format!("its token table is of type {}; expected float32, as a run saves it", tokens.dtype);
            return Err(Error::bad_file(path, problem));
        }
        let positions = positions?;
        if let Some(TensorTable { dimension, .. }) = positions
            && dimension != tokens.dimension
        {
            let problem =
                format!("its position vectors have {dimension} values, its token vectors {}", tokens.dimension);
            return Err(Error::bad_file(path, problem));
        }
        Ok(Self { file, tokens, positions })
    }

    /// V: the number of tokens.
    pub fn rows(&self) -> usize {
        self.tokens.rows as usize
    }

    /// C: the number of values in a vector.
    pub fn dimension(&self) -> usize {
        self.tokens.dimension
    }

    /// T: the number of positions; none if positions are not learned.
    pub fn position_count(&self) -> Option<usize> {
        self.positions.as_ref().map(|table| table.rows as usize)
    }

    /// The token table, in memory, with empty words: the words are the same in all files of a run. It is not mapped, because a
    /// file that another program shortens while it is mapped ends this process.
    pub fn tokens(&mut self) -> Result<WordVectors> {
        let values = self.file.read(&self.tokens, &Reading::default())?;
        Ok(WordVectors::new(vec![String::new(); self.rows()], values, self.dimension()))
    }

    /// The position table, `[T, C]`, in memory; none if positions are not learned.
    pub fn positions(&mut self) -> Result<Option<VectorTable>> {
        let Some(table) = &self.positions else { return Ok(None) };
        let values = self.file.read(table, &Reading::default())?;
        Ok(Some(VectorTable::new(values, table.dimension)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write_tensors;

    #[test]
    fn tables_round_trip_even_with_nan() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step-000000.safetensors");
        let (tokens, positions) = ([1.0, f32::NAN, 3.0, 4.0], [5.0, 6.0]);
        let tables = [("wpe.weight", &[1, 2][..], &positions[..]), ("wte.weight", &[2, 2], &tokens)];
        write_tensors(&path, tables.into_iter()).unwrap();
        let mut saved = SavedTables::open(&path).unwrap();
        assert_eq!((saved.rows(), saved.dimension(), saved.position_count()), (2, 2, Some(1)));
        assert_eq!(*saved.tokens().unwrap().row(1), [3.0, 4.0]);
        assert!(saved.tokens().unwrap().row(0)[1].is_nan());
        assert_eq!(saved.positions().unwrap(), Some(VectorTable::new(positions.to_vec(), 2)));
    }

    #[test]
    fn tables_of_different_dimensions_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step-000000.safetensors");
        let values = [1.0, 2.0, 3.0, 4.0];
        let tables = [("wpe.weight", &[1, 4][..], &values[..]), ("wte.weight", &[2, 2], &values)];
        write_tensors(&path, tables.into_iter()).unwrap();
        let error = SavedTables::open(&path).err().expect("it is refused").to_string();
        assert!(error.contains("position vectors have 4 values, its token vectors 2"), "{error}");
    }

    #[test]
    fn a_truncated_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step-000000.safetensors");
        write_tensors(&path, [("wte.weight", &[2, 2][..], &[1.0, 2.0, 3.0, 4.0][..])].into_iter()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(SavedTables::open(&path).is_err(), "{length} bytes of {}", whole.len());
        }
    }
}
