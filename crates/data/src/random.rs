//! Counter-based random numbers: a number depends on (seed, purpose, index, position) and not on earlier draws.
//!
//! The generator is ChaCha8, a published cipher: it gives the same numbers on every machine and in every version.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

/// The generator for `purpose` and `index`, for example a step.
///
/// # Panics
///
/// If `purpose` has more than 24 bytes.
pub fn generator(seed: u64, purpose: &str, index: u64) -> ChaCha8Rng {
    assert!(purpose.len() <= 24, "a purpose has at most 24 bytes: {purpose}");
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..8 + purpose.len()].copy_from_slice(purpose.as_bytes());
    let mut generator = ChaCha8Rng::from_seed(key);
    generator.set_stream(index);
    generator
}

/// An integer below `limit`, uniform except for a bias of at most `limit`/2⁶⁴.
pub fn below(generator: &mut ChaCha8Rng, limit: u64) -> u64 {
    ((generator.next_u64() as u128 * limit as u128) >> 64) as u64
}

/// Draws integers below the limit of each call, from the [`generator`] for `purpose` and index 0.
pub fn uniform(seed: u64, purpose: &str) -> impl FnMut(u64) -> u64 + use<> {
    let mut generator = generator(seed, purpose, 0);
    move |limit| below(&mut generator, limit)
}
