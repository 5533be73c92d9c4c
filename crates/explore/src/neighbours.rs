//! The nearest words, exactly.
//!
//! Every row is looked at, in one pass for up to 64 directions, by all threads, as fast as memory gives them. What is found
//! so with 32-bit numbers is more than was asked for, by as much as their rounding can be; the cosines of these few are
//! computed again with 64-bit numbers. So the answer is a function of the vectors alone: the same for one direction or
//! many, for any number of threads, on any processor.

use std::sync::atomic::{AtomicU64, Ordering};

use wordspace_data::WordVectors;

use crate::candidates::Candidates;
use crate::direction::{Direction, Viewpoint, exact_cosine};
use crate::kernel::{MOST_DIRECTIONS, Panel};
use crate::pass::{NotFinite, Told};

/// How many bytes of rows a thread takes at once.
const BYTES_AT_ONCE: usize = 1 << 19;

/// A word near to what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbour {
    /// Its row.
    pub row: u32,
    /// The word.
    pub word: String,
    /// Cosine of the angle between its vector and the direction asked for.
    pub cosine: f32,
}

/// What was found of all words.
#[derive(Clone, Debug, PartialEq)]
pub struct Nearest {
    /// For each direction the words nearest to it, nearest first.
    pub answers: Vec<Vec<Neighbour>>,
    /// The rows that are no answer to anything.
    pub not_finite: NotFinite,
}

/// For each of `directions` the `top` nearest words, nearest first; words of equal cosine in alphabetical order.
///
/// `directions` must have been made from the same viewpoint. A row with numbers that are not finite is no answer, and is
/// counted; the cosine of a row of zeros is 0.
pub fn nearest(
    vectors: &WordVectors,
    from: &Viewpoint,
    directions: &[Direction],
    top: usize,
    told: Told<'_>,
) -> Nearest {
    let passes = directions.len().div_ceil(MOST_DIRECTIONS) as u64;
    let rows = vectors.len() as u64;
    let mut all = Nearest { answers: Vec::with_capacity(directions.len()), not_finite: NotFinite::default() };
    for (pass, some) in directions.chunks(MOST_DIRECTIONS).enumerate() {
        let told = |done: u64, _: u64| told(pass as u64 * rows + done, passes * rows);
        let found = one_pass(vectors, from, some, top, &told);
        all.answers.extend(found.answers);
        all.not_finite = found.not_finite;
    }
    all
}

fn one_pass(vectors: &WordVectors, from: &Viewpoint, directions: &[Direction], top: usize, told: Told<'_>) -> Nearest {
    let all = vectors.len() as u64;
    if top == 0 || all == 0 {
        return Nearest { answers: vec![Vec::new(); directions.len()], not_finite: NotFinite::default() };
    }
    // A sum of C products is off by at most C roundings; the slack is four times that, for two cosines and their lengths.
    let slack = (vectors.dimension() + 8) as f32 * 2.0 * f32::EPSILON;
    let fresh = directions.iter().map(|direction| Candidates::new(top + direction.left_out().len(), slack));
    let fresh: Vec<Candidates> = fresh.collect();
    let panel = Panel::new(directions, from.centre());
    let at_once = (BYTES_AT_ONCE / (vectors.dimension() * 4)).next_multiple_of(6) as u64;
    let next = AtomicU64::new(0);
    let found = rayon::broadcast(|_| {
        let (mut candidates, mut not_finite) = (fresh.clone(), NotFinite::default());
        loop {
            let first = next.fetch_add(at_once, Ordering::Relaxed);
            if first >= all {
                return (candidates, not_finite);
            }
            let rows = first as u32..(first + at_once).min(all) as u32;
            panel.look(vectors, rows, &mut candidates, &mut not_finite);
            told((first + at_once).min(all), all);
        }
    });
    let (mut merged, mut not_finite) = (fresh, NotFinite::default());
    for (part, met) in found {
        merged.iter_mut().zip(part).for_each(|(all, part)| all.merge(part));
        not_finite.merge(met);
    }
    let answers = merged.into_iter().zip(directions);
    let answers = answers.map(|(candidates, direction)| ranked(vectors, from, direction, candidates, top));
    Nearest { answers: answers.collect(), not_finite }
}

/// The candidates in their order, by cosines that are right to the last digit shown.
fn ranked(
    vectors: &WordVectors,
    from: &Viewpoint,
    direction: &Direction,
    candidates: Candidates,
    top: usize,
) -> Vec<Neighbour> {
    let rows = candidates.rows().filter(|row| !direction.left_out().contains(row));
    let mut neighbours: Vec<Neighbour> = rows
        .map(|row| {
            let cosine = exact_cosine(vectors, row, direction, from.centre()) as f32;
            Neighbour { row, word: vectors.word(row).into_owned(), cosine }
        })
        .collect();
    neighbours.sort_unstable_by(|a, b| {
        b.cosine.total_cmp(&a.cosine).then_with(|| a.word.cmp(&b.word)).then_with(|| a.row.cmp(&b.row))
    });
    neighbours.truncate(top);
    neighbours
}

#[cfg(test)]
mod tests {
    use wordspace_data::generator;

    use super::*;

    /// `words` vectors of `dimension` small numbers by seed, some of them equal, some zero, one not finite.
    fn vectors(words: usize, dimension: usize) -> WordVectors {
        use chacha20::rand_core::Rng;
        let mut random = generator(7, "vectors", dimension as u64);
        let mut rows: Vec<f32> =
            (0..words * dimension).map(|_| (random.next_u32() as f32 / u32::MAX as f32) - 0.3).collect();
        for row in (20..words).step_by(17) {
            rows.copy_within((row - 20) * dimension..(row - 19) * dimension, row * dimension);
        }
        rows[3 * dimension..4 * dimension].fill(0.0);
        rows[5 * dimension..6 * dimension].iter_mut().for_each(|x| *x *= 1e-25);
        rows[6 * dimension..7 * dimension].iter_mut().for_each(|x| *x *= 1e25);
        rows[8 * dimension] = f32::NAN;
        WordVectors::new((0..words).map(|row| format!("w{}", row * 7919 % words)).collect(), rows, dimension)
    }

    /// The definition: all cosines, sorted.
    fn by_definition(vectors: &WordVectors, from: &Viewpoint, direction: &Direction, top: usize) -> Vec<(String, f32)> {
        let rows = (0..vectors.len() as u32).filter(|row| !direction.left_out().contains(row));
        let cosines =
            rows.map(|row| (vectors.word(row).into_owned(), exact_cosine(vectors, row, direction, from.centre())));
        let mut all: Vec<(String, f32)> =
            cosines.filter(|(_, cosine)| !cosine.is_nan()).map(|(word, cosine)| (word, cosine as f32)).collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(top);
        all
    }

    #[track_caller]
    fn check(words: usize, dimension: usize, queries: usize, top: usize) {
        let vectors = vectors(words, dimension);
        for from in [Viewpoint::origin(&vectors), Viewpoint::mean(&vectors, &|_, _| ())] {
            let rows = (0..words as u32).filter(|row| ![3, 8].contains(row)).take(queries);
            let directions: Vec<Direction> =
                rows.map(|row| Direction::new(&vectors, &from, &[row, 1], &[2]).unwrap()).collect();
            let found = nearest(&vectors, &from, &directions, top, &|_, _| ());
            assert_eq!(found.not_finite, NotFinite { rows: 1, first: Some(8) });
            for (direction, answer) in directions.iter().zip(found.answers) {
                let answer: Vec<(String, f32)> = answer.into_iter().map(|near| (near.word, near.cosine)).collect();
                assert_eq!(answer, by_definition(&vectors, &from, direction, top), "V {words} C {dimension}");
            }
        }
    }

    #[test]
    fn the_answers_are_those_of_the_definition_for_one_direction_and_many() {
        for dimension in [1, 2, 7, 16, 31, 33, 64, 100, 300] {
            check(401, dimension, 1, 10);
            check(401, dimension, 3, 10);
            check(401, dimension, 17, 10);
            check(401, dimension, 64, 10);
            check(401, dimension, 130, 10);
        }
    }

    #[test]
    fn fewer_words_than_asked_for_are_all_there_are() {
        check(9, 5, 1, 100);
        check(9, 5, 4, 100);
        check(9, 5, 1, 1);
        check(200, 3, 1, 199);
    }
}
