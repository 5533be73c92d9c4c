//! The sizes of a model, and what they imply.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How the model knows the position of a token in the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Positions {
    /// A trained table, as in GPT-2.
    #[default]
    Learned,
    /// A fixed table of sines and cosines (Vaswani et al. 2017, section 3.5).
    Sinusoidal,
    /// It does not: the order of the earlier tokens is invisible.
    None,
}

/// The sizes of a model. Defaults are those of the toy run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelConfig {
    /// V: size of the vocabulary.
    pub vocab_size: usize,
    /// The largest T: tokens in a window.
    pub context: usize,
    /// C: elements of a vector.
    pub channels: usize,
    /// H: attention heads; divides C.
    pub heads: usize,
    /// L: blocks. With none, the model is its embedding tables and the last norm.
    pub layers: usize,
    /// Dropout probability while training.
    pub dropout: f64,
    /// Whether the token table is also the head.
    pub tied: bool,
    /// How the model knows positions.
    pub positions: Positions,
    /// Standard deviation of the initial weights. At 0 all of them are equal, and stay so.
    pub init_std: f64,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            vocab_size: 0,
            context: 32,
            channels: 64,
            heads: 4,
            layers: 2,
            dropout: 0.0,
            tied: true,
            positions: Positions::Learned,
            init_std: 0.02,
        }
    }
}

/// A parameter by name and shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterShape {
    /// Its path in the model, which is its name in a Hugging Face checkpoint.
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

impl ParameterShape {
    /// The number of its elements.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

impl ModelConfig {
    /// Checks the configuration as a whole.
    ///
    /// # Errors
    ///
    /// If a size is zero, heads do not divide channels, dropout is no probability, or the model would not fit any memory.
    pub fn validate(&self) -> Result<()> {
        let refuse = |key, found: String, problem: String| Err(Error::Config { key, found, problem });
        for (key, size) in [
            ("the vocabulary", self.vocab_size),
            ("model.context", self.context),
            ("model.channels", self.channels),
            ("model.heads", self.heads),
        ] {
            // Devices count ids, positions and channels in 32 bits.
            if size == 0 || size > i32::MAX as usize {
                return refuse(key, size.to_string(), format!("it must be between 1 and {}", i32::MAX));
            }
        }
        if self.layers > 1000 {
            return refuse("model.layers", self.layers.to_string(), "it must be at most 1000".into());
        }
        if !self.channels.is_multiple_of(self.heads) {
            let problem = format!("it must divide model.channels, {}", self.channels);
            return refuse("model.heads", self.heads.to_string(), problem);
        }
        if self.positions == Positions::Sinusoidal && !self.channels.is_multiple_of(2) {
            let problem = "it must be even for sinusoidal positions: a sine and a cosine for each wave".into();
            return refuse("model.channels", self.channels.to_string(), problem);
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return refuse("model.dropout", self.dropout.to_string(), "it must be at least 0 and below 1".into());
        }
        if !(self.init_std >= 0.0 && self.init_std.is_finite()) {
            return refuse("model.init_std", self.init_std.to_string(), "it must be at least 0".into());
        }
        let counts = self.parameters().into_iter().map(|p| p.shape.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)));
        let total = counts.sum::<Option<usize>>().and_then(|count| count.checked_mul(16));
        if total.is_none_or(|bytes| bytes > isize::MAX as usize) {
            return refuse("model.channels", self.channels.to_string(), "the model would not fit any memory".into());
        }
        Ok(())
    }

    /// Every parameter in the order of the computation.
    pub fn parameters(&self) -> Vec<ParameterShape> {
        let (v, c, l) = (self.vocab_size, self.channels, self.layers);
        let mut all = Vec::new();
        let mut add = |name: String, shape: &[usize]| all.push(ParameterShape { name, shape: shape.to_vec() });
        add("wte.weight".into(), &[v, c]);
        if self.positions != Positions::None {
            add("wpe.weight".into(), &[self.context, c]);
        }
        for layer in 0..l {
            let mut in_block = |part: &str, shape: &[usize]| add(format!("h.{layer}.{part}"), shape);
            in_block("ln_1.weight", &[c]);
            in_block("ln_1.bias", &[c]);
            in_block("attn.c_attn.weight", &[c, 3 * c]);
            in_block("attn.c_attn.bias", &[3 * c]);
            in_block("attn.c_proj.weight", &[c, c]);
            in_block("attn.c_proj.bias", &[c]);
            in_block("ln_2.weight", &[c]);
            in_block("ln_2.bias", &[c]);
            in_block("mlp.c_fc.weight", &[c, 4 * c]);
            in_block("mlp.c_fc.bias", &[4 * c]);
            in_block("mlp.c_proj.weight", &[4 * c, c]);
            in_block("mlp.c_proj.bias", &[c]);
        }
        add("ln_f.weight".into(), &[c]);
        add("ln_f.bias".into(), &[c]);
        if !self.tied {
            add("lm_head.weight".into(), &[v, c]);
        }
        all
    }

    /// The number of parameters of the model.
    pub fn parameter_count(&self) -> usize {
        self.parameters().iter().map(ParameterShape::count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpt2_small() -> ModelConfig {
        ModelConfig { vocab_size: 50_257, context: 1024, channels: 768, heads: 12, layers: 12, ..Default::default() }
    }

    #[test]
    fn gpt2_small_has_its_124_million_parameters() {
        assert_eq!(gpt2_small().parameter_count(), 124_439_808);
    }

    #[track_caller]
    fn refused(config: ModelConfig, expected: &str) {
        let error = config.validate().expect_err("the configuration is wrong").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn contradictory_sizes_are_refused_by_name() {
        let fine = || ModelConfig { vocab_size: 10, ..Default::default() };
        assert!(fine().validate().is_ok());
        refused(ModelConfig { heads: 5, ..fine() }, "model.heads is 5: it must divide model.channels, 64");
        refused(ModelConfig { context: 0, ..fine() }, "model.context is 0");
        refused(ModelConfig { dropout: 1.0, ..fine() }, "model.dropout");
        refused(ModelConfig { init_std: f64::NAN, ..fine() }, "model.init_std");
        refused(ModelConfig { init_std: -0.1, ..fine() }, "model.init_std is -0.1: it must be at least 0");
        assert!(ModelConfig { init_std: 0.0, ..fine() }.validate().is_ok());
        refused(ModelConfig { channels: 2_000_000_000, heads: 1, ..fine() }, "would not fit");
        let odd = ModelConfig { channels: 33, heads: 3, positions: Positions::Sinusoidal, ..fine() };
        refused(odd, "even for sinusoidal");
    }
}
