//! fastText's own models, as its `saveModel` writes them: magic number, version, the arguments of training, the words, the input
//! table `[V + B, C]`, and the output table, which no word vector needs. Everything is little-endian. Matches fastText 0.9.2.

use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use rayon::prelude::*;

use super::dtype::Dtype;
use super::fields::excerpt;
use super::reading::{Loaded, Reading};
use super::rows::Rows;
use crate::subwords::{Ngrams, Subwords};
use crate::{Error, MappedFile, Phase, Result};

/// The magic number.
pub(super) const MAGIC: [u8; 4] = 793_712_314_i32.to_le_bytes();

/// The number of a classifier among the kinds of models.
const CLASSIFIER: i32 = 3;
/// The longest n-grams that are accepted; fastText's default is 6.
const MAX_LENGTH: i32 = 255;
/// The fewest bytes of a word in the file: its zero byte, its count, its type.
const WORD_BYTES: usize = 1 + 8 + 1;
/// Rows whose vectors are computed between two calls of the progress callback.
const BLOCK: usize = 4096;

/// Reads the file at `path`. The vectors of its words are computed; its table stays in the file.
pub(super) fn read(path: &Path, how: &Reading<'_>) -> Result<Loaded> {
    let (subwords, labels) = open(path)?;
    let dimension = subwords.dimension();
    let wanted = how.limit.map_or(subwords.len(), |limit| limit.min(subwords.len()));
    let mut rows = Rows::new(dimension, wanted as u64, how);
    let mut values = vec![0.0; wanted.min(BLOCK) * dimension]; // [BLOCK, C]
    for first in (0..wanted).step_by(BLOCK) {
        let bytes = |rows: usize| (rows * dimension * 4) as u64;
        if how.progress.is_some_and(|tell| tell(Phase::Reading, bytes(first), bytes(wanted)).is_break()) {
            return Err(Error::Stopped);
        }
        let block = &mut values[..(wanted - first).min(BLOCK) * dimension];
        let vectors = block.par_chunks_exact_mut(dimension).enumerate();
        vectors.for_each(|(nth, vector)| subwords.write_row(first + nth, vector));
        for (nth, vector) in block.chunks_exact(dimension).enumerate() {
            rows.add(subwords.word(first + nth), vector, subwords.words[first + nth].start as u64);
        }
    }
    rows.report.labels = labels;
    let loaded = rows.finish(path, Dtype::Float32, how)?;
    Ok(Loaded { subwords: Some(subwords).filter(|subwords| subwords.lengths().is_some()), ..loaded })
}

/// The words and the table of the file at `path`, and the number of its labels.
fn open(path: &Path) -> Result<(Subwords, u64)> {
    let file = MappedFile::open(path)?;
    let mut cursor = Cursor { path, bytes: &file, at: 0, part: "arguments" };
    let (dimension, ngrams) = read_arguments(&mut cursor)?;
    cursor.part = "words";
    let (words, labels, pruned) = read_words(&mut cursor)?;
    cursor.part = "table";
    check_whole(&mut cursor, pruned)?;
    let first = find_table(&mut cursor, words.len(), dimension, ngrams)?;
    Ok((Subwords { file, first, dimension, ngrams, words, lookup: OnceLock::new() }, labels))
}

/// C and the n-grams, from the arguments of training.
fn read_arguments(cursor: &mut Cursor<'_>) -> Result<(usize, Ngrams)> {
    let [magic, version] = [cursor.i32()?, cursor.i32()?];
    if magic.to_le_bytes() != MAGIC || !matches!(version, 11 | 12) {
        return Err(cursor.bad(format!("it is of version {version} of fastText's format; expected version 11 or 12")));
    }
    let mut arguments = [0; 12];
    for argument in &mut arguments {
        *argument = cursor.i32()?;
    }
    let _sampling_threshold = cursor.i64()?;
    let [dimension, _ws, _epoch, _min_count, _neg, _word_ngrams, _loss, model, bucket, minn, mut maxn, _] = arguments;
    if dimension < 1 {
        return Err(cursor.bad(format!("its dimension is {dimension}; expected 1 or more; it is damaged")));
    }
    if minn < 0 || !(0..=MAX_LENGTH).contains(&maxn) || bucket < 0 {
        return Err(cursor.bad(format!(
            "its n-grams have {minn} to {maxn} characters in {bucket} buckets; expected 0 to {MAX_LENGTH} characters, and no \
             negative number; it is damaged"
        )));
    }
    // As fastText: classifiers of this version have no n-grams, whatever their arguments say.
    if version == 11 && model == CLASSIFIER {
        maxn = 0;
    }
    let lengths = [minn.max(1) as usize, maxn as usize];
    let lengths = (lengths[0] <= lengths[1]).then_some(lengths);
    if lengths.is_some() && bucket == 0 {
        return Err(cursor.bad("it has n-grams, but no buckets for them; expected one or more; it is damaged"));
    }
    Ok((dimension as usize, Ngrams { lengths, buckets: bucket as u32 }))
}

/// The bytes of each word, in the order of their rows; the number of labels, which follow them; and the number of n-grams left by
/// pruning, negative if it was not pruned. An entry is an array of bytes that ends with zero, a count, and a type.
fn read_words(cursor: &mut Cursor<'_>) -> Result<(Vec<Range<usize>>, u64, i64)> {
    let [size, words, labels] = [cursor.i32()?, cursor.i32()?, cursor.i32()?];
    let [_tokens, pruned] = [cursor.i64()?, cursor.i64()?];
    if words < 0 || labels < 0 || words.checked_add(labels) != Some(size) {
        return Err(
            cursor.bad(format!("it promises {words} words and {labels} labels, {size} together; it is damaged"))
        );
    }
    if (size as usize).checked_mul(WORD_BYTES).is_none_or(|bytes| bytes > cursor.left()) {
        return Err(
            cursor.bad(format!("it promises {size} words, more than the {} bytes that follow hold", cursor.left()))
        );
    }
    let mut ranges = Vec::with_capacity(words as usize);
    for nth in 0..size {
        let word = cursor.until_zero()?;
        let _count = cursor.i64()?;
        let [kind] = cursor.take()?;
        if kind != u8::from(nth >= words) {
            let word = excerpt(&cursor.bytes[word]);
            return Err(cursor.bad(format!(
                "entry {nth} of its words, {word:?}, has type {kind}; expected {words} words (0), then {labels} labels (1); it is \
                 damaged"
            )));
        }
        if nth < words {
            ranges.push(word);
        }
    }
    Ok((ranges, labels as u64, pruned))
}

/// Refuses a quantized model, and one whose n-grams are pruned to a number of them.
fn check_whole(cursor: &mut Cursor<'_>, pruned: i64) -> Result<()> {
    cursor.skip(u64::try_from(pruned).unwrap_or(0).saturating_mul(8))?;
    let [is_quantized] = cursor.take()?;
    if is_quantized != 0 {
        return Err(cursor.bad(
            "it is a quantized fastText model; expected one with its whole table: take the .bin that it was made from, or write \
             the vectors of your words with `fasttext print-word-vectors MODEL < WORDS`",
        ));
    }
    if pruned >= 0 {
        return Err(cursor.bad(
            "its n-grams are pruned without being quantized, which fastText refuses too; get a newer file of this model",
        ));
    }
    Ok(())
}

/// The first byte of the input table, which has rows for `words` words and for `ngrams`.
fn find_table(cursor: &mut Cursor<'_>, words: usize, dimension: usize, ngrams: Ngrams) -> Result<usize> {
    let [rows, columns] = [cursor.i64()?, cursor.i64()?];
    let expected = words as i64 + ngrams.lengths.map_or(0, |_| ngrams.buckets as i64);
    if rows < expected || columns != dimension as i64 {
        return Err(cursor.bad(format!(
            "its table is {rows} × {columns}; expected {dimension} values for each of {expected} words and n-grams; it is \
             damaged"
        )));
    }
    let bytes = rows.checked_mul(columns).and_then(|values| values.checked_mul(4));
    if bytes.is_none_or(|bytes| bytes as u64 > cursor.left() as u64) {
        return Err(cursor.bad(format!(
            "its header promises a table of {rows} × {columns} values of 4 bytes, but {} bytes follow; it has probably been cut \
             short: fetch it again",
            cursor.left()
        )));
    }
    Ok(cursor.at)
}

/// Reads the bytes of a file in order, and never past its end.
struct Cursor<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    at: usize,
    /// The part of the file that is being read, for messages.
    part: &'static str,
}

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some(found) = self.bytes[self.at..].first_chunk() else { return Err(self.cut_short()) };
        self.at += N;
        Ok(*found)
    }

    fn i32(&mut self) -> Result<i32> {
        self.take().map(i32::from_le_bytes)
    }

    fn i64(&mut self) -> Result<i64> {
        self.take().map(i64::from_le_bytes)
    }

    /// The bytes before the next zero byte, which is passed.
    fn until_zero(&mut self) -> Result<Range<usize>> {
        let length = self.bytes[self.at..].iter().position(|&byte| byte == 0).ok_or_else(|| self.cut_short())?;
        let found = self.at..self.at + length;
        self.at = found.end + 1;
        Ok(found)
    }

    fn skip(&mut self, bytes: u64) -> Result<()> {
        let bytes =
            usize::try_from(bytes).ok().filter(|&bytes| bytes <= self.left()).ok_or_else(|| self.cut_short())?;
        self.at += bytes;
        Ok(())
    }

    /// The number of bytes not read yet.
    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn cut_short(&self) -> Error {
        let (bytes, part) = (self.bytes.len(), self.part);
        self.bad(format!(
            "it ends within its {part}, after {bytes} bytes; it has probably been cut short: fetch it again"
        ))
    }

    fn bad(&self, problem: impl Into<String>) -> Error {
        Error::bad_file(self.path, problem)
    }
}
