//! The layout of a token file: a header, then the ids.
//!
//! It is llm.c's (`dev/data/data_common.py`): a header of 256 little-endian 32-bit words (magic number 20240520, version,
//! count), then the ids. Version 1 is llm.c's own, with 16-bit ids and fewer than 2³¹ of them, so both programs read each
//! other's files. Version 1001 is ours: the count has 64 bits (words 2 and 3), and word 4 is the size of an id in bytes, 2 or 4.

use std::io::{self, Write};

const MAGIC: u32 = 20_240_520;
const VERSION_LLM_C: u32 = 1;
const VERSION_WIDE: u32 = 1001;

/// The size of a header.
pub(crate) const HEADER_BYTES: usize = 256 * 4;

/// How the ids lie in a file.
#[derive(Clone, Copy)]
pub(crate) struct TokenLayout {
    /// The size of an id, 2 or 4 bytes.
    pub id_bytes: usize,
    /// The number of ids.
    pub count: u64,
}

impl TokenLayout {
    /// The layout of `count` ids below `vocab_size`: two bytes each if that allows it, four otherwise.
    pub fn new(vocab_size: usize, count: u64) -> Self {
        Self { id_bytes: if vocab_size <= 1 << 16 { 2 } else { 4 }, count }
    }

    /// The layout of `file`, checked against its size, or the problem with it.
    pub fn of(file: &[u8]) -> Result<Self, String> {
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
            return Err(format!(
                "its header promises {count} ids of {id_bytes} bytes, but it has {} bytes",
                file.len()
            ));
        }
        Ok(Self { id_bytes, count })
    }

    /// The header.
    pub fn header(self) -> [u8; HEADER_BYTES] {
        let Self { id_bytes, count } = self;
        let words = match id_bytes == 2 && count < 1 << 31 {
            true => [MAGIC, VERSION_LLM_C, count as u32, 0, 0],
            false => [MAGIC, VERSION_WIDE, count as u32, (count >> 32) as u32, id_bytes as u32],
        };
        let mut header = [0; HEADER_BYTES];
        header.chunks_exact_mut(4).zip(words).for_each(|(bytes, word)| bytes.copy_from_slice(&word.to_le_bytes()));
        header
    }

    /// Writes `ids`.
    pub fn encode(self, writer: &mut impl Write, ids: &[u32]) -> io::Result<()> {
        ids.iter().try_for_each(|id| writer.write_all(&id.to_le_bytes()[..self.id_bytes]))
    }

    /// Fills `ids` with the ids of `file` from position `start` on.
    ///
    /// # Panics
    ///
    /// If fewer ids than that follow `start`.
    pub fn decode(self, file: &[u8], start: u64, ids: &mut [u32]) {
        let from = HEADER_BYTES + start as usize * self.id_bytes;
        let bytes = &file[from..from + ids.len() * self.id_bytes];
        match self.id_bytes {
            2 => bytes.as_chunks().0.iter().zip(ids).for_each(|(&b, id)| *id = u16::from_le_bytes(b) as u32),
            _ => bytes.as_chunks().0.iter().zip(ids).for_each(|(&b, id)| *id = u32::from_le_bytes(b)),
        }
    }
}
