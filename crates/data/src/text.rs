//! A text, in memory or in a file of any size, read in chunks that can be tokenized one by one.

use std::io::{Cursor, Read};
use std::ops::Range;
use std::path::PathBuf;
#[cfg(feature = "files")]
use std::{
    fs::File,
    io::{Seek, SeekFrom},
    path::Path,
};

use crate::{Error, Result};

/// The approximate size of a chunk: small beside any model together with its tokens, large enough that chunk boundaries
/// are rare.
const CHUNK_BYTES: usize = 64 * 1024;

/// A UTF-8 text.
pub struct Text {
    source: Source,
    bytes: u64,
}

enum Source {
    Memory {
        name: String,
        text: String,
    },
    #[cfg(feature = "files")]
    File(PathBuf),
}

impl Text {
    /// A text in memory; messages call it `name`.
    pub fn in_memory(name: &str, text: String) -> Self {
        let bytes = text.len() as u64;
        let source = Source::Memory { name: name.to_string(), text };
        Self { source, bytes }
    }

    /// A text file. It is opened for every pass over it, and never held in memory as a whole.
    ///
    /// # Errors
    ///
    /// If the file is missing, a directory, unreadable or empty.
    #[cfg(feature = "files")]
    pub fn open(path: &Path) -> Result<Self> {
        let found = std::fs::metadata(path).map_err(|source| Error::read(path, source))?;
        if found.is_dir() {
            return Err(Error::IsDirectory { path: path.to_path_buf(), wanted: "a text file" });
        }
        if found.len() == 0 {
            return Err(Error::EmptyText { name: path.display().to_string() });
        }
        Ok(Self { source: Source::File(path.to_path_buf()), bytes: found.len() })
    }

    /// The name of the text in messages: its path, or the name that was given.
    pub fn name(&self) -> String {
        match &self.source {
            Source::Memory { name, .. } => name.clone(),
            #[cfg(feature = "files")]
            Source::File(path) => path.display().to_string(),
        }
    }

    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The byte where the held-out part starts: the last character boundary at or before `(1 - held_out)` of the bytes.
    ///
    /// For text of one-byte characters this is nanoGPT's `data[:int(n * 0.9)]`.
    pub fn cut(&self, held_out: f64) -> Result<u64> {
        let wanted = (self.bytes as f64 * (1.0 - held_out)) as u64;
        let start = wanted.saturating_sub(3); // A UTF-8 character has at most four bytes.
        let mut around = vec![0; (wanted - start + 1) as usize];
        let filled = read_up_to(&mut self.reader(start)?, &mut around).map_err(|e| Error::read(&self.path(), e))?;
        let is_character_start = |&i: &usize| i < filled && around[i] & 0xC0 != 0x80;
        let back = (0..around.len()).rev().find(is_character_start).unwrap_or(filled);
        Ok(if wanted >= self.bytes { self.bytes } else { start + back as u64 })
    }

    /// The chunks of the text in `range` (bytes, at character boundaries), in order.
    ///
    /// A chunk ends where a word ends: between a character that is not white space and one that is. Every tokenizer here
    /// splits there too and none looks further, so the tokens of the chunks are the tokens of the whole text. A chunk
    /// without such a boundary ends between two characters.
    pub fn chunks(&self, range: Range<u64>) -> Result<Chunks<'_>> {
        let reader = self.reader(range.start)?.take(range.end.saturating_sub(range.start));
        Ok(Chunks { text: self, reader: Box::new(reader), carried: Vec::new(), offset: range.start, done: false })
    }

    fn reader(&self, start: u64) -> Result<Box<dyn Read + Send + '_>> {
        match &self.source {
            Source::Memory { text, .. } => {
                let mut cursor = Cursor::new(text.as_bytes());
                cursor.set_position(start);
                Ok(Box::new(cursor))
            }
            #[cfg(feature = "files")]
            Source::File(path) => {
                let mut file = File::open(path).map_err(|source| Error::read(path, source))?;
                file.seek(SeekFrom::Start(start)).map_err(|source| Error::read(path, source))?;
                Ok(Box::new(file))
            }
        }
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(self.name())
    }
}

/// The chunks of a [`Text`], each a `String` that ends at the end of a word.
pub struct Chunks<'a> {
    text: &'a Text,
    reader: Box<dyn Read + Send + 'a>,
    /// Bytes read but not yet returned; they start at byte `offset` of the text.
    carried: Vec<u8>,
    offset: u64,
    done: bool,
}

impl Iterator for Chunks<'_> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        if self.done {
            return None;
        }
        let chunk = self.read_chunk();
        self.done |= chunk.is_err();
        match chunk {
            Ok(chunk) if chunk.is_empty() => None,
            other => Some(other),
        }
    }
}

impl Chunks<'_> {
    fn read_chunk(&mut self) -> Result<String> {
        let mut buffer = std::mem::take(&mut self.carried);
        let held = buffer.len();
        buffer.resize(held.max(CHUNK_BYTES) + CHUNK_BYTES, 0);
        let read = read_up_to(&mut self.reader, &mut buffer[held..])
            .map_err(|source| Error::read(&self.text.path(), source))?;
        self.done = held + read < buffer.len();
        buffer.truncate(held + read);

        let whole_characters = self.check_utf8(&buffer)?;
        let end = if self.done { buffer.len() } else { chunk_end(whole_characters) };
        self.carried = buffer.split_off(end);
        self.offset += end as u64;
        Ok(String::from_utf8(buffer).expect("the bytes were checked above"))
    }

    /// The text in `buffer`, without a last character that is still incomplete.
    fn check_utf8<'b>(&self, buffer: &'b [u8]) -> Result<&'b str> {
        match std::str::from_utf8(buffer) {
            Ok(text) => Ok(text),
            Err(error) if error.error_len().is_none() && !self.done => {
                Ok(std::str::from_utf8(&buffer[..error.valid_up_to()])
                    .expect("the bytes before `valid_up_to` are UTF-8"))
            }
            Err(error) => {
                Err(Error::NotUtf8 { name: self.text.name(), offset: self.offset + error.valid_up_to() as u64 })
            }
        }
    }
}

/// The last position in `text` where white space follows another character; its end if there is none.
fn chunk_end(text: &str) -> usize {
    let mut after_is_space = false;
    for (at, character) in text.char_indices().rev() {
        if after_is_space && !character.is_whitespace() {
            return at + character.len_utf8();
        }
        after_is_space = character.is_whitespace();
    }
    text.len()
}

/// Reads until `buffer` is full or the source ends.
fn read_up_to(reader: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn chunks(text: &str) -> Vec<String> {
        let text = Text::in_memory("test", text.to_string());
        text.chunks(0..text.bytes()).unwrap().collect::<Result<_>>().unwrap()
    }

    #[test]
    fn chunks_concatenate_to_the_text() {
        let text = "Über den  Wolken\n\n muß ".repeat(20_000);
        let chunks = chunks(&text);
        assert!(chunks.len() > 3, "{} chunks", chunks.len());
        assert_eq!(chunks.concat(), text);
    }

    #[test]
    fn a_chunk_ends_with_a_word_and_the_next_starts_with_space() {
        let chunks = chunks(&"one two\n".repeat(50_000));
        for pair in chunks.windows(2) {
            assert!(!pair[0].ends_with(char::is_whitespace));
            assert!(pair[1].starts_with(char::is_whitespace));
        }
    }

    #[test]
    fn text_without_any_space_is_cut_between_characters() {
        let text = "語".repeat(200_000);
        assert_eq!(chunks(&text).concat(), text);
    }

    #[test]
    fn the_cut_is_nanogpts_for_one_byte_characters() {
        let text = Text::in_memory("test", "x".repeat(1_115_394));
        assert_eq!(text.cut(0.1).unwrap(), 1_003_854);
    }

    #[test]
    fn the_cut_never_splits_a_character() {
        for length in 1..40 {
            let text = "aé語😀".chars().cycle().take(length).collect::<String>();
            let cut = Text::in_memory("test", text.clone()).cut(0.3).unwrap() as usize;
            assert!(text.is_char_boundary(cut), "{cut} in {text}");
        }
    }

    #[test]
    #[cfg(feature = "files")]
    fn a_byte_that_is_not_utf8_is_reported_with_its_offset() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latin1.txt");
        let mut bytes = b"plain words ".repeat(30_000);
        bytes[300_000] = 0xE9;
        std::fs::write(&path, &bytes).unwrap();
        let text = Text::open(&path).unwrap();
        let error = text.chunks(0..text.bytes()).unwrap().find_map(Result::err).unwrap();
        assert!(error.to_string().contains("300000"), "{error}");
    }
}
