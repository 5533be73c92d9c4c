//! The word that was probably meant.

/// The one of `words` that is spelled most like `word`, if any is rather like than unlike it (Damerau and Levenshtein: a
/// letter more, less, changed, or two swapped).
pub fn likest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |other: &&str| (strsim::normalized_damerau_levenshtein(word, other) * 1e6) as u64;
    words.max_by_key(likeness).filter(|other| likeness(other) >= 500_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let words = || ["cat", "rabbit", "piano"].into_iter();
        assert_eq!(likest("rabit", words()), Some("rabbit"));
        assert_eq!(likest("xylophone", words()), None);
    }
}
