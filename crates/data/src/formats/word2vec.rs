//! word2vec's binary format: a line `V C`, then for each word its bytes, a space, and C little-endian 32-bit floats. A row
//! may end with a newline, as `word2vec.c` writes it, or not, as gensim does.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use super::dtype::Dtype;
use super::fields::MAX_WORD;
use super::input::Input;
use super::mapped_table::LARGE;
use super::output_table::OutputTable;
use super::reading::{Loaded, Reading};
use super::report::{Reason, Report};
use super::rows::Rows;
use crate::word2vec_header::parse_word2vec_header;
use crate::{Error, Result, WordVectors};

/// If more than one word in this many has control characters, the dimension is wrong and the words are really values.
const ONE_IN: u64 = 10;

/// Reads the file at `path`.
pub(super) fn read(path: &Path, how: &Reading<'_>) -> Result<Loaded> {
    map(path, how).unwrap_or_else(|| into_memory(path, how))
}

/// Maps a large file. None if the file is small, has wrong rows or a wrong header, or must be read strictly: then every row
/// is checked while it is read into memory.
fn map(path: &Path, how: &Reading<'_>) -> Option<Result<Loaded>> {
    let is_large = std::fs::metadata(path).is_ok_and(|found| found.len() >= LARGE);
    if how.strict || !is_large {
        return None;
    }
    let progress = how.progress.unwrap_or(&|_, _, _| ControlFlow::Continue(()));
    match WordVectors::open_word2vec(path, how.limit, progress) {
        Ok((vectors, scan)) => {
            let report = Report::of_scan(&scan);
            (report.bad() <= report.rows_read).then_some(Ok(Loaded {
                vectors,
                dtype: Dtype::Float32,
                report,
                subwords: None,
            }))
        }
        Err(Error::Stopped) => Some(Err(Error::Stopped)),
        Err(_) => None,
    }
}

/// Reads the file row by row.
fn into_memory(path: &Path, how: &Reading<'_>) -> Result<Loaded> {
    let mut input = Input::open(path, how)?;
    let (promised, dimension) = read_header(&mut input)?;
    let can_hold = input.left() / (dimension as u64 * 4 + 1);
    let mut rows = Rows::new(dimension, promised.min(can_hold), how);
    let (mut word, mut bytes, mut values) = (Vec::new(), vec![0; dimension * 4], Vec::with_capacity(dimension));
    while rows.count() < promised && !rows.is_full() {
        word.clear();
        let start = input.offset();
        let length = input.until(b' ', MAX_WORD, &mut word)?;
        let line_breaks = word.iter().take_while(|&&byte| byte == b'\n').count();
        let offset = start + line_breaks as u64;
        if word.len() == line_breaks {
            break;
        }
        if word.pop_if(|byte| *byte == b' ').is_none() && length == MAX_WORD {
            return Err(input.bad(format!(
                "the word at byte {offset}, in row {}, does not end within {MAX_WORD} bytes; \
                 the dimension in its header ({dimension}) is probably wrong",
                rows.count() + 1
            )));
        }
        if !input.fill(&mut bytes)? {
            rows.skip(Reason::CutShort, offset, || format!("a row has {dimension} values of 4 bytes"));
            break;
        }
        let word = &word[line_breaks..];
        if word.iter().any(u8::is_ascii_control) {
            let word = String::from_utf8_lossy(word);
            rows.skip(Reason::ControlCharacters, offset, || {
                format!("the word is {word:?}; the dimension in its header ({dimension}) may be wrong")
            });
            continue;
        }
        values.clear();
        Dtype::Float32.append(&bytes, &mut values);
        rows.add(word, &values, offset);
    }
    check_words(&rows, &input, dimension)?;
    rows.expect(promised);
    if !rows.is_full() && rows.count() == promised {
        rows.report.bytes_left_over = bytes_left_over(&mut input)?;
    }
    rows.finish(path, Dtype::Float32, how)
}

/// Refuses a file whose words have so many control characters that they must be values.
fn check_words(rows: &Rows, input: &Input<'_>, dimension: usize) -> Result<()> {
    let (odd, all) = (rows.report.reasons.get(&Reason::ControlCharacters).copied().unwrap_or(0), rows.count());
    match odd * ONE_IN > all {
        true => Err(input.bad(format!(
            "{odd} of {all} words have control characters; the dimension in its header ({dimension}) is probably wrong"
        ))),
        false => Ok(()),
    }
}

/// V and C. The file is large enough for at least one row.
fn read_header(input: &mut Input<'_>) -> Result<(u64, usize)> {
    let mut line = Vec::new();
    input.until(b'\n', 64, &mut line)?;
    let Some((rows, dimension)) = parse_word2vec_header(&line) else {
        return Err(input.bad("it does not begin with a line of two integers, V words and C values"));
    };
    if dimension == 0 || dimension.checked_mul(4).is_none_or(|bytes| bytes > input.left()) {
        return Err(input.bad(format!(
            "its header promises {rows} rows of {dimension} values, but {} bytes follow, less than a row",
            input.left()
        )));
    }
    Ok((rows, dimension as usize))
}

/// The number of bytes behind the last row, not counting a single newline.
fn bytes_left_over(input: &mut Input<'_>) -> Result<u64> {
    let left = input.left();
    let mut byte = [0];
    Ok(if left == 1 && input.fill(&mut byte)? && byte == *b"\n" { 0 } else { left })
}

/// Writes `table` as `word2vec.c` does, with a newline behind each row.
pub(super) fn write(table: &OutputTable<'_>, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{} {}", table.len(), table.dimension())?;
    table.each_row(|word, row| {
        out.write_all(word.as_bytes())?;
        out.write_all(b" ")?;
        out.write_all(&row.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
        out.write_all(b"\n")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_more_bad_rows_than_good_ones_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("v.bin");
        let write = |dimension: usize| {
            let values = vec![b' '; 4 * dimension];
            let first = format!("3 {dimension}\ncat ");
            std::fs::write(&path, [first.as_bytes(), &values, b" ", &values, b" ", &values].concat()).unwrap();
        };
        write(2);
        let error = read(&path, &Reading::default()).err().expect("it is refused").to_string();
        assert!(error.contains("more bad rows than good ones"), "{error}");
        write(LARGE as usize / 12);
        assert!(map(&path, &Reading::default()).is_none(), "a large one is mapped");
    }
}
