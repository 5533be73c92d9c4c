//! Special tokens.

/// The token of words and characters outside the vocabulary.
pub const UNKNOWN: &str = "<unk>";

/// The token between two texts, the last id of GPT-2's vocabulary.
pub const END_OF_TEXT: &str = "<|endoftext|>";
