//! The row of a word, by binary search.
//!
//! Every row has a key: the hash of its word in the upper half, the row in the lower. The keys are sorted, so rows with
//! equal words are neighbours, the first row first.

use rayon::slice::ParallelSliceMut;

/// The key of `word` in `row`.
pub fn key(word: &str, row: u32) -> u64 {
    (hash(word.as_bytes()) as u64) << 32 | row as u64
}

/// Sorts `keys` for [`candidates`].
pub fn sorted(mut keys: Vec<u64>) -> Vec<u64> {
    keys.par_sort_unstable();
    keys
}

/// The rows whose words have the hash of `word`, in ascending order.
pub fn candidates(keys: &[u64], word: &str) -> impl Iterator<Item = u32> {
    let first = key(word, 0);
    let from = keys.partition_point(|&key| key < first);
    keys[from..].iter().take_while(move |&&key| key >> 32 == first >> 32).map(|&key| key as u32)
}

/// The rows whose word occurs in an earlier row, in ascending order.
#[cfg(feature = "files")]
pub fn repeated<T: AsRef<str>>(keys: &[u64], word: impl Fn(u32) -> T) -> Vec<u32> {
    let mut rows = Vec::new();
    for same_hash in keys.chunk_by(|a, b| a >> 32 == b >> 32).filter(|keys| keys.len() > 1) {
        for (nth, &key) in same_hash.iter().enumerate() {
            let own = word(key as u32);
            if same_hash[..nth].iter().any(|&earlier| word(earlier as u32).as_ref() == own.as_ref()) {
                rows.push(key as u32);
            }
        }
    }
    rows.sort_unstable();
    rows
}

/// A fast hash, eight bytes at a time. Index files contain it, so it may only change with their version.
fn hash(word: &[u8]) -> u32 {
    const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
    let mix = |hash: u64, eight: u64| (hash.rotate_left(23) ^ eight).wrapping_mul(ODD);
    let (eights, rest) = word.as_chunks();
    let hash = eights.iter().fold(word.len() as u64, |hash, &eight| mix(hash, u64::from_le_bytes(eight)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let hash = mix(hash, u64::from_le_bytes(last));
    ((hash ^ hash >> 29).wrapping_mul(ODD) >> 32) as u32
}
