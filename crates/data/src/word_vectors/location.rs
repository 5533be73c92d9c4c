//! The location of a row in a word2vec binary file, packed into 64 bits.

/// The longest word, in bytes: a location has sixteen bits for its length.
pub const LONGEST_WORD: usize = u16::MAX as usize;

/// Packs the offset of a row's vector and the length of the word before it.
pub fn pack(vector: usize, word_length: usize) -> u64 {
    (vector as u64) << 16 | word_length as u64
}

/// The offset of the vector and the length of the word that [`pack`] was given.
#[inline]
pub fn unpack(location: u64) -> (usize, usize) {
    ((location >> 16) as usize, (location & 0xFFFF) as usize)
}

/// The bytes of the word at `location`: it ends one space before its vector.
pub fn word(file: &[u8], location: u64) -> &[u8] {
    let (vector, length) = unpack(location);
    &file[vector - 1 - length..vector - 1]
}
