//! The tables that a run saved while it trained, left where they lie.

use std::path::Path;

use super::tensor_file::{Table, TensorFile};
use super::{Dtype, Reading, bad};
use crate::{MappedFile, Result, VectorTable, WordVectors};

/// The names of the two tables.
const TABLES: [&str; 2] = ["wte.weight", "wpe.weight"];

/// The tables in one file of a run's `vectors` folder.
///
/// Nothing but the header is read when it is opened, and no number is judged: a run that diverged can be looked at too.
pub struct SavedTables {
    file: TensorFile,
    tokens: Table,
    positions: Option<Table>,
}

impl SavedTables {
    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// If it is missing, not exactly as long as its header says, or holds no token table of 32-bit floats; also if its two
    /// tables have vectors of different lengths, which no sum is made of.
    pub fn open(path: &Path) -> Result<Self> {
        let file = TensorFile::open(path)?;
        let [tokens, positions] = TABLES.map(|name| file.table(name));
        let tokens = tokens?.ok_or_else(|| bad(path, "it has no wte.weight, the token table of a run"))?;
        if tokens.dtype != Dtype::Float32 {
            return Err(bad(path, format!("its token table is of type {}; a run saves 32-bit floats", tokens.dtype)));
        }
        let positions = positions?;
        if let Some(Table { dimension, .. }) = positions
            && dimension != tokens.dimension
        {
            let problem =
                format!("its position vectors have {dimension} numbers, its token vectors {}", tokens.dimension);
            return Err(bad(path, problem));
        }
        Ok(Self { file, tokens, positions })
    }

    /// V: how many tokens there are.
    pub fn rows(&self) -> usize {
        self.tokens.rows as usize
    }

    /// C: how many numbers a vector has.
    pub fn dimension(&self) -> usize {
        self.tokens.dimension
    }

    /// T: how many positions there are; none where positions are not learned.
    pub fn places(&self) -> Option<usize> {
        self.positions.as_ref().map(|table| table.rows as usize)
    }

    /// The token table, mapped, with an empty word for each row: all frames of a run have the same words.
    pub fn tokens(&self) -> Result<WordVectors> {
        let words = vec![String::new(); self.rows()];
        WordVectors::in_file(MappedFile::open(self.file.path())?, self.tokens.offset as usize, words, self.dimension())
    }

    /// The position table, `[T, C]`, in memory; none where positions are not learned.
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
    fn tables_come_back_as_they_were_saved_even_with_what_is_no_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step-000000.safetensors");
        let (tokens, positions) = ([1.0, f32::NAN, 3.0, 4.0], [5.0, 6.0]);
        let tables = [("wpe.weight", &[1, 2][..], &positions[..]), ("wte.weight", &[2, 2], &tokens)];
        write_tensors(&path, tables.into_iter()).unwrap();
        let mut saved = SavedTables::open(&path).unwrap();
        assert_eq!((saved.rows(), saved.dimension(), saved.places()), (2, 2, Some(1)));
        assert_eq!(*saved.tokens().unwrap().row(1), [3.0, 4.0]);
        assert!(saved.tokens().unwrap().row(0)[1].is_nan());
        assert_eq!(saved.positions().unwrap(), Some(VectorTable::new(positions.to_vec(), 2)));
    }

    #[test]
    fn tables_that_cannot_be_added_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step-000000.safetensors");
        let numbers = [1.0, 2.0, 3.0, 4.0];
        let tables = [("wpe.weight", &[1, 4][..], &numbers[..]), ("wte.weight", &[2, 2], &numbers)];
        write_tensors(&path, tables.into_iter()).unwrap();
        let error = SavedTables::open(&path).err().expect("it is refused").to_string();
        assert!(error.contains("position vectors have 4 numbers, its token vectors 2"), "{error}");
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
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
