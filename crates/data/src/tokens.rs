//! Token ids, in memory or in a mapped token file.

#[cfg(feature = "files")]
use std::path::Path;

#[cfg(feature = "files")]
use crate::token_file::TokenFile;
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
    }
}
