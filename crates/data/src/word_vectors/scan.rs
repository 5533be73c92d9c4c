//! Scans a word2vec binary file for its rows.
//!
//! The file starts with a line `V C`; then follow, for each word, its bytes, a space, and C little-endian floats, with a
//! newline behind them (word2vec.c) or without (gensim). Words differ in length, so a row can only be found from the one
//! before it. The scan skips the values, so it touches about a tenth of the bytes; a large file is scanned by several
//! threads (`parallel_scan.rs`).

use super::index::Index;
use super::parallel_scan::{PROGRESS_INTERVAL, parallel_scan};
use super::scanned_rows::ScannedRows;
use crate::word2vec_header::parse_word2vec_header;
use crate::{Error, MappedFile, Phase, Progress, Result};

/// Finds the rows of `file`; with a `limit`, only the first ones.
///
/// # Errors
///
/// If it is not in this format, ends before its header says, or `progress` asks to stop.
pub fn scan(file: &MappedFile, limit: Option<usize>, progress: Progress<'_>) -> Result<Index> {
    let bad = |problem| Error::BadFile { path: file.path().to_path_buf(), problem };
    let (promised, dimension, first) = parse_header(file).map_err(bad)?;
    let wanted = limit.map_or(promised, |limit| promised.min(limit as u64));
    let least = (dimension * 4).checked_add(1).and_then(|row| row.checked_mul(wanted));
    if least.is_none_or(|least| least > file.len() as u64 - first as u64) || wanted >= u32::MAX as u64 {
        let bytes = file.len();
        return Err(bad(format!(
            "its header promises {promised} words of {dimension} values, more than its {bytes} bytes can hold"
        )));
    }
    let row_bytes = dimension as usize * 4;
    let in_parallel = || parallel_scan(file, row_bytes, first, wanted as usize, progress);
    let mut rows = match limit.is_none().then(in_parallel).flatten() {
        Some(rows) => rows,
        None => sequential_scan(file, row_bytes, first, wanted as usize, progress)?,
    };
    rows.report.promised = promised;
    Ok(rows.into_index(dimension as usize))
}

/// Finds `wanted` rows, each from the one before it.
fn sequential_scan<'a>(
    file: &'a MappedFile,
    row_bytes: usize,
    first: usize,
    wanted: usize,
    progress: Progress<'_>,
) -> Result<ScannedRows<'a>> {
    let mut rows = ScannedRows::new(file, row_bytes, wanted);
    let mut at = first;
    for row in 0..wanted {
        if row.is_multiple_of(PROGRESS_INTERVAL) && progress(Phase::Reading, at as u64, file.len() as u64).is_break() {
            return Err(Error::Stopped);
        }
        at = rows.read(at).map_err(|problem| {
            let problem = format!("{problem} in row {} of {wanted}", row + 1);
            Error::BadFile { path: file.path().to_path_buf(), problem }
        })?;
    }
    Ok(rows)
}

/// V, C, and where the first row starts.
fn parse_header(file: &[u8]) -> std::result::Result<(u64, u64, usize), String> {
    let line = file.iter().take(64).position(|&byte| byte == b'\n').map(|end| &file[..end]);
    let header = line.and_then(|line| {
        let (words, dimension) = parse_word2vec_header(line)?;
        Some((words, dimension, line.len() + 1))
    });
    match header {
        Some((0, _, _) | (_, 0, _)) => Err("its header promises no words, or vectors without values".into()),
        Some((words, dimension, first)) if dimension <= file.len() as u64 => Ok((words, dimension, first)),
        Some((_, dimension, _)) => {
            Err(format!("its header promises vectors of {dimension} values, more than it has bytes"))
        }
        None => Err("it is not a word2vec binary file: expected a first line such as `3000000 300`".into()),
    }
}
