//! Where a cosine stands among those of random pairs.
//!
//! Random numbers come from the caller: `random(n)` is a uniform number below n. The same numbers give the same answer.

use std::cmp::Reverse;

/// How many random pairs are compared.
const RANDOM_PAIRS: usize = 2000;
/// The least number of words that a word of similar frequency is drawn from.
const LEAST_WORDS: usize = 20;

/// The cosines that chance gives among `n` rows: 5 %, 50 % and 95 % of random pairs lie below them.
///
/// # Panics
///
/// If `n` is 0.
pub fn chance_level(n: usize, mut random: impl FnMut(u64) -> u64, cosine: impl Fn(u32, u32) -> f32) -> [f32; 3] {
    assert!(n > 0, "no rows to draw random pairs from");
    let mut pair = || cosine(random(n as u64) as u32, random(n as u64) as u32);
    let mut cosines: Vec<f32> = (0..RANDOM_PAIRS).map(|_| pair()).collect();
    cosines.sort_unstable_by(f32::total_cmp);
    [5, 50, 95].map(|percent| cosines[RANDOM_PAIRS * percent / 100])
}

/// The percentage of random pairs, among `n` rows, whose cosine is below `own`, that of `pair`: 50 is chance.
///
/// The vectors of rare words differ from those of frequent words whatever they mean, so pairs of similar frequency are
/// compared: each word of a random pair is drawn from the tenth of the rows around that word of `pair`, in the order of
/// `counts`. Without counts, or for a word without a row, it is drawn from all rows.
///
/// # Panics
///
/// If a row of `pair` is not below `n`, or if `counts` does not have `n` counts.
pub fn percentile(
    pair: [Option<u32>; 2],
    own: f32,
    n: usize,
    counts: Option<&[u64]>,
    mut random: impl FnMut(u64) -> u64,
    cosine: impl Fn(u32, u32) -> f32,
) -> f64 {
    let [a, b] = pair;
    let mut by_count: Vec<u32> = (0..n as u32).collect();
    if let Some(counts) = counts {
        by_count.sort_by_key(|&row| (Reverse(counts[row as usize]), row));
    }
    let around = |row: Option<u32>| {
        let (Some(row), true) = (row, counts.is_some()) else { return &by_count[..] };
        let at = by_count.iter().position(|&other| other == row).expect("the row is below n");
        let width = (n / 10).max(LEAST_WORDS).min(n);
        let first = at.saturating_sub(width / 2).min(n - width);
        &by_count[first..first + width]
    };
    let (like_a, like_b) = (around(a), around(b));
    let mut pick = |rows: &[u32]| rows[random(rows.len() as u64) as usize];
    let (mut below, mut pairs) = (0, 0);
    for _ in 0..RANDOM_PAIRS {
        let (x, y) = (pick(like_a), pick(like_b));
        let drawn = (Some(x), Some(y));
        if x != y && drawn != (a, b) && drawn != (b, a) {
            let other = cosine(x, y);
            // A vector that is not finite has no cosine to compare with.
            pairs += usize::from(!other.is_nan());
            below += usize::from(other < own);
        }
    }
    // Two rows have no other pair to compare with.
    if pairs == 0 { 50.0 } else { 100.0 * below as f64 / pairs as f64 }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha8Rng;
    use chacha20::rand_core::{Rng, SeedableRng};

    use super::*;

    fn random() -> impl FnMut(u64) -> u64 {
        let mut generator = ChaCha8Rng::from_seed([7; 32]);
        move |limit| generator.next_u64() % limit
    }

    /// Rows on a line: the closer, the larger the cosine.
    fn on_a_line(a: u32, b: u32) -> f32 {
        (a as f32 - b as f32).to_radians().cos()
    }

    #[test]
    fn close_pairs_are_above_almost_all_random_pairs_and_far_ones_below() {
        let counts = vec![5; 100];
        let of = |a, b, counts| percentile([Some(a), Some(b)], on_a_line(a, b), 100, counts, random(), on_a_line);
        assert!(of(40, 41, Some(&counts[..])) > 85.0);
        assert!(of(0, 99, Some(&counts[..])) < 40.0);
        assert!(of(0, 99, None) < 1.0);
    }

    #[test]
    fn words_without_rows_are_compared_with_all_pairs() {
        let with_rows = percentile([Some(0), Some(9)], on_a_line(0, 9), 100, None, random(), on_a_line);
        let without = percentile([None, None], on_a_line(0, 9), 100, Some(&[5; 100]), random(), on_a_line);
        assert!((with_rows - without).abs() < 1.0, "{with_rows} {without}");
    }

    #[test]
    fn a_pair_without_others_to_compare_with_is_at_chance() {
        let pair = [Some(0), Some(1)];
        assert_eq!(percentile(pair, on_a_line(0, 1), 2, None, random(), on_a_line), 50.0);
        assert_eq!(percentile(pair, f32::NAN, 90, None, random(), |_, _| f32::NAN), 50.0);
    }

    #[test]
    fn the_levels_of_chance_are_in_order() {
        let [low, median, high] = chance_level(100, random(), on_a_line);
        assert!(low < median && median < high);
        assert_eq!(chance_level(1, random(), on_a_line), [1.0; 3]);
    }
}
