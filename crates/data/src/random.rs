//! Random numbers by counter: a number is a function of (seed, purpose, index, position), never of what was drawn before.
//!
//! The generator is ChaCha with eight rounds, a published cipher: the same numbers on every machine and in every version.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

/// The generator for `purpose` (up to 24 bytes) and `index`, a step for example.
pub fn generator(seed: u64, purpose: &str, index: u64) -> ChaCha8Rng {
    assert!(purpose.len() <= 24, "a purpose has at most 24 bytes: {purpose}");
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..8 + purpose.len()].copy_from_slice(purpose.as_bytes());
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(index);
    generator
}

/// A whole number below `limit`, uniform but for a bias of at most `limit`/2⁶⁴.
pub fn below(generator: &mut ChaCha8Rng, limit: u64) -> u64 {
    ((generator.next_u64() as u128 * limit as u128) >> 64) as u64
}
