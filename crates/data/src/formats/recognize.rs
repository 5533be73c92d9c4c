//! What a file is, by its first bytes.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::text::{is_separator, number, shown, trim_end, without_mark};
use super::word2vec::counts;
use super::{Format, bad, csv, foreign, npy, projector};
use crate::{Error, Result};

/// How much of a file is looked at: some lines of any vectors in use.
const SAMPLE_BYTES: u64 = 1 << 18;

/// How many lines are looked at.
const SAMPLE_LINES: usize = 100;

/// The format of the file at `path`.
pub(super) fn recognize(path: &Path) -> Result<Format> {
    let sample = sample(path)?;
    let bytes = sample.bytes.as_slice();
    if sample.size == 0 {
        return Err(bad(path, "it is empty; expected a file of words with vectors"));
    }
    if bytes.starts_with(npy::MAGIC) {
        return Ok(Format::Npy);
    }
    if is_safetensors(&sample) {
        return Ok(Format::Safetensors);
    }
    if let Some(what) = foreign::by_first_bytes(bytes) {
        return Err(bad(path, what));
    }
    let lines = sample.lines();
    if lines.first().is_some_and(|line| counts(line).is_some()) {
        return Ok(with_header(&lines[1..]));
    }
    if let Some(at) = bytes.iter().position(|&byte| is_binary(byte)) {
        return Err(bad(
            path,
            format!(
                "it is a binary file of no kind known here (it begins with {}, byte {at} is no text); expected word2vec \
                 binary, .npy or safetensors",
                hexadecimal(&bytes[..bytes.len().min(8)])
            ),
        ));
    }
    of_text(path, &lines)
}

/// The beginning of a file.
pub(super) struct Sample {
    bytes: Vec<u8>,
    size: u64,
}

/// The beginning of the file at `path`.
pub(super) fn sample(path: &Path) -> Result<Sample> {
    let read = |source| Error::read(path, source);
    let mut file = File::open(path).map_err(read)?;
    let found = file.metadata().map_err(read)?;
    if found.is_dir() {
        return Err(Error::IsDirectory { path: path.to_path_buf(), wanted: "a file of vectors" });
    }
    let mut bytes = Vec::new();
    (&mut file).take(SAMPLE_BYTES).read_to_end(&mut bytes).map_err(read)?;
    Ok(Sample { bytes, size: found.len() })
}

impl Sample {
    /// Its lines that are not empty and, as far as can be seen, whole.
    pub fn lines(&self) -> Vec<&[u8]> {
        let mut lines: Vec<&[u8]> = without_mark(&self.bytes).split(|&byte| byte == b'\n').collect();
        // The last one may go on, or be cut; of two lines it is one of the two that there are.
        if lines.len() > 3 || lines.len() > 1 && self.size > self.bytes.len() as u64 {
            lines.pop();
        }
        let lines = lines.into_iter().map(trim_end).filter(|line| !line.is_empty());
        lines.take(SAMPLE_LINES).collect()
    }
}

/// A header length that the file has room for, and the beginning of a JSON object.
fn is_safetensors(sample: &Sample) -> bool {
    let Some((length, rest)) = sample.bytes.split_first_chunk::<8>() else { return false };
    u64::from_le_bytes(*length).checked_add(8).is_some_and(|end| end <= sample.size) && rest.first() == Some(&b'{')
}

/// After a line `V C` come lines that end in numbers, or bytes.
fn with_header(lines: &[&[u8]]) -> Format {
    let ends_in_numbers = lines.iter().filter(|line| trailing_numbers(line) > 0).count();
    if ends_in_numbers > 0 && 2 * ends_in_numbers >= lines.len() {
        Format::Word2vecText
    } else {
        Format::Word2vecBinary
    }
}

/// The format of a text without a header.
fn of_text(path: &Path, lines: &[&[u8]]) -> Result<Format> {
    let (spaced, comma) = (guess_dimension(lines), csv::guess_dimension(lines));
    let only_numbers = lines.iter().all(|line| fields(line).all(|field| number(field).is_some()));
    if only_numbers && spaced >= 1 && lines.iter().all(|line| line.contains(&b'\t')) {
        return Ok(Format::Projector);
    }
    if spaced >= 2 && spaced >= comma {
        let is_fraction = |line: &&[u8]| fields(line).next().is_some_and(|word| word.contains(&b'.'));
        if only_numbers && lines.iter().all(is_fraction) {
            return Err(bad(
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
    if let Some(what) = foreign::by_text(lines) {
        return Err(bad(path, what));
    }
    if let Some(vectors) = projector::vectors_beside(path) {
        let vectors = vectors.display();
        return Err(bad(path, format!("it holds words only; their vectors are probably in {vectors}, ask for that")));
    }
    let first = shown(lines.first().copied().unwrap_or_default());
    let what = match spaced.max(comma) {
        1 => "a text with one number a line, such as scores or counts",
        _ => "a text without vectors",
    };
    Err(bad(
        path,
        format!("it is {what} (it begins with {first:?}); expected a word and two or more numbers on each line"),
    ))
}

/// C of a text without a header: on most of its lines so many numbers follow a word.
pub(super) fn guess_dimension(lines: &[&[u8]]) -> usize {
    most_common(lines.iter().map(|line| trailing_numbers(line)))
}

/// The most common of `counts`, of several the smallest.
pub(super) fn most_common(counts: impl Iterator<Item = usize>) -> usize {
    let mut counts: Vec<usize> = counts.collect();
    counts.sort_unstable();
    let runs = counts.chunk_by(|a, b| a == b);
    runs.rev().max_by_key(|run| run.len()).map_or(0, |run| run[0])
}

/// How many numbers end `line`, the first field left to be the word.
fn trailing_numbers(line: &[u8]) -> usize {
    let mut fields: Vec<&[u8]> = fields(line).collect();
    fields.reverse();
    let numbers = fields.iter().take_while(|field| number(field).is_some()).count();
    numbers.min(fields.len().saturating_sub(1))
}

fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|&byte| is_separator(byte)).filter(|field| !field.is_empty())
}

/// Whether `byte` occurs in no text.
fn is_binary(byte: u8) -> bool {
    byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r')
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(content: &[u8], expected: Format) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, content).unwrap();
        assert_eq!(recognize(&path).unwrap(), expected, "{}", shown(content));
    }

    #[track_caller]
    fn looks_like(content: &[u8], expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, content).unwrap();
        let error = recognize(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_file_is_what_it_holds() {
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
    }

    #[test]
    fn what_is_none_of_them_is_named() {
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
        looks_like(&793_712_314_u32.to_le_bytes(), "fastText");
        looks_like(b"\xff\xfec\0a\0t\0", "UTF-16");
        looks_like(b"The cat sat on the mat.\nThe dog too.\n", "without vectors");
        looks_like(b"cat\tdog\t0.5\nsun\tmoon\t0.4\n", "one number a line");
        looks_like(b"0.1 0.2 0.3\n0.4 0.5 0.6\n", "numbers only");
        looks_like(b"\0\x01\x02\x03\x04\x05\x06\x07\x08", "begins with 00 01 02 03");
    }
}
