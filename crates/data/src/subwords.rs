//! Vectors of words made of their character n-grams, by the tables of a fastText model: a word that the model has never seen
//! has a vector too.
//!
//! "Enriching Word Vectors with Subword Information" (Bojanowski, Grave, Joulin, Mikolov, TACL 2017). The n-grams, their order and
//! their hash are those of fastText 0.9.2, so that the sums have the same bits.

use std::ops::{Range, RangeInclusive};
use std::sync::OnceLock;

use crate::MappedFile;
use crate::word_vectors::lookup;

/// The word of the end of a line. It has a row and no n-grams.
const END_OF_LINE: &[u8] = b"</s>";

/// The character n-grams of words, each hashed to one of B buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ngrams {
    /// The fewest and the most characters of an n-gram; none if there are no n-grams.
    pub lengths: Option<[usize; 2]>,
    /// B; not 0 if there are n-grams.
    pub buckets: u32,
}

impl Ngrams {
    /// Calls `each` with the bucket of every n-gram of `word`, which is put between `<` and `>` first: by the first character
    /// of the n-gram, then by its length. Neither mark is an n-gram by itself.
    fn each_bucket(&self, word: &[u8], mut each: impl FnMut(u32)) {
        let Some([shortest, longest]) = self.lengths else { return };
        let marked = [b"<", word, b">"].concat();
        // Not a continuation byte of UTF-8.
        let is_start = |at: usize| marked.get(at).is_none_or(|byte| byte & 0xC0 != 0x80);
        for first in (0..marked.len()).filter(|&at| is_start(at)) {
            let (mut hash, mut end) = (Hash::default(), first);
            for length in 1..=longest {
                if end == marked.len() {
                    break;
                }
                let next = (end + 1..).find(|&at| is_start(at)).expect("the end of the word is a start");
                marked[end..next].iter().for_each(|&byte| hash.add(byte));
                end = next;
                let is_mark = length == 1 && (first == 0 || end == marked.len());
                if length >= shortest && !is_mark {
                    each(hash.0 % self.buckets);
                }
            }
        }
    }
}

/// FNV-1a, except that bytes are signed, as in fastText's released models.
struct Hash(u32);

impl Default for Hash {
    fn default() -> Self {
        Self(2_166_136_261)
    }
}

impl Hash {
    fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ byte as i8 as u32).wrapping_mul(16_777_619);
    }
}

/// The vocabulary and the input table of a fastText model, in its mapped file, of which nothing is copied.
///
/// The table has a row for each of the V words, then one for each of the B buckets of n-grams: `[V + B, C]`.
pub struct Subwords {
    pub(crate) file: MappedFile,
    /// The first byte of the table. The file is large enough for its V + B rows.
    pub(crate) first: usize,
    /// C.
    pub(crate) dimension: usize,
    pub(crate) ngrams: Ngrams,
    /// The bytes of each word in the file, in the order of its rows.
    pub(crate) words: Vec<Range<usize>>,
    /// The sorted keys of the words, see `word_vectors/lookup.rs`; made when a word is first looked up.
    pub(crate) lookup: OnceLock<Vec<u64>>,
}

impl Subwords {
    /// The vector of any word, `[C]`, as fastText's `get_word_vector` computes it: the mean of the rows of its n-grams, and of
    /// its own row if the model has the word.
    ///
    /// None if the model does not have the word and the word has no n-grams, or the model has none (`maxn` is 0).
    pub fn vector(&self, word: &str) -> Option<Vec<f32>> {
        let mut vector = vec![0.0; self.dimension];
        self.write_vector(self.find(word), word.as_bytes(), &mut vector).then_some(vector)
    }

    /// C: the number of values in a vector.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The fewest and the most characters of an n-gram (`minn` and `maxn`), the marks of the ends of a word included. None if the
    /// model has no n-grams.
    pub fn lengths(&self) -> Option<RangeInclusive<usize>> {
        self.ngrams.lengths.map(|[shortest, longest]| shortest..=longest)
    }

    /// B: the number of rows for n-grams (`bucket`); n-grams of equal hash share one.
    pub fn buckets(&self) -> u32 {
        self.ngrams.buckets
    }

    /// V, including the words behind a limit of reading.
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// The bytes of the word of `row`.
    pub(crate) fn word(&self, row: usize) -> &[u8] {
        &self.file[self.words[row].clone()]
    }

    /// Writes the vector of the word of `row` to `vector`, `[C]`.
    pub(crate) fn write_row(&self, row: usize, vector: &mut [f32]) {
        self.write_vector(Some(row), self.word(row), vector);
    }

    /// Writes the vector of `word`, which has this `row` if any, to `vector`, `[C]`. False if there are no rows to average.
    fn write_vector(&self, row: Option<usize>, word: &[u8], vector: &mut [f32]) -> bool {
        vector.fill(0.0);
        let mut rows = 0;
        let mut add = |row: usize| {
            let bytes = &self.file[self.first + row * self.dimension * 4..][..self.dimension * 4];
            let values = bytes.as_chunks().0.iter().map(|&value| f32::from_le_bytes(value));
            vector.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
            rows += 1;
        };
        row.into_iter().for_each(&mut add);
        if word != END_OF_LINE {
            self.ngrams.each_bucket(word, |bucket| add(self.words.len() + bucket as usize));
        }
        // Rounded once and multiplied, as fastText does: a division would have other bits.
        let scale = (1.0 / rows as f64) as f32;
        vector.iter_mut().for_each(|value| *value *= scale);
        rows > 0
    }

    /// The row of `word`, the first one if it occurs twice.
    fn find(&self, word: &str) -> Option<usize> {
        let keys = self.lookup.get_or_init(|| {
            let key = |row: usize| Some(lookup::key(std::str::from_utf8(self.word(row)).ok()?, row as u32));
            lookup::sorted((0..self.len()).filter_map(key).collect())
        });
        let mut rows = lookup::candidates(keys, word).map(|row| row as usize);
        rows.find(|&row| self.word(row) == word.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The n-grams of `word`, each found by its bucket among all parts of the word.
    fn ngrams(word: &str, lengths: [usize; 2]) -> Vec<String> {
        let ngrams = Ngrams { lengths: Some(lengths), buckets: u32::MAX };
        let marked: Vec<char> = format!("<{word}>").chars().collect();
        let part = |bucket: u32| {
            let parts = (0..marked.len()).flat_map(|from| (from + 1..=marked.len()).map(move |to| (from, to)));
            let mut parts = parts.map(|(from, to)| marked[from..to].iter().collect::<String>());
            parts.find(|part| hash(part) % u32::MAX == bucket).expect("the bucket is that of a part")
        };
        let mut found = Vec::new();
        ngrams.each_bucket(word.as_bytes(), |bucket| found.push(part(bucket)));
        found
    }

    fn hash(text: &str) -> u32 {
        let mut hash = Hash::default();
        text.bytes().for_each(|byte| hash.add(byte));
        hash.0
    }

    #[test]
    fn n_grams_are_characters_between_marks() {
        assert_eq!(ngrams("cat", [3, 4]), ["<ca", "<cat", "cat", "cat>", "at>"]);
        assert_eq!(ngrams("ü語😀", [2, 2]), ["<ü", "ü語", "語😀", "😀>"]);
        assert_eq!(ngrams("", [1, 6]), ["<>"]);
    }

    #[test]
    fn no_mark_is_an_n_gram_by_itself() {
        assert_eq!(ngrams("né", [1, 1]), ["n", "é"]);
        assert_eq!(ngrams("", [1, 1]), Vec::<String>::new());
    }

    #[test]
    fn bytes_are_signed_in_the_hash() {
        assert_eq!(hash("a"), 0xE40C_292C, "FNV-1a of ASCII is the usual one");
        assert_eq!(hash("ü"), 0x2FFA_544A, "FNV-1a would be 0x119D_D44A");
    }
}
