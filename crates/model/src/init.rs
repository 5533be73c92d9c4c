//! All initial values, drawn on the host by counter: a value is a function of (seed, parameter name, index). Every backend
//! starts from the same bits, and adding a parameter does not change the values of the others.
//!
//! GPT-2's distributions: weights and tables N(0, `init_std`), 0.02 by default; the two projections into the residual
//! stream are narrower by 1/√(2L), because 2L of them are summed (Radford et al. 2019, section 2.3); biases 0, norms 1.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

use crate::{ModelConfig, ParameterShape, Positions};

/// The initial values of `parameter`.
pub fn initial_values(config: &ModelConfig, parameter: &ParameterShape, seed: u64) -> Vec<f32> {
    let count = parameter.count();
    let name = parameter.name.as_str();
    match name {
        "wpe.weight" if config.positions == Positions::Sinusoidal => {
            sinusoids(config.context, config.channels, config.init_std)
        }
        _ if name.ends_with(".bias") => vec![0.0; count],
        _ if parameter.shape.len() == 1 => vec![1.0; count],
        _ if name.ends_with("c_proj.weight") => {
            normal(seed, name, count, config.init_std / (2.0 * config.layers as f64).sqrt())
        }
        _ => normal(seed, name, count, config.init_std),
    }
}

/// `count` values from N(0, `std`), by the Box–Muller transform in double precision. Logarithm, sine and cosine come from
/// the `libm` crate, which gives the same bits on every machine.
fn normal(seed: u64, name: &str, count: usize, std: f64) -> Vec<f32> {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..22].copy_from_slice(b"initial values");
    let mut random = ChaCha8Rng::from_seed(key);
    random.set_stream(fnv1a(name));

    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        let radius = std * libm::sqrt(-2.0 * libm::log((random.next_u32() as f64 + 1.0) / 4_294_967_296.0));
        let angle = std::f64::consts::TAU * random.next_u32() as f64 / 4_294_967_296.0;
        values.push((radius * libm::cos(angle)) as f32);
        values.push((radius * libm::sin(angle)) as f32);
    }
    values.truncate(count);
    values
}

/// Row t holds sin(t / 10000^(2i/C)) at 2i and the cosine beside it (Vaswani et al. 2017, section 3.5), scaled to the
/// standard deviation of the token table (that paper scales its token vectors up instead).
fn sinusoids(context: usize, channels: usize, std: f64) -> Vec<f32> {
    let scale = std * std::f64::consts::SQRT_2;
    let wave = |t: usize, c: usize| {
        let angle = t as f64 / libm::pow(10_000.0, (c / 2 * 2) as f64 / channels as f64);
        (scale * if c.is_multiple_of(2) { libm::sin(angle) } else { libm::cos(angle) }) as f32
    };
    (0..context).flat_map(|t| (0..channels).map(move |c| wave(t, c))).collect()
}

/// The 64-bit FNV-1a hash.
fn fnv1a(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ byte as u64).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(config: &ModelConfig, name: &str, seed: u64) -> Vec<f32> {
        let parameter = config.parameters().into_iter().find(|p| p.name == name).expect("the parameter exists");
        initial_values(config, &parameter, seed)
    }

    fn config() -> ModelConfig {
        ModelConfig { vocab_size: 500, layers: 8, ..Default::default() }
    }

    fn std(values: &[f32]) -> f64 {
        (values.iter().map(|&x| (x as f64).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn weights_have_the_standard_deviations_of_gpt2() {
        let config = config();
        for (name, expected) in [
            ("wte.weight", 0.02),
            ("h.3.attn.c_attn.weight", 0.02),
            ("h.3.attn.c_proj.weight", 0.005),
            ("h.3.mlp.c_proj.weight", 0.005),
        ] {
            let found = std(&values(&config, name, 1));
            assert!((found / expected - 1.0).abs() < 0.05, "{name}: {found}");
        }
        assert!(values(&config, "h.0.ln_1.weight", 1).iter().all(|&x| x == 1.0));
        assert!(values(&config, "h.0.mlp.c_fc.bias", 1).iter().all(|&x| x == 0.0));
    }

    #[test]
    fn a_value_depends_on_seed_and_name_and_on_nothing_else() {
        let wide = ModelConfig { vocab_size: 700, layers: 8, tied: false, ..Default::default() };
        let (a, b) = (values(&config(), "wte.weight", 1), values(&wide, "wte.weight", 1));
        assert_eq!(a, b[..a.len()]);
        assert_ne!(a, values(&config(), "wte.weight", 2));
        assert_ne!(values(&wide, "lm_head.weight", 1), b);
    }

    #[test]
    fn the_first_values_of_seed_42_never_change() {
        // A change here changes what a seed means, and with it every saved run.
        let first = &values(&config(), "wte.weight", 42)[..4];
        assert_eq!(first, THE_FIRST_OF_SEED_42, "{first:?}");
    }

    const THE_FIRST_OF_SEED_42: [f32; 4] = [-0.007808186, 0.016109433, 0.0045091133, -0.01098899];

    #[test]
    fn sinusoids_start_at_zero_and_one_and_slow_down_to_the_right() {
        let config = ModelConfig { positions: Positions::Sinusoidal, init_std: 0.5_f64.sqrt(), ..config() };
        let table = values(&config, "wpe.weight", 1);
        assert_eq!(table[..4], [0.0, 1.0, 0.0, 1.0]);
        assert!((table[64] - 1_f32.sin()).abs() < 1e-7);
        assert!(table[64 + 62] < 0.001);
    }

    #[test]
    fn sinusoids_have_the_standard_deviation_of_the_tokens() {
        let config = ModelConfig { positions: Positions::Sinusoidal, ..config() };
        assert!((std(&values(&config, "wpe.weight", 1)) / 0.02 - 1.0).abs() < 0.05);
    }
}
