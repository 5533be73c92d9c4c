//! Chooses the next token: the likeliest, or a random one.

use std::cmp::Ordering;

use wordspace_data::{below, generator};

use crate::{Error, Result};

/// Random numbers in [0, 1) are multiples of 2⁻⁵³, which 64-bit floats hold exactly.
const RESOLUTION: u64 = 1 << 53;

/// How the next token is chosen from the logits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// The logits are divided by it before the softmax: 1 samples the model's own distribution, less makes likely tokens
    /// likelier, 0 always takes the likeliest.
    pub temperature: f64,
    /// Sample only among this many of the likeliest tokens; `None` samples among all.
    pub top_k: Option<usize>,
    /// The seed of the random numbers.
    pub seed: u64,
}

impl Sampling {
    /// Checks the values.
    ///
    /// # Errors
    ///
    /// If the temperature is negative or not finite, or `top_k` is 0.
    pub fn validate(&self) -> Result<()> {
        if !(self.temperature >= 0.0 && self.temperature.is_finite()) {
            let problem = "it must be 0 (always the likeliest token) or above; 1 samples the model's own distribution";
            return Err(Error::Generate(format!("the temperature is {}: {problem}", self.temperature)));
        }
        if self.top_k == Some(0) {
            return Err(Error::Generate("top-k is 0: it must be at least 1".into()));
        }
        Ok(())
    }

    /// The token at `position` of a text, given its logits, `[V]`; `None` if they are not finite.
    ///
    /// Of equal logits the one with the lower id counts as higher. The random number is a function of seed and position.
    pub fn choose(&self, logits: &[f32], position: u64) -> Option<u32> {
        if logits.iter().any(|logit| logit.is_nan()) {
            return None;
        }
        let order = |a: u32, b: u32| logits[b as usize].partial_cmp(&logits[a as usize]).unwrap_or(Ordering::Equal);
        let likelier = |&a: &u32, &b: &u32| order(a, b).then(a.cmp(&b));
        let mut kept: Vec<u32> = (0..logits.len() as u32).collect();
        let likeliest = kept.iter().copied().min_by(likelier)?;
        let highest = logits[likeliest as usize] as f64;
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
        let weight = |&id: &u32| ((logits[id as usize] as f64 - highest) / self.temperature).exp();
        let all: f64 = kept.iter().map(weight).sum();
        let target = all * below(&mut generator(self.seed, "sample", position), RESOLUTION) as f64 / RESOLUTION as f64;
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

    const LOGITS: [f32; 5] = [1.0, 3.0, 3.0, -2.0, 2.0];

    fn sampling(temperature: f64, top_k: Option<usize>) -> Sampling {
        Sampling { temperature, top_k, seed: 42 }
    }

    /// How often each token is chosen at 20,000 positions.
    fn shares(sampling: Sampling) -> [f64; 5] {
        let mut counts = [0.0; 5];
        (0..20_000).for_each(|position| counts[sampling.choose(&LOGITS, position).unwrap() as usize] += 1.0 / 20_000.0);
        counts
    }

    #[test]
    fn temperature_0_takes_the_likeliest_and_the_lower_id_of_equals() {
        assert_eq!(sampling(0.0, None).choose(&LOGITS, 0), Some(1));
        assert_eq!(sampling(0.0, None).choose(&[-0.0, 0.0], 0), Some(0), "both zeros are equal");
        assert_eq!(sampling(1.0, Some(1)).choose(&LOGITS, 7), Some(1));
    }

    #[test]
    fn tokens_are_drawn_with_the_probabilities_of_the_softmax() {
        for temperature in [0.5, 1.0, 2.0] {
            let weights = LOGITS.map(|logit| (logit as f64 / temperature).exp());
            let all: f64 = weights.iter().sum();
            for (found, weight) in shares(sampling(temperature, None)).iter().zip(weights) {
                assert!((found - weight / all).abs() < 0.015, "{temperature}: {found} instead of {}", weight / all);
            }
        }
    }

    #[test]
    fn top_k_draws_only_the_k_likeliest() {
        let shares = shares(sampling(100.0, Some(3)));
        assert_eq!((shares[0], shares[3]), (0.0, 0.0));
        assert!(shares[1] > 0.3 && shares[2] > 0.3 && shares[4] > 0.3, "{shares:?}");
        assert_eq!(sampling(1.0, Some(99)).choose(&LOGITS, 3), sampling(1.0, None).choose(&LOGITS, 3));
    }

    #[test]
    fn a_choice_depends_on_seed_and_position_alone() {
        let at = |seed, position| Sampling { seed, ..sampling(50.0, None) }.choose(&LOGITS, position).unwrap();
        let row = |seed| (0..40).map(|position| at(seed, position)).collect::<Vec<_>>();
        assert_eq!(row(1), row(1));
        assert_ne!(row(1), row(2));
        assert_ne!(row(1)[..20], row(1)[20..]);
    }

    #[test]
    fn a_tiny_temperature_does_not_overflow() {
        assert_eq!(sampling(1e-300, Some(4)).choose(&[1.0, 5.0, 2.0], 0), Some(1));
    }

    #[test]
    fn logits_that_are_not_finite_choose_nothing() {
        assert_eq!(sampling(1.0, None).choose(&[1.0, f32::NAN], 0), None);
        assert_eq!(sampling(0.0, None).choose(&[1.0, f32::INFINITY], 0), None);
        assert_eq!(sampling(0.0, None).choose(&[f32::NEG_INFINITY; 2], 0), None);
        assert_eq!(sampling(1.0, None).choose(&[], 0), None);
    }

    #[test]
    fn invalid_options_are_refused_by_name() {
        for temperature in [-1.0, f64::NAN, f64::INFINITY] {
            let error = sampling(temperature, None).validate().unwrap_err().to_string();
            assert!(error.contains("the temperature is"), "{error}");
        }
        assert!(sampling(1.0, Some(0)).validate().unwrap_err().to_string().contains("top-k is 0"));
        assert!(sampling(0.0, Some(1)).validate().is_ok());
    }
}
