//! The closest spelling of a word.

/// The one of `words` whose spelling is closest to `word` by Damerau–Levenshtein similarity, if that is at least 0.5.
pub fn did_you_mean<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let similarity = |other: &&str| (strsim::normalized_damerau_levenshtein(word, other) * 1e6) as u64;
    words.max_by_key(similarity).filter(|other| similarity(other) >= 500_000)
}
