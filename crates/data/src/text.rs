//! A text, in memory or in a file of any size, read as pieces that can be tokenized one by one.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// About how many bytes a piece has: small enough that a piece and its tokens are nothing beside the model, large enough
/// that seams are rare.
const PIECE_BYTES: usize = 64 * 1024;

/// A UTF-8 text.
pub struct Text {
    source: Source,
    bytes: u64,
}

enum Source {
    Memory { name: String, text: String },
    File(PathBuf),
}

impl Text {
    /// A text in memory; `name` stands for it in messages.
    pub fn in_memory(name: &str, text: String) -> Self {
        let bytes = text.len() as u64;
        let source = Source::Memory { name: name.to_string(), text };
        Self { source, bytes }
    }

    /// A text file. It is opened again for every reading and never held in memory whole.
    ///
    /// # Errors
    ///
    /// If the file is missing, a directory, unreadable or empty.
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

    /// What to call the text in a message: its path, or the name it was given.
    pub fn name(&self) -> String {
        match &self.source {
            Source::Memory { name, .. } => name.clone(),
            Source::File(path) => path.display().to_string(),
        }
    }

    /// Size in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where the held-out part begins: at the first character that starts at or before `(1 - held_out)` of the bytes.
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

    /// The part of the text in `range` (bytes, at character boundaries) as pieces, in order.
    ///
    /// A piece ends where a word ends: before white space that follows something else. Every tokenizer here splits there
    /// too and none looks further, so the tokens of the pieces are the tokens of the whole. A stretch of a whole piece
    /// without such a place is cut between two characters.
    pub fn pieces(&self, range: Range<u64>) -> Result<Pieces<'_>> {
        let reader = self.reader(range.start)?.take(range.end.saturating_sub(range.start));
        Ok(Pieces { text: self, reader: Box::new(reader), carried: Vec::new(), offset: range.start, done: false })
    }

    fn reader(&self, start: u64) -> Result<Box<dyn Read + Send + '_>> {
        match &self.source {
            Source::Memory { text, .. } => {
                let mut cursor = Cursor::new(text.as_bytes());
                cursor.set_position(start);
                Ok(Box::new(cursor))
            }
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

/// The pieces of a [`Text`], each a `String` that ends at the end of a word.
pub struct Pieces<'a> {
    text: &'a Text,
    reader: Box<dyn Read + Send + 'a>,
    /// Bytes read but not yet handed out; they begin at `offset`.
    carried: Vec<u8>,
    offset: u64,
    done: bool,
}

impl Iterator for Pieces<'_> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        if self.done {
            return None;
        }
        let piece = self.read_piece();
        self.done |= piece.is_err();
        match piece {
            Ok(piece) if piece.is_empty() => None,
            other => Some(other),
        }
    }
}

impl Pieces<'_> {
    fn read_piece(&mut self) -> Result<String> {
        let mut buffer = std::mem::take(&mut self.carried);
        let held = buffer.len();
        buffer.resize(held.max(PIECE_BYTES) + PIECE_BYTES, 0);
        let read = read_up_to(&mut self.reader, &mut buffer[held..])
            .map_err(|source| Error::read(&self.text.path(), source))?;
        self.done = held + read < buffer.len();
        buffer.truncate(held + read);

        let whole_characters = self.check_utf8(&buffer)?;
        let end = if self.done { buffer.len() } else { piece_end(whole_characters) };
        self.carried = buffer.split_off(end);
        self.offset += end as u64;
        Ok(String::from_utf8(buffer).expect("the bytes were checked above"))
    }

    /// The text in `buffer`, less a character whose other bytes are still to be read.
    fn check_utf8<'b>(&self, buffer: &'b [u8]) -> Result<&'b str> {
        match std::str::from_utf8(buffer) {
            Ok(text) => Ok(text),
            Err(error) if error.error_len().is_none() && !self.done => {
                Ok(std::str::from_utf8(&buffer[..error.valid_up_to()]).expect("valid up to here"))
            }
            Err(error) => {
                Err(Error::NotUtf8 { name: self.text.name(), offset: self.offset + error.valid_up_to() as u64 })
            }
        }
    }
}

/// The last place in `text` where white space follows something else; its end if there is none.
fn piece_end(text: &str) -> usize {
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
    fn pieces(text: &str) -> Vec<String> {
        let text = Text::in_memory("test", text.to_string());
        text.pieces(0..text.bytes()).unwrap().collect::<Result<_>>().unwrap()
    }

    #[test]
    fn pieces_join_to_the_text() {
        let text = "Über den  Wolken\n\n muß ".repeat(20_000);
        let pieces = pieces(&text);
        assert!(pieces.len() > 3, "{} pieces", pieces.len());
        assert_eq!(pieces.concat(), text);
    }

    #[test]
    fn a_piece_ends_with_a_word_and_the_next_begins_with_space() {
        let pieces = pieces(&"one two\n".repeat(50_000));
        for pair in pieces.windows(2) {
            assert!(!pair[0].ends_with(char::is_whitespace));
            assert!(pair[1].starts_with(char::is_whitespace));
        }
    }

    #[test]
    fn text_without_any_space_is_cut_between_characters() {
        let text = "語".repeat(200_000);
        assert_eq!(pieces(&text).concat(), text);
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
    fn a_byte_that_is_not_utf8_is_named_by_its_offset() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latin1.txt");
        let mut bytes = b"plain words ".repeat(30_000);
        bytes[300_000] = 0xE9;
        std::fs::write(&path, &bytes).unwrap();
        let text = Text::open(&path).unwrap();
        let error = text.pieces(0..text.bytes()).unwrap().find_map(Result::err).unwrap();
        assert!(error.to_string().contains("300000"), "{error}");
    }
}
