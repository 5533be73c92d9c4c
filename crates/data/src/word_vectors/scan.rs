//! Finds the rows of a word2vec binary file.
//!
//! A line says how many words there are and how many numbers each has; then come, for every word, its bytes, a space, and
//! the numbers as little-endian floats, with a newline behind them (word2vec.c) or without (gensim). A row can only be
//! found from the one before it. A scan jumps over the numbers, so it touches a tenth of the bytes; a large file is scanned
//! from several places at once (`pieces.rs`).

use std::ops::ControlFlow;

use super::index::Index;
use super::pieces::scan_in_pieces;
use super::rows::Rows;
use crate::{Error, MappedFile, Phase, Progress, Result};

/// How often the progress is told, in rows.
pub const TOLD_EVERY: usize = 1 << 14;

/// What a file of words with vectors holds besides good rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// How many rows were looked at.
    pub rows: u64,
    /// Rows left out because their word has no byte.
    pub empty: u64,
    /// Rows left out because an earlier row has the same word.
    pub repeated: u64,
    /// Rows kept whose word is not UTF-8; what is not comes as `U+FFFD`.
    pub not_utf8: u64,
    /// Where the word of the first row lies that any of this is said of, in bytes from the file's beginning.
    pub first: Option<u64>,
    /// How many rows the file has, as its header says.
    pub promised: u64,
}

/// Finds the rows of `file`, of the first `limit` if only those are wanted.
///
/// # Errors
///
/// If it is not of this format, ends before its header says, or `progress` asks to stop.
pub fn scan(file: &MappedFile, limit: Option<usize>, progress: Progress<'_>) -> Result<Index> {
    let bad = |problem| Error::BadFile { path: file.path().to_path_buf(), problem };
    let (promised, dimension, first) = header(file).map_err(bad)?;
    let wanted = limit.map_or(promised, |limit| promised.min(limit as u64));
    let least = (dimension * 4).checked_add(1).and_then(|row| row.checked_mul(wanted));
    if least.is_none_or(|least| least > file.len() as u64 - first as u64) || wanted >= u32::MAX as u64 {
        return Err(bad(format!(
            "its header promises {promised} words of {dimension} numbers, more than its {} bytes can hold",
            file.len()
        )));
    }
    let row_bytes = dimension as usize * 4;
    let in_pieces = || scan_in_pieces(file, row_bytes, first, wanted as usize, progress);
    let mut rows = match limit.is_none().then(in_pieces).flatten() {
        Some(rows) => rows,
        None => one_by_one(file, row_bytes, first, wanted as usize, progress)?,
    };
    rows.report.promised = promised;
    Ok(rows.finish(dimension as usize))
}

/// Finds `wanted` rows, each from the one before it.
fn one_by_one<'a>(
    file: &'a MappedFile,
    row_bytes: usize,
    first: usize,
    wanted: usize,
    progress: Progress<'_>,
) -> Result<Rows<'a>> {
    let mut rows = Rows::new(file, row_bytes, wanted);
    let mut at = first;
    for row in 0..wanted {
        if row.is_multiple_of(TOLD_EVERY)
            && progress(Phase::Reading, at as u64, file.len() as u64) == ControlFlow::Break(())
        {
            return Err(Error::Stopped);
        }
        at = rows.read(at).map_err(|problem| {
            let problem = format!("{problem} in row {} of {wanted}", row + 1);
            Error::BadFile { path: file.path().to_path_buf(), problem }
        })?;
    }
    Ok(rows)
}

/// How many words of how many numbers there are, and where the first begins.
fn header(file: &[u8]) -> std::result::Result<(u64, u64, usize), String> {
    let line = file.iter().take(64).position(|&byte| byte == b'\n').map(|end| &file[..end]);
    let numbers = line.and_then(|line| {
        let text = std::str::from_utf8(line).ok()?;
        let mut numbers = text.split_ascii_whitespace().map(|number| number.parse::<u64>().ok());
        let (words, dimension) = (numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some((words, dimension, line.len() + 1))
    });
    match numbers {
        Some((0, _, _) | (_, 0, _)) => Err("its header promises no word, or no numbers".into()),
        Some((words, dimension, first)) if dimension <= file.len() as u64 => Ok((words, dimension, first)),
        Some((_, dimension, _)) => {
            Err(format!("its header promises vectors of {dimension} numbers, more than it has bytes"))
        }
        None => Err("it is not a word2vec binary file: expected a first line such as `3000000 300`".into()),
    }
}
