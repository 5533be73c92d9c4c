//! A file of token ids, mapped into memory.
//!
//! The layout is llm.c's (`dev/data/data_common.py`): a header of 256 little-endian 32-bit words (magic number 20240520,
//! version, count), then the ids. Version 1 is llm.c's own, with 16-bit ids and fewer than 2³¹ of them, so both programs
//! read each other's files. Version 1001 is ours: the count has 64 bits (words 2 and 3), and word 4 is the size of an id
//! in bytes, 2 or 4.

use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

use crate::publish::publish_file;
use crate::{Error, MappedFile, Result};

const MAGIC: u32 = 20_240_520;
const VERSION_LLM_C: u32 = 1;
const VERSION_WIDE: u32 = 1001;
const HEADER_BYTES: usize = 256 * 4;

/// Token ids on disk.
pub(crate) struct TokenFile {
    map: MappedFile,
    id_bytes: usize,
    count: u64,
}

impl TokenFile {
    /// Maps the token file at `path`.
    ///
    /// # Errors
    ///
    /// If it is not a token file, or not as long as its header says.
    pub fn open(path: &Path) -> Result<Self> {
        let map = MappedFile::open(path)?;
        let (id_bytes, count) =
            parse_header(&map).map_err(|problem| Error::BadTokenFile { path: path.to_path_buf(), problem })?;
        Ok(Self { map, id_bytes, count })
    }

    /// Creates the file at `path` from the ids that `fill` pushes, and returns their number.
    ///
    /// An id takes two bytes if `vocab_size` allows it, four otherwise.
    pub fn write(
        path: &Path,
        vocab_size: usize,
        fill: impl FnOnce(&mut TokenWriter<'_>) -> std::io::Result<()>,
    ) -> Result<u64> {
        let id_bytes = if vocab_size <= 1 << 16 { 2 } else { 4 };
        let mut count = 0;
        publish_file(path, |file| {
            file.write_all(&[0; HEADER_BYTES])?;
            let mut writer = TokenWriter { file, id_bytes, count: 0 };
            fill(&mut writer)?;
            count = writer.count;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&header(id_bytes, count))
        })?;
        Ok(count)
    }

    /// The number of ids in the file.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Fills `ids` with the ids from position `start` on.
    ///
    /// # Panics
    ///
    /// If fewer ids than that follow `start`.
    pub fn read(&self, start: u64, ids: &mut [u32]) {
        let from = HEADER_BYTES + start as usize * self.id_bytes;
        let bytes = &self.map[from..from + ids.len() * self.id_bytes];
        match self.id_bytes {
            2 => bytes.chunks_exact(2).zip(ids).for_each(|(b, id)| *id = u16::from_le_bytes([b[0], b[1]]) as u32),
            _ => bytes.as_chunks().0.iter().zip(ids).for_each(|(&b, id)| *id = u32::from_le_bytes(b)),
        }
    }
}

/// Appends ids to a token file that is being written.
pub(crate) struct TokenWriter<'a> {
    file: &'a mut BufWriter<File>,
    id_bytes: usize,
    count: u64,
}

impl TokenWriter<'_> {
    /// Appends `ids`.
    pub fn push(&mut self, ids: &[u32]) -> std::io::Result<()> {
        self.count += ids.len() as u64;
        ids.iter().try_for_each(|id| self.file.write_all(&id.to_le_bytes()[..self.id_bytes]))
    }
}

/// The first five words of a header; the rest are zero.
fn header(id_bytes: usize, count: u64) -> Vec<u8> {
    let words = if id_bytes == 2 && count < 1 << 31 {
        [MAGIC, VERSION_LLM_C, count as u32, 0, 0]
    } else {
        [MAGIC, VERSION_WIDE, count as u32, (count >> 32) as u32, id_bytes as u32]
    };
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// Bytes per id and number of ids, checked against the size of the file.
fn parse_header(file: &[u8]) -> std::result::Result<(usize, u64), String> {
    if file.len() < HEADER_BYTES {
        return Err(format!("it has {} bytes, less than the header of {HEADER_BYTES}", file.len()));
    }
    let word = |at: usize| u32::from_le_bytes(file[at * 4..at * 4 + 4].try_into().expect("four bytes"));
    if word(0) != MAGIC {
        return Err(format!("it begins with {} instead of the magic number {MAGIC}", word(0)));
    }
    let (id_bytes, count) = match (word(1), word(4)) {
        (VERSION_LLM_C, _) => (2, word(2) as u64),
        (VERSION_WIDE, bytes @ (2 | 4)) => (bytes as usize, word(2) as u64 | (word(3) as u64) << 32),
        (version, _) => {
            return Err(format!("its version is {version}; expected {VERSION_LLM_C} (llm.c) or {VERSION_WIDE}"));
        }
    };
    let expected = count.checked_mul(id_bytes as u64).and_then(|bytes| bytes.checked_add(HEADER_BYTES as u64));
    if expected != Some(file.len() as u64) {
        return Err(format!("its header promises {count} ids of {id_bytes} bytes, but it has {} bytes", file.len()));
    }
    Ok((id_bytes, count))
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
