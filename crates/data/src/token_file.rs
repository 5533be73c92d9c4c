//! A file of token ids, mapped into memory.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use crate::publish::publish_file;
use crate::token_layout::{HEADER_BYTES, TokenLayout};
use crate::{Error, MappedFile, Result};

/// Token ids on disk.
pub(crate) struct TokenFile {
    map: MappedFile,
    layout: TokenLayout,
}

impl TokenFile {
    /// Maps the token file at `path`.
    ///
    /// # Errors
    ///
    /// If it is not a token file, or not as long as its header says.
    pub fn open(path: &Path) -> Result<Self> {
        let map = MappedFile::open(path)?;
        let layout =
            TokenLayout::of(&map).map_err(|problem| Error::BadTokenFile { path: path.to_path_buf(), problem })?;
        Ok(Self { map, layout })
    }

    /// Creates the file at `path` from the ids that `fill` pushes, and returns their number.
    pub fn write(
        path: &Path,
        vocab_size: usize,
        fill: impl FnOnce(&mut TokenWriter<'_>) -> std::io::Result<()>,
    ) -> Result<u64> {
        let mut count = 0;
        publish_file(path, |file| {
            file.write_all(&[0; HEADER_BYTES])?;
            let mut writer = TokenWriter { file, layout: TokenLayout::new(vocab_size, 0) };
            fill(&mut writer)?;
            let layout = writer.layout;
            count = layout.count;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&layout.header())
        })?;
        Ok(count)
    }

    /// The number of ids in the file.
    pub fn len(&self) -> u64 {
        self.layout.count
    }

    /// Fills `ids` with the ids from position `start` on.
    ///
    /// # Panics
    ///
    /// If fewer ids than that follow `start`.
    pub fn read(&self, start: u64, ids: &mut [u32]) {
        self.layout.decode(&self.map, start, ids);
    }
}

/// Appends ids to a token file that is being written.
pub(crate) struct TokenWriter<'a> {
    file: &'a mut BufWriter<File>,
    layout: TokenLayout,
}

impl TokenWriter<'_> {
    /// Appends `ids`.
    pub fn push(&mut self, ids: &[u32]) -> std::io::Result<()> {
        self.layout.count += ids.len() as u64;
        self.layout.encode(self.file, ids)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("tokens.bin")
        }

        fn write(&self, vocab_size: usize, ids: &[u32]) -> TokenFile {
            TokenFile::write(&self.path(), vocab_size, |writer| writer.push(ids)).unwrap();
            TokenFile::open(&self.path()).unwrap()
        }

        #[track_caller]
        fn refuses(&self, bytes: &[u8], expected: &str) {
            std::fs::write(self.path(), bytes).unwrap();
            let error = TokenFile::open(&self.path()).err().expect("the file is bad").to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn ids_of_two_and_four_bytes_round_trip() {
        for vocab_size in [65_536, 65_537] {
            let folder = Folder::new();
            let ids: Vec<u32> = (0..1000).map(|i| (i * 7919) % 65_536).collect();
            let file = folder.write(vocab_size, &ids);
            let mut back = vec![0; 400];
            file.read(300, &mut back);
            assert_eq!(back, ids[300..700]);
            assert_eq!(file.len(), 1000);
        }
    }

    #[test]
    fn small_vocabularies_use_llm_cs_layout_byte_for_byte() {
        let folder = Folder::new();
        folder.write(50_257, &[1, 2, 50_256]);
        let bytes = std::fs::read(folder.path()).unwrap();
        let words: Vec<u32> = bytes[..1024].chunks(4).map(|b| u32::from_le_bytes(b.try_into().unwrap())).collect();
        assert_eq!(words[..3], [20_240_520, 1, 3]);
        assert!(words[3..].iter().all(|&word| word == 0));
        assert_eq!(bytes[1024..], [1, 0, 2, 0, 0x50, 0xC4]);
    }

    #[test]
    fn a_truncated_or_unknown_file_is_refused() {
        let folder = Folder::new();
        folder.write(100, &[1, 2, 3]);
        let whole = std::fs::read(folder.path()).unwrap();
        folder.refuses(&whole[..whole.len() - 1], "promises 3 ids");
        folder.refuses(&whole[..100], "less than the header");
        folder.refuses(&[7; 2000], "magic number");
        let mut wrong_count = whole.clone();
        wrong_count[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        folder.refuses(&wrong_count, "promises 4294967295 ids");
        let mut newer = whole;
        newer[4] = 9;
        folder.refuses(&newer, "version is 9");
    }

    #[test]
    fn an_empty_file_is_refused() {
        Folder::new().refuses(&[], "less than the header");
    }
}
