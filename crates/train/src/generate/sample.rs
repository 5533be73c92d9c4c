//! Which token comes next: the likeliest, or one by chance.

use std::cmp::Ordering;

use wordspace_data::{below, generator};

use crate::{Error, Result};

/// A random number is one of 2⁵³, as many as 64-bit floats between 0 and 1 are evenly apart.
const FINENESS: u64 = 1 << 53;

/// How a token is chosen from the scores of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// What the scores are divided by before the softmax: 1 takes the model at its word, less makes the likely likelier,
    /// and 0 always takes the likeliest.
    pub temperature: f64,
    /// How many of the likeliest tokens have a chance; all of them if none is given.
    pub top_k: Option<usize>,
    /// Where the random numbers begin.
    pub seed: u64,
}

impl Sampling {
    /// Checks what a user asked for.
    ///
    /// # Errors
    ///
    /// If the temperature is negative or no number, or no token would have a chance.
    pub fn validate(&self) -> Result<()> {
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            let problem = "it must be 0 (always the likeliest token) or above; 1 takes the model at its word";
            return Err(Error::Config(format!("--temperature is {}: {problem}", self.temperature)));
        }
        if self.top_k == Some(0) {
            return Err(Error::Config("--top-k is 0: it must be at least 1, so that one token has a chance".into()));
        }
        Ok(())
    }

    /// The token at place `position` of a text, given the scores of all tokens there; none if they are no numbers.
    ///
    /// Among equal scores the lower id counts as the higher. The random number is a function of seed and place alone.
    pub fn choose(&self, scores: &[f32], position: u64) -> Option<u32> {
        if scores.iter().any(|score| score.is_nan()) {
            return None;
        }
        let order = |a: u32, b: u32| scores[b as usize].partial_cmp(&scores[a as usize]).unwrap_or(Ordering::Equal);
        let likelier = |&a: &u32, &b: &u32| order(a, b).then(a.cmp(&b));
        let mut kept: Vec<u32> = (0..scores.len() as u32).collect();
        let likeliest = kept.iter().copied().min_by(likelier)?;
        let highest = scores[likeliest as usize] as f64;
        if !highest.is_finite() {
            return None;
        }
        if self.temperature == 0.0 {
            return Some(likeliest);
        }
        if let Some(k) = self.top_k.filter(|&k| k < kept.len()) {
            kept.select_nth_unstable_by(k, likelier);
            kept.truncate(k);
            kept.sort_unstable();
        }
        let weight = |&id: &u32| ((scores[id as usize] as f64 - highest) / self.temperature).exp();
        let all: f64 = kept.iter().map(weight).sum();
        let target = all * below(&mut generator(self.seed, "sample", position), FINENESS) as f64 / FINENESS as f64;
        let mut passed = 0.0;
        let chosen = kept.iter().copied().find(|id| {
            passed += weight(id);
            passed > target
        });
        Some(chosen.unwrap_or(likeliest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f32; 5] = [1.0, 3.0, 3.0, -2.0, 2.0];

    fn sampling(temperature: f64, top_k: Option<usize>) -> Sampling {
        Sampling { temperature, top_k, seed: 42 }
    }

    /// How often each token is chosen at 20,000 places.
    fn shares(sampling: Sampling) -> [f64; 5] {
        let mut counts = [0.0; 5];
        (0..20_000).for_each(|place| counts[sampling.choose(&SCORES, place).unwrap() as usize] += 1.0 / 20_000.0);
        counts
    }

    #[test]
    fn without_temperature_it_is_the_likeliest_and_of_equals_the_lower_id() {
        assert_eq!(sampling(0.0, None).choose(&SCORES, 0), Some(1));
        assert_eq!(sampling(0.0, None).choose(&[-0.0, 0.0], 0), Some(0), "both zeros are equal");
        assert_eq!(sampling(1.0, Some(1)).choose(&SCORES, 7), Some(1));
    }

    #[test]
    fn tokens_come_as_often_as_the_softmax_says() {
        for temperature in [0.5, 1.0, 2.0] {
            let weights = SCORES.map(|score| (score as f64 / temperature).exp());
            let all: f64 = weights.iter().sum();
            for (found, weight) in shares(sampling(temperature, None)).iter().zip(weights) {
                assert!((found - weight / all).abs() < 0.015, "{temperature}: {found} instead of {}", weight / all);
            }
        }
    }

    #[test]
    fn only_the_k_likeliest_have_a_chance() {
        let shares = shares(sampling(100.0, Some(3)));
        assert_eq!((shares[0], shares[3]), (0.0, 0.0));
        assert!(shares[1] > 0.3 && shares[2] > 0.3 && shares[4] > 0.3, "{shares:?}");
        assert_eq!(sampling(1.0, Some(99)).choose(&SCORES, 3), sampling(1.0, None).choose(&SCORES, 3));
    }

    #[test]
    fn a_choice_depends_on_seed_and_place_and_on_nothing_else() {
        let at = |seed, place| Sampling { seed, ..sampling(50.0, None) }.choose(&SCORES, place).unwrap();
        let row = |seed| (0..40).map(|place| at(seed, place)).collect::<Vec<_>>();
        assert_eq!(row(1), row(1));
        assert_ne!(row(1), row(2));
        assert_ne!(row(1)[..20], row(1)[20..]);
    }

    #[test]
    fn a_tiny_temperature_overflows_nothing_and_scores_that_are_no_numbers_choose_nothing() {
        assert_eq!(sampling(1e-300, Some(4)).choose(&[1.0, 5.0, 2.0], 0), Some(1));
        assert_eq!(sampling(1.0, None).choose(&[1.0, f32::NAN], 0), None);
        assert_eq!(sampling(0.0, None).choose(&[1.0, f32::INFINITY], 0), None);
        assert_eq!(sampling(0.0, None).choose(&[f32::NEG_INFINITY; 2], 0), None);
        assert_eq!(sampling(1.0, None).choose(&[], 0), None);
    }

    #[test]
    fn what_makes_no_choice_is_refused_by_name() {
        for temperature in [-1.0, f64::NAN, f64::INFINITY] {
            let error = sampling(temperature, None).validate().unwrap_err().to_string();
            assert!(error.contains("--temperature is"), "{error}");
        }
        assert!(sampling(1.0, Some(0)).validate().unwrap_err().to_string().contains("--top-k is 0"));
        assert!(sampling(0.0, Some(1)).validate().is_ok());
    }
}
