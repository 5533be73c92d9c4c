//! Token ids, in memory or in a mapped token file.

use std::path::Path;

#[cfg(feature = "files")]
use crate::token_file::TokenFile;
use crate::token_layout::TokenLayout;
use crate::{Error, Result};

/// The token ids of a text, in order.
pub struct Tokens {
    /// The path of the file, or the name that was given, for messages.
    name: String,
    ids: Ids,
}

enum Ids {
    Memory(Vec<u32>),
    #[cfg(feature = "files")]
    File(TokenFile),
}

impl Tokens {
    /// `ids` in memory; messages call them `name`.
    pub fn in_memory(name: &str, ids: Vec<u32>) -> Self {
        Self { name: name.to_string(), ids: Ids::Memory(ids) }
    }

    /// Maps the token file at `path`, in llm.c's layout.
    ///
    /// # Errors
    ///
    /// If it is not a token file, or not as long as its header says.
    #[cfg(feature = "files")]
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self { name: path.display().to_string(), ids: Ids::File(TokenFile::open(path)?) })
    }

    /// The ids in `file`, the bytes of a token file; messages call it `path`.
    ///
    /// # Errors
    ///
    /// As of `open`.
    pub fn decode(path: &Path, file: &[u8]) -> Result<Self> {
        let layout =
            TokenLayout::of(file).map_err(|problem| Error::BadTokenFile { path: path.to_path_buf(), problem })?;
        let mut ids = vec![0; layout.count as usize];
        layout.decode(file, 0, &mut ids);
        Ok(Self::in_memory(&path.display().to_string(), ids))
    }

    /// The bytes of a token file with these ids.
    ///
    /// # Errors
    ///
    /// If an id is not below `vocab_size`.
    pub fn encode(&self, vocab_size: usize) -> Result<Vec<u8>> {
        let mut ids = vec![0; self.len() as usize];
        self.read(0, &mut ids, vocab_size)?;
        let layout = TokenLayout::new(vocab_size, self.len());
        let mut file = layout.header().to_vec();
        layout.encode(&mut file, &ids).expect("memory can be written");
        Ok(file)
    }

    /// The number of ids.
    pub fn len(&self) -> u64 {
        match &self.ids {
            Ids::Memory(ids) => ids.len() as u64,
            #[cfg(feature = "files")]
            Ids::File(file) => file.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `ids` with the ids from position `start` on.
    ///
    /// # Errors
    ///
    /// If an id is not below `vocab_size`. This check keeps a wrong id from reaching a device.
    ///
    /// # Panics
    ///
    /// If fewer ids than that follow `start`.
    pub fn read(&self, start: u64, ids: &mut [u32], vocab_size: usize) -> Result<()> {
        match &self.ids {
            Ids::Memory(all) => ids.copy_from_slice(&all[start as usize..][..ids.len()]),
            #[cfg(feature = "files")]
            Ids::File(file) => file.read(start, ids),
        }
        match ids.iter().position(|&id| id as usize >= vocab_size) {
            None => Ok(()),
            Some(at) => Err(Error::IdOutsideVocabulary {
                name: self.name.clone(),
                id: ids[at],
                position: start + at as u64,
                vocab_size,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_outside_the_vocabulary_is_reported_with_its_position() {
        let tokens = Tokens::in_memory("tokens", vec![1, 2, 3, 99, 5]);
        let error = tokens.read(1, &mut [0; 4], 50).unwrap_err().to_string();
        assert!(error.contains("token id 99 at position 3") && error.contains("ends at 49"), "{error}");
        assert!(tokens.encode(50).is_err());
    }

    #[test]
    fn ids_in_memory_become_the_bytes_of_a_token_file_and_back() {
        for vocab_size in [100, 100_000] {
            let ids: Vec<u32> = (0..vocab_size as u32).step_by(7).collect();
            let file = Tokens::in_memory("tokens", ids.clone()).encode(vocab_size).unwrap();
            let back = Tokens::decode(Path::new("train.bin"), &file).unwrap();
            let mut found = vec![0; ids.len()];
            back.read(0, &mut found, vocab_size).unwrap();
            assert_eq!(found, ids);
            let error = Tokens::decode(Path::new("train.bin"), &file[1..]).err().expect("it is damaged").to_string();
            assert!(error.starts_with("train.bin is not a whole token file"), "{error}");
        }
    }
}
