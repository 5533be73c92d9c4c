//! Scans a large word2vec file with several threads.
//!
//! Nothing in the middle of such a file marks where a row starts, but it can be guessed: where plausible words follow
//! each other at the distance of a row, many times in succession. A guess is proven when the scan of the chunk before ends
//! exactly there; the rows are then the same as those of a sequential scan. If a guess fails, or anything else is
//! unusual, the result is `None`, and the file is scanned sequentially.

use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::scanned_rows::ScannedRows;
use crate::{MappedFile, Phase, Progress};

/// Rows between two calls of the progress callback.
pub const PROGRESS_INTERVAL: usize = 1 << 14;
/// Smaller files are scanned sequentially.
const MIN_BYTES: usize = 16 << 20;
/// Plausible words in succession that make a guess; float values hardly ever look like that many.
const PLAUSIBLE_ROWS: usize = 16;
/// Rows within which a guess must be found; a few odd words are skipped.
const SEARCHED_ROWS: usize = 64;
/// The longest plausible word, in bytes.
const PLAUSIBLE_WORD: usize = 100;

/// The `wanted` rows of `file`, scanned by all threads, if every guess can be proven.
pub fn parallel_scan<'a>(
    file: &'a MappedFile,
    row_bytes: usize,
    first: usize,
    wanted: usize,
    progress: Progress<'_>,
) -> Option<ScannedRows<'a>> {
    let chunks = rayon::current_num_threads();
    if file.len() < MIN_BYTES || chunks == 1 {
        return None;
    }
    let starts = (0..chunks).map(|nth| match nth {
        0 => Some(first),
        _ => guess_row_start(file, first + (file.len() - first) / chunks * nth, row_bytes),
    });
    let starts: Vec<usize> = starts.collect::<Option<_>>()?;
    let done = AtomicU64::new(first as u64);
    let scan_chunk = |nth: usize| {
        let end = starts.get(nth + 1).copied().unwrap_or(file.len());
        let mut rows = ScannedRows::new(file, row_bytes, if nth == 0 { wanted } else { wanted / chunks });
        let (mut at, mut reported) = (starts[nth], starts[nth]);
        // Newlines may follow the last row.
        while at < end && file[at..].iter().any(|&byte| byte != b'\n') {
            at = rows.read(at).ok()?;
            if rows.report.rows.is_multiple_of(PROGRESS_INTERVAL as u64) {
                let all = done.fetch_add((at - reported) as u64, Ordering::Relaxed);
                reported = at;
                if progress(Phase::Reading, all, file.len() as u64).is_break() {
                    return None;
                }
            }
        }
        (at == end || nth + 1 == chunks).then_some(rows)
    };
    let found: Vec<Option<ScannedRows<'_>>> = (0..chunks).into_par_iter().map(scan_chunk).collect();
    let mut found = found.into_iter();
    let mut all = found.next()??;
    for rows in found {
        all.append(rows?);
    }
    (all.report.rows == wanted as u64).then_some(all)
}

/// Where a row probably starts, not far behind byte `from`.
fn guess_row_start(file: &[u8], from: usize, row_bytes: usize) -> Option<usize> {
    let plausible = |mut at: usize| {
        // The first word may be only the end of a word, so the guess is the row behind it.
        let second = row_end(file, at, row_bytes)?;
        for _ in 0..PLAUSIBLE_ROWS {
            at = row_end(file, at, row_bytes)?;
        }
        Some(second)
    };
    (from..file.len().min(from + SEARCHED_ROWS * (row_bytes + PLAUSIBLE_WORD))).find_map(plausible)
}

/// Where the row that starts at byte `at` ends, if a plausible word is there.
fn row_end(file: &[u8], at: usize, row_bytes: usize) -> Option<usize> {
    let line = file.get(at..at + 2 + PLAUSIBLE_WORD)?;
    let line = line.strip_prefix(b"\n").unwrap_or(line);
    let word = &line[..line.iter().position(|&byte| byte == b' ')?];
    let is_plausible = !word.is_empty() && std::str::from_utf8(word).is_ok_and(|word| !word.contains(char::is_control));
    is_plausible.then_some(at + 2 + PLAUSIBLE_WORD - line.len() + word.len() + 1 + row_bytes)
}
