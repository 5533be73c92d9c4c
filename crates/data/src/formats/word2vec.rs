//! word2vec's binary form, as `word2vec.c` and gensim write it: a line `V C`, then for each word its bytes, a space, and C
//! little-endian 32-bit floats. `word2vec.c` ends each row with a line break, gensim does not; both are read.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::Path;

use super::input::Input;
use super::mapped::LARGE;
use super::output::Table;
use super::rows::Rows;
use super::{Dtype, Loaded, Reading, Reason, Report};
use crate::{Error, Result, WordVectors};

/// The longest word that is believed. `word2vec.c` cuts words at 100 bytes; a longer stretch without a space is numbers.
const LONGEST_WORD: u64 = 4096;

/// Reads the file at `path`.
pub(super) fn read(path: &Path, how: &Reading<'_>) -> Result<Loaded> {
    where_it_lies(path, how).unwrap_or_else(|| into_memory(path, how))
}

/// A large file, mapped. Its numbers are not looked at, so one that must be `strict` is read into memory, and so is one whose
/// rows or header are wrong, because there each row is judged by itself.
fn where_it_lies(path: &Path, how: &Reading<'_>) -> Option<Result<Loaded>> {
    let is_large = std::fs::metadata(path).is_ok_and(|found| found.len() >= LARGE);
    if how.strict || !is_large {
        return None;
    }
    let progress = how.progress.unwrap_or(&|_, _, _| ControlFlow::Continue(()));
    match WordVectors::open_word2vec(path, how.limit, progress) {
        Ok((vectors, scan)) => Some(Ok(Loaded { vectors, dtype: Dtype::Float32, report: Report::of_scan(&scan) })),
        Err(Error::Stopped) => Some(Err(Error::Stopped)),
        Err(_) => None,
    }
}

/// Every row by itself, as the specification of the format has it.
fn into_memory(path: &Path, how: &Reading<'_>) -> Result<Loaded> {
    let mut input = Input::open(path, how)?;
    let (promised, dimension) = header(&mut input)?;
    let can_hold = input.left() / (dimension as u64 * 4 + 1);
    let mut rows = Rows::new(dimension, promised.min(can_hold), how);
    let (mut word, mut bytes, mut numbers) = (Vec::new(), vec![0; dimension * 4], Vec::with_capacity(dimension));
    while rows.looked_at() < promised && !rows.is_full() {
        word.clear();
        let start = input.offset();
        let length = input.until(b' ', LONGEST_WORD, &mut word)?;
        let line_breaks = word.iter().take_while(|&&byte| byte == b'\n').count();
        let offset = start + line_breaks as u64;
        if word.len() == line_breaks {
            break;
        }
        if word.pop_if(|byte| *byte == b' ').is_none() && length == LONGEST_WORD {
            return Err(input.bad(format!(
                "at byte {offset}, on row {}, there is no word that ends within {LONGEST_WORD} bytes; \
                 its header probably gives a wrong dimension ({dimension})",
                rows.looked_at() + 1
            )));
        }
        if !input.fill(&mut bytes)? {
            rows.skip(Reason::CutShort, offset, || format!("a row has {dimension} numbers of 4 bytes"));
            break;
        }
        let word = &word[line_breaks..];
        if word.iter().any(u8::is_ascii_control) {
            let told = String::from_utf8_lossy(word).into_owned();
            rows.skip(Reason::ControlCharacters, offset, || {
                format!("the word is {told:?}; its header may give a wrong dimension ({dimension})")
            });
            continue;
        }
        numbers.clear();
        Dtype::Float32.append(&bytes, &mut numbers);
        rows.add(word, &numbers, offset);
    }
    rows.expect(promised);
    if !rows.is_full() && rows.looked_at() == promised {
        rows.report.bytes_left_over = left_over(&mut input)?;
    }
    rows.finish(path, Dtype::Float32, how)
}

/// V and C, once the file is large enough for a row of them.
fn header(input: &mut Input<'_>) -> Result<(u64, usize)> {
    let mut line = Vec::new();
    input.until(b'\n', 64, &mut line)?;
    let Some((rows, dimension)) = counts(&line) else {
        return Err(input.bad("it does not begin with a line of two numbers, how many words and how many numbers each"));
    };
    if dimension == 0 || dimension.checked_mul(4).is_none_or(|bytes| bytes > input.left()) {
        return Err(input.bad(format!(
            "its header promises {rows} rows of {dimension} numbers, but {} bytes follow, less than a row",
            input.left()
        )));
    }
    Ok((rows, dimension as usize))
}

/// The two whole numbers of a header line.
pub(super) fn counts(line: &[u8]) -> Option<(u64, u64)> {
    let line = std::str::from_utf8(line).ok()?.trim_matches(['\r', '\n', ' ', '\t']);
    let (rows, dimension) = line.split_once([' ', '\t'])?;
    let whole = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?;
    Some((whole(rows)?, whole(dimension.trim_start())?))
}

/// How many bytes follow the last row, but for one line break.
fn left_over(input: &mut Input<'_>) -> Result<u64> {
    let left = input.left();
    let mut byte = [0];
    Ok(if left == 1 && input.fill(&mut byte)? && byte == *b"\n" { 0 } else { left })
}

/// Writes `table` as `word2vec.c` does, each row ended by a line break.
pub(super) fn write(table: &Table<'_>, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "{} {}", table.len(), table.dimension())?;
    table.each_row(|word, row| {
        out.write_all(word.as_bytes())?;
        out.write_all(b" ")?;
        out.write_all(&row.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
        out.write_all(b"\n")
    })
}
