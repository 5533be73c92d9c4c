//! How much memory training takes on the CPU, estimated from the sizes alone, so that a run that does not fit is refused before
//! it takes any.

use wordspace_model::{ModelConfig, ParameterShape};

use crate::config::{Config, DeviceChoice};

/// The program itself: its code, its threads, and the text while it is tokenized.
const PROGRAM: u64 = 136 << 20;

/// The number of logits whose exponentials the loss keeps at a time; more if [`FEWEST_STATES`] hidden states have more.
const LOGITS: u64 = 13 << 20;
const FEWEST_STATES: u64 = 16;

/// Words in memory with their spellings, in the tokenizer and beside the table, per word.
const WORD: u64 = 400;

/// A part of the memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// Its size.
    pub bytes: u64,
    /// How to make it smaller.
    pub advice: &'static str,
    /// Whether it is in the machine's memory when a GPU trains.
    pub is_on_host: bool,
}

/// The memory of a run, part by part. All sums saturate: a size beyond `u64` is larger than any machine.
#[derive(Clone, Debug)]
pub struct Memory {
    /// Its parts.
    pub parts: Vec<Part>,
}

impl Memory {
    /// The memory that training a `model` as `config` says takes on the CPU.
    pub fn of(model: &ModelConfig, config: &Config) -> Self {
        let parameters = sum(model.parameters().iter().map(count));
        let [v, c, t, h, l] = [model.vocab_size, model.channels, model.context, model.heads, model.layers].map(wide);
        let tokens = wide(config.train.batch).saturating_mul(t);
        // The token table has a gradient from either end of the network. With train.accumulate there are two of each gradient for a
        // moment, in memory that the copies for a checkpoint take at other times.
        let both_ends = if config.train.lazy { 0 } else { v.saturating_mul(c) };
        let gradients = parameters.saturating_add(both_ends);

        // Per token a block keeps 16C values until backward, and H pairs for the softmax; backward works on up to 12C more.
        let mut kept = sum([c.saturating_mul(16), h.saturating_mul(2)]).saturating_mul(l);
        if matches!(config.device.name.parse(), Ok(DeviceChoice::Ndarray)) {
            // Unfused: scores of every head and both derivatives of every operation are tensors of their own.
            kept = sum([kept.saturating_mul(3), h.saturating_mul(t).saturating_mul(4).saturating_mul(l)]);
        }
        let activations = sum([kept, c.saturating_mul(16)]).saturating_mul(tokens);
        let logits = v.saturating_mul(tokens).min(LOGITS.max(v.saturating_mul(FEWEST_STATES)));
        let loss = sum([logits, tokens.saturating_mul(c).saturating_mul(2)]);

        let network = "fewer model.channels or model.layers, or a smaller vocabulary";
        let batch = "a smaller train.batch with train.accumulate, or a shorter model.context";
        let part =
            |name, values: u64, advice| Part { name, bytes: values.saturating_mul(4), advice, is_on_host: false };
        let on_host = |part: Part| Part { is_on_host: true, ..part };
        let bytes = sum([PROGRAM, v.saturating_mul(WORD)]);
        let words = Part { name: "program and words", bytes, advice: network, is_on_host: true };
        Self {
            parts: vec![
                part("parameters", parameters, network),
                part("moments", parameters.saturating_mul(2), network),
                part("gradients", gradients, network),
                part("activations", activations, batch),
                part("blocks of the loss", loss, batch),
                on_host(part("copies for a checkpoint", parameters.saturating_mul(3), network)),
                words,
            ],
        }
    }

    /// All parts together, in bytes.
    pub fn total(&self) -> u64 {
        sum(self.parts.iter().map(|part| part.bytes))
    }

    /// The largest part.
    pub fn largest(&self) -> &Part {
        self.parts.iter().max_by_key(|part| part.bytes).expect("there are parts")
    }
}

fn count(parameter: &ParameterShape) -> u64 {
    parameter.shape.iter().fold(1, |product, &size| wide(size).saturating_mul(product))
}

fn sum(values: impl IntoIterator<Item = u64>) -> u64 {
    values.into_iter().fold(0, u64::saturating_add)
}

fn wide(size: usize) -> u64 {
    size as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(model: ModelConfig, config: &Config) -> Memory {
        Memory::of(&model, config)
    }

    #[test]
    fn gpt2_small_takes_several_gigabytes_and_mostly_for_activations() {
        let sizes = ModelConfig { channels: 768, heads: 12, layers: 12, context: 1024, ..Default::default() };
        let model = ModelConfig { vocab_size: 50_257, ..sizes };
        let mut config = Config::default();
        config.train.batch = 12;
        let memory = memory(model, &config);
        assert!((8_000_000_000..20_000_000_000).contains(&memory.total()), "{}", memory.total());
        assert_eq!(memory.largest().name, "activations");
        assert!(memory.largest().advice.contains("train.batch"));
    }

    #[test]
    fn a_million_channels_take_terabytes() {
        let toy = Memory::of(&Config::default().model(1_000), &Config::default());
        assert!(toy.total() < 250_000_000, "{}", toy.total());
        let wide = ModelConfig { vocab_size: 1, channels: 1_000_000, ..Default::default() };
        let memory = Memory::of(&wide, &Config::default());
        assert!(memory.total() > 100_000_000_000_000);
        assert!(memory.largest().advice.contains("model.channels"));
    }

    #[test]
    fn sums_beyond_all_bounds_saturate() {
        let largest = i32::MAX as usize;
        let model = ModelConfig {
            vocab_size: largest,
            channels: largest,
            context: largest,
            layers: 1000,
            ..Default::default()
        };
        let mut config = Config::default();
        (config.train.batch, config.train.accumulate) = (1 << 20, 2);
        assert_eq!(memory(model, &config).total(), u64::MAX);
    }

    #[test]
    fn rows_that_are_read_alone_have_gradients_with_lazy_updates() {
        let model = || ModelConfig { vocab_size: 100_000, tied: false, ..Default::default() };
        let mut config = Config::default();
        let dense = memory(model(), &config).total();
        config.train.lazy = true;
        assert!(memory(model(), &config).total() < dense);
    }
}
