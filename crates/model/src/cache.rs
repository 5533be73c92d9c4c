//! The key-value cache of generation: the next token costs one position instead of the whole text.

use burn::tensor::Tensor;

/// The keys and values of every block for the positions seen so far (Pope et al. 2022, section 3.3).
///
/// A position is computed from itself and earlier ones, so its keys and values stay valid when more follow. They do not
/// when the window slides: every token then has another position, and another position vector is added to it. A sliding
/// window begins with an empty cache.
#[derive(Debug, Default)]
pub struct Cache {
    layers: Vec<KeysValues>,
    len: usize,
}

impl Cache {
    /// How many tokens have been seen: the position of the next one.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no token has been seen.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Makes the cache expect `t` more positions in each of `layers` blocks; returns the first of these positions.
    pub(crate) fn extend(&mut self, layers: usize, t: usize) -> usize {
        self.layers.resize_with(layers, KeysValues::default);
        self.len += t;
        self.len - t
    }

    /// The keys and values of one block.
    pub(crate) fn layer(&mut self, layer: usize) -> &mut KeysValues {
        &mut self.layers[layer]
    }
}

/// The keys and the values of one block, `[B, H, P, C/H]` each for P positions; none at first.
#[derive(Debug, Default)]
pub(crate) struct KeysValues(Option<[Tensor<4>; 2]>);

impl KeysValues {
    /// All keys and values, those of the new positions last.
    ///
    /// # Shapes
    ///
    /// - `keys`, `values`: `[B, H, T, C/H]`
    /// - output: `[B, H, P + T, C/H]` each
    pub(crate) fn append(&mut self, keys: Tensor<4>, values: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let (keys, values) = match self.0.take() {
            None => (keys, values),
            Some([earlier_keys, earlier_values]) => {
                (Tensor::cat(vec![earlier_keys, keys], 2), Tensor::cat(vec![earlier_values, values], 2))
            }
        };
        self.0 = Some([keys.clone(), values.clone()]);
        (keys, values)
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Int, TensorData};

    use super::*;
    use crate::{Gpt, ModelConfig, Positions};

    const TOKENS: [i32; 9] = [3, 1, 4, 1, 5, 9, 2, 6, 5];

    fn ids(tokens: &[i32]) -> Tensor<2, Int> {
        Tensor::from_data(TensorData::new(tokens.to_vec(), [1, tokens.len()]), &Device::flex())
    }

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_into_vec().unwrap()
    }

    /// The logits after `tokens` without a cache.
    fn uncached(model: &Gpt, tokens: &[i32]) -> Vec<f32> {
        let all = values(model.logits(ids(tokens)));
        all[all.len() - 11..].to_vec()
    }

    #[track_caller]
    fn assert_near(found: &[f32], expected: &[f32], what: &str) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-5, "{what}: {found} instead of {expected}");
        }
    }

    fn highest(scores: &[f32]) -> usize {
        (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap()
    }

    fn models() -> Vec<Gpt> {
        let sizes =
            ModelConfig { vocab_size: 11, context: 9, channels: 8, heads: 2, init_std: 0.3, ..Default::default() };
        let variants = [
            sizes.clone(),
            ModelConfig { tied: false, layers: 3, ..sizes.clone() },
            ModelConfig { positions: Positions::Sinusoidal, ..sizes.clone() },
            ModelConfig { positions: Positions::None, ..sizes.clone() },
            ModelConfig { layers: 0, ..sizes },
        ];
        variants.iter().map(|config| Gpt::init(config, 7, &Device::flex()).unwrap()).collect()
    }

    #[test]
    fn token_by_token_the_logits_are_those_of_the_whole_prefix() {
        for model in models() {
            let mut cache = Cache::default();
            for end in 1..=TOKENS.len() {
                let found = values(model.next_logits(ids(&TOKENS[end - 1..end]), &mut cache));
                let expected = uncached(&model, &TOKENS[..end]);
                assert_near(&found, &expected, &format!("{end} tokens"));
                assert_eq!(highest(&found), highest(&expected));
                assert_eq!(cache.len(), end);
            }
        }
    }

    #[test]
    fn in_parts_of_any_length_the_logits_are_those_of_the_whole_prefix() {
        for model in models() {
            for first in 1..TOKENS.len() {
                let mut cache = Cache::default();
                model.next_logits(ids(&TOKENS[..first]), &mut cache);
                let found = values(model.next_logits(ids(&TOKENS[first..]), &mut cache));
                assert_near(&found, &uncached(&model, &TOKENS), &format!("{first} tokens, then the rest"));
            }
        }
    }

    #[test]
    fn rows_of_a_batch_do_not_see_each_other() {
        let model = &models()[0];
        let both = Tensor::cat(vec![ids(&TOKENS[..4]), ids(&TOKENS[4..8])], 0);
        let (mut cache, last) = (Cache::default(), ids(&TOKENS[8..]).repeat_dim(0, 2));
        model.next_logits(both, &mut cache);
        let found = values(model.next_logits(last, &mut cache));
        assert_near(&found[..11], &uncached(model, &[&TOKENS[..4], &TOKENS[8..]].concat()), "the first row");
        assert_near(&found[11..], &uncached(model, &TOKENS[4..]), "the second row");
    }
}
