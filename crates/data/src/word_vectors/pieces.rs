//! The rows of a large file, found from several places at once.
//!
//! Between its beginning and its end nothing in a word2vec file says where a row begins. But it can be guessed: where one
//! plausible word follows another at the distance of a row, time and again. A guess is proven when the scan that comes from
//! before ends exactly there; all rows are then the same as if they had been found one by one. If a guess fails, or
//! anything else is unusual, there is no answer, and the rows are found one by one.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::rows::Rows;
use super::scan::TOLD_EVERY;
use crate::{MappedFile, Phase, Progress};

/// Smaller files are not worth it.
const LEAST_BYTES: usize = 16 << 20;
/// How many plausible words in a row make a guess; that numbers look like that many is next to impossible.
const PLAUSIBLE_ROWS: usize = 16;
/// Behind how many rows a guess is given up; there may be some odd words.
const LOOKED_AT_ROWS: usize = 64;
/// The longest word that is plausible, in bytes.
const PLAUSIBLE_WORD: usize = 100;

/// The `wanted` rows of `file`, found by all threads, if all of them can be proven.
pub fn scan_in_pieces<'a>(
    file: &'a MappedFile,
    row_bytes: usize,
    first: usize,
    wanted: usize,
    progress: Progress<'_>,
) -> Option<Rows<'a>> {
    let pieces = rayon::current_num_threads();
    if file.len() < LEAST_BYTES || pieces == 1 {
        return None;
    }
    let starts = (0..pieces).map(|nth| match nth {
        0 => Some(first),
        _ => guess(file, first + (file.len() - first) / pieces * nth, row_bytes),
    });
    let starts: Vec<usize> = starts.collect::<Option<_>>()?;
    let done = AtomicU64::new(first as u64);
    let scan = |nth: usize| {
        let end = starts.get(nth + 1).copied().unwrap_or(file.len());
        let mut rows = Rows::new(file, row_bytes, if nth == 0 { wanted } else { wanted / pieces });
        let (mut at, mut told) = (starts[nth], starts[nth]);
        // Behind the last row there may be newlines.
        while at < end && file[at..].iter().any(|&byte| byte != b'\n') {
            at = rows.read(at).ok()?;
            if rows.report.rows.is_multiple_of(TOLD_EVERY as u64) {
                let all = done.fetch_add((at - told) as u64, Ordering::Relaxed);
                told = at;
                if progress(Phase::Reading, all, file.len() as u64) == ControlFlow::Break(()) {
                    return None;
                }
            }
        }
        (at == end || nth + 1 == pieces).then_some(rows)
    };
    let found: Vec<Option<Rows<'_>>> = (0..pieces).into_par_iter().map(scan).collect();
    let mut found = found.into_iter();
    let mut all = found.next()??;
    for rows in found {
        all.append(rows?);
    }
    (all.report.rows == wanted as u64).then_some(all)
}

/// Where a row probably begins, not far behind byte `from`.
fn guess(file: &[u8], from: usize, row_bytes: usize) -> Option<usize> {
    let plausible = |mut at: usize| {
        // The first word may be the end of one, so the guess is the row behind it.
        let second = behind(file, at, row_bytes)?;
        for _ in 0..PLAUSIBLE_ROWS {
            at = behind(file, at, row_bytes)?;
        }
        Some(second)
    };
    (from..from + LOOKED_AT_ROWS * (row_bytes + PLAUSIBLE_WORD)).find_map(plausible)
}

/// Where the row ends that may begin with byte `at`, if a plausible word is there.
fn behind(file: &[u8], at: usize, row_bytes: usize) -> Option<usize> {
    let line = file.get(at..at + 2 + PLAUSIBLE_WORD)?;
    let line = line.strip_prefix(b"\n").unwrap_or(line);
    let word = &line[..line.iter().position(|&byte| byte == b' ')?];
    let is_plausible = !word.is_empty() && std::str::from_utf8(word).is_ok_and(|word| !word.contains(char::is_control));
    is_plausible.then_some(at + 2 + PLAUSIBLE_WORD - line.len() + word.len() + 1 + row_bytes)
}
