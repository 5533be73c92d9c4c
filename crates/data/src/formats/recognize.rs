//! Recognizes the format of a file by its content.

use std::path::Path;

use super::fields::{excerpt, guess_dimension, parse_value, split, trailing_values};
use super::format::Format;
use super::sample::Sample;
use super::{csv, fasttext, npy, projector, unreadable};
use crate::word2vec_header::parse_word2vec_header;
use crate::{Error, Result};

impl Format {
    /// The format of the file at `path`, by its content. Its name is not considered.
    ///
    /// # Errors
    ///
    /// If it is in none of the formats; the message says what it looks like.
    pub fn of(path: &Path) -> Result<Self> {
        let sample = Sample::of(path)?;
        let bytes = sample.bytes.as_slice();
        if sample.file_size == 0 {
            return Err(Error::bad_file(path, "it is empty; expected a file of words with vectors"));
        }
        if bytes.starts_with(npy::MAGIC) {
            return Ok(Self::Npy);
        }
        if bytes.starts_with(&fasttext::MAGIC) {
            return Ok(Self::FastText);
        }
        if is_safetensors(&sample) {
            return Ok(Self::Safetensors);
        }
        if let Some(message) = unreadable::by_first_bytes(bytes) {
            return Err(Error::bad_file(path, message));
        }
        let lines = sample.lines();
        if lines.first().is_some_and(|line| parse_word2vec_header(line).is_some()) {
            return Ok(with_header(&lines[1..]));
        }
        if let Some(at) = bytes.iter().position(|&byte| is_binary(byte)) {
            let start: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            let start = start.join(" ");
            return Err(Error::bad_file(
                path,
                format!(
                    "it is a binary file of an unknown kind (it begins with {start}, byte {at} is not text); expected \
                     word2vec binary, .npy or safetensors"
                ),
            ));
        }
        of_text(path, &lines)
    }
}

/// Whether the file starts with a header length that fits into it, and a JSON object.
fn is_safetensors(sample: &Sample) -> bool {
    let Some((length, rest)) = sample.bytes.split_first_chunk::<8>() else { return false };
    u64::from_le_bytes(*length).checked_add(8).is_some_and(|end| end <= sample.file_size) && rest.first() == Some(&b'{')
}

/// The format of a file with a header line `V C`: text if most of the following lines end in values.
fn with_header(lines: &[&[u8]]) -> Format {
    let text_lines = lines.iter().filter(|line| trailing_values(line) > 0).count();
    if text_lines > 0 && 2 * text_lines >= lines.len() { Format::Word2vecText } else { Format::Word2vecBinary }
}

/// The format of a text without a header.
fn of_text(path: &Path, lines: &[&[u8]]) -> Result<Format> {
    let (spaced, comma) = (guess_dimension(lines), csv::guess_dimension(lines));
    let only_numbers = lines.iter().all(|line| split(line).all(|field| parse_value(field).is_some()));
    if only_numbers && spaced >= 1 && lines.iter().all(|line| line.contains(&b'\t')) {
        return Ok(Format::Projector);
    }
    if spaced >= 2 && spaced >= comma {
        let starts_with_fraction = |line: &&[u8]| split(line).next().is_some_and(|word| word.contains(&b'.'));
        if only_numbers && lines.iter().all(starts_with_fraction) {
            return Err(Error::bad_file(
                path,
                "it holds numbers only; expected a word before them on each line (for numbers alone, save them as .npy \
                 with the words beside it, one a line)",
            ));
        }
        return Ok(Format::Glove);
    }
    if comma >= 2 {
        return Ok(Format::Csv);
    }
    if let Some(message) = unreadable::by_text(lines) {
        return Err(Error::bad_file(path, message));
    }
    if let Some(vectors) = projector::vectors_beside(path) {
        let vectors = vectors.display();
        let problem = format!("it holds words only; their vectors are probably in {vectors}, give that file instead");
        return Err(Error::bad_file(path, problem));
    }
    let first = excerpt(lines.first().copied().unwrap_or_default());
    let found = match spaced.max(comma) {
        1 => "a text with one number a line, such as scores or counts",
        _ => "a text without vectors",
    };
    Err(Error::bad_file(
        path,
        format!("it is {found} (it begins with {first:?}); expected a word and two or more values on each line"),
    ))
}

/// Whether `byte` never occurs in text.
fn is_binary(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(content: &[u8], expected: Format) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, content).unwrap();
        assert_eq!(Format::of(&path).unwrap(), expected, "{}", excerpt(content));
    }

    #[track_caller]
    fn looks_like(content: &[u8], expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, content).unwrap();
        let error = Format::of(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn formats_are_recognized_by_content() {
        is(b"2 2\ncat \0\0\x80\x3f\0\0\0\x40\ndog \0\0\x80\x3f\0\0\0\x40\n", Format::Word2vecBinary);
        is(b"1 1\na ABCD\n", Format::Word2vecBinary);
        is(b"2 2\ncat 1 2\ndog 3 4\n", Format::Word2vecText);
        is(b"2 3 \ncat 1 2 3 \ndog 3 4 5 \n", Format::Word2vecText);
        is(b"cat 1 2\ndog 3 4\n", Format::Glove);
        is(b"\xEF\xBB\xBFcat\t1\t2\n. . .\t3\t4", Format::Glove);
        is(b"{ 0.1 0.2\n} 0.3 0.4\n", Format::Glove);
        is(b"cat,1,2\n\"1,000\",3,4\n", Format::Csv);
        is(b"word,x1,x2\ncat,1,2\ndog,3,4\n", Format::Csv);
        is(b"New York, 1, 2\nBerlin, 3, 4\n", Format::Csv);
        is(b"0.5\t1\n-1\t2\n", Format::Projector);
        is(b"\x93NUMPY\x01\0", Format::Npy);
        is(b"\x02\0\0\0\0\0\0\0{}", Format::Safetensors);
        is(&793_712_314_u32.to_le_bytes(), Format::FastText);
    }

    #[test]
    fn other_files_are_named_with_advice() {
        looks_like(b"", "it is empty");
        looks_like(b"\x1f\x8b\x08rest", "gunzip");
        looks_like(b"PK\x03\x04....archive/data.pkl", "PyTorch");
        looks_like(b"PK\x03\x04....arr_0.npy", "np.savez");
        looks_like(b"PK\x03\x04....glove.6B.50d.txt", "unzip");
        looks_like(b"\x80\x04\x95.gensim.models.keyedvectors", "save_word2vec_format");
        looks_like(b"\x80\x02}q\0", "pickle");
        looks_like(b"PAR1....", "Parquet");
        looks_like(b"\x89PNG\r\n\x1a\n", "image");
        looks_like(b"<!DOCTYPE html>\n<html><body>404", "web page");
        looks_like(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5", "git lfs pull");
        looks_like(br#"{"version": "1.0", "model": {"type": "BPE", "vocab": {"#, "tokenizer");
        looks_like(br#"{"a": 1}"#, "JSON");
        looks_like(b"\xff\xfec\0a\0t\0", "UTF-16");
        looks_like(b"The cat sat on the mat.\nThe dog too.\n", "without vectors");
        looks_like(b"cat\tdog\t0.5\nsun\tmoon\t0.4\n", "one number a line");
        looks_like(b"0.1 0.2 0.3\n0.4 0.5 0.6\n", "numbers only");
        looks_like(b"\0\x01\x02\x03\x04\x05\x06\x07\x08", "begins with 00 01 02 03");
    }
}
