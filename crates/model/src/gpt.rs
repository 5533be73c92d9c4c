//! The whole network.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use wordspace_kernels::{Dropout, Ids, Rows, dropout};

use crate::block::{Attention, Block, Mlp};
use crate::cache::Cache;
use crate::embedding::{PositionEmbedding, TokenEmbedding};
use crate::init::initial_values;
use crate::layers::{LayerNorm, Linear};
use crate::{ModelConfig, ParameterShape, Positions, Result};

/// GPT-2: two embedding tables, L blocks, a last norm, and a head, which is the token table again unless it is untied.
#[derive(Module, Debug)]
pub struct Gpt {
    /// The token table, `[V, C]`.
    pub wte: TokenEmbedding,
    /// The position table, `[context, C]`; absent in a model without positions.
    pub wpe: Option<PositionEmbedding>,
    /// The blocks.
    pub h: Vec<Block>,
    /// The last norm.
    pub ln_f: LayerNorm,
    /// The head, `[V, C]`, if it is untied.
    pub lm_head: Option<TokenEmbedding>,
    #[module(skip)]
    dropout: f64,
}

impl Gpt {
    /// A model with random initial values, a function of `config` and `seed` alone.
    ///
    /// # Errors
    ///
    /// If `config` is not [valid](ModelConfig::validate).
    pub fn init(config: &ModelConfig, seed: u64, device: &Device) -> Result<Self> {
        Self::build(config, device, &mut |parameter| Ok(initial_values(config, parameter, seed)))
    }

    /// A model whose values come from `values`, which is called once for each of [`ModelConfig::parameters`], in order.
    ///
    /// # Errors
    ///
    /// If `config` is not valid, or the first error of `values`.
    pub fn build(
        config: &ModelConfig,
        device: &Device,
        values: &mut dyn FnMut(&ParameterShape) -> Result<Vec<f32>>,
    ) -> Result<Self> {
        config.validate()?;
        let mut source = Source { shapes: config.parameters().into_iter(), device, values };
        let wte = TokenEmbedding { weight: source.take()? };
        let wpe = match config.positions {
            Positions::None => None,
            Positions::Learned => Some(PositionEmbedding { weight: source.take()? }),
            Positions::Sinusoidal => Some(PositionEmbedding { weight: source.take()?.set_require_grad(false) }),
        };
        let h = (0..config.layers).map(|_| source.block(config)).collect::<Result<_>>()?;
        let ln_f = source.layer_norm()?;
        let lm_head = if config.tied { None } else { Some(TokenEmbedding { weight: source.take()? }) };
        Ok(Self { wte, wpe, h, ln_f, lm_head, dropout: config.dropout })
    }

    /// The logits: the score of every token as the next one, at every position.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[B, T]`, each below V
    /// - output: `[N, V]`
    pub fn logits(&self, ids: impl Into<Ids>) -> Tensor<2> {
        self.head().logits(self.hidden(ids))
    }

    /// The mean cross-entropy of the next tokens, in nats.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[B, T]`, each below V
    /// - `targets`: `[B, T]`, each below V
    /// - output: `[1]`
    pub fn loss(&self, ids: impl Into<Ids>, targets: impl Into<Ids>) -> Tensor<1> {
        self.loss_with(ids.into(), targets.into(), Dropout::NONE)
    }

    /// The [loss](Self::loss) to train on, with the configured dropout, whose mask is a function of `key`.
    pub fn training_loss(&self, ids: impl Into<Ids>, targets: impl Into<Ids>, key: u64) -> Tensor<1> {
        self.loss_with(ids.into(), targets.into(), Dropout::new(self.dropout, key))
    }

    fn loss_with(&self, ids: Ids, targets: Ids, mask: Dropout) -> Tensor<1> {
        let hidden = self.ln_f.forward(self.forward(ids, None, mask));
        self.head().loss(hidden, targets.tensor().flatten(0, 1))
    }

    /// The hidden state of every position, after the last norm.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[B, T]`, each below V
    /// - output: `[N, C]`
    pub fn hidden(&self, ids: impl Into<Ids>) -> Tensor<2> {
        self.ln_f.forward(self.forward(ids.into(), None, Dropout::NONE))
    }

    /// The logits after the last of `ids` alone, which follow the tokens that `cache` has seen; it then has seen these too.
    /// Equal to the last rows of [`Self::logits`] of the whole text up to rounding, at the cost of the new tokens.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[B, T]`, each below V; T and the cache's length come to no more than the context
    /// - output: `[B, V]`
    pub fn next_logits(&self, ids: impl Into<Ids>, cache: &mut Cache) -> Tensor<2> {
        let ids = ids.into();
        let [b, t] = ids.dims();
        let x = self.forward(ids, Some(cache), Dropout::NONE);
        let c = x.dims()[1];
        let last = x.reshape([b, t, c]).narrow(1, t - 1, 1).reshape([b, c]); // [B, C]
        self.head().logits(self.ln_f.forward(last))
    }

    /// The residual stream after the last block: `[N, C]`. Training and generation share it; only generation has a cache.
    fn forward(&self, ids: Ids, mut cache: Option<&mut Cache>, mask: Dropout) -> Tensor<2> {
        let [_, t] = ids.dims();
        let first = cache.as_mut().map_or(0, |cache| cache.extend(self.h.len(), t));
        let positions = self.wpe.as_ref().map(|wpe| wpe.forward(first, t)); // [at least T, C]
        let mut x = dropout(self.wte.forward(ids, positions), mask.at(0)); // [N, C], token plus position
        for (layer, block) in self.h.iter().enumerate() {
            let cache = cache.as_mut().map(|cache| cache.layer(layer));
            x = block.forward(x, t, cache, mask.at(layer + 1));
        }
        x
    }

    /// The same network with a token table of `rows` alone; the ids it is then given count among these rows. A gradient in
    /// the small table is the gradient in the rows that are read. The head must be untied.
    pub fn with_rows(&self, rows: &Rows) -> Self {
        let table = self.wte.weight.val();
        let taken = Tensor::from_inner(rows.gather(table.inner())).require_grad(); // [U, C]
        Self { wte: TokenEmbedding { weight: Param::from_tensor(taken) }, ..self.clone() }
    }

    fn head(&self) -> &TokenEmbedding {
        self.lm_head.as_ref().unwrap_or(&self.wte)
    }
}

/// Makes the parameters of a model in the order of [`ModelConfig::parameters`].
struct Source<'a> {
    shapes: std::vec::IntoIter<ParameterShape>,
    device: &'a Device,
    values: &'a mut dyn FnMut(&ParameterShape) -> Result<Vec<f32>>,
}

impl Source<'_> {
    fn take<const D: usize>(&mut self) -> Result<Param<Tensor<D>>> {
        let parameter = self.shapes.next().expect("a model has the parameters that its configuration lists");
        let data = TensorData::new((self.values)(&parameter)?, parameter.shape);
        Ok(Param::from_tensor(Tensor::from_data(data, self.device)))
    }

    fn block(&mut self, config: &ModelConfig) -> Result<Block> {
        let heads = config.heads;
        Ok(Block {
            ln_1: self.layer_norm()?,
            attn: Attention { c_attn: self.linear()?, c_proj: self.linear()?, heads },
            ln_2: self.layer_norm()?,
            mlp: Mlp { c_fc: self.linear()?, c_proj: self.linear()? },
        })
    }

    fn layer_norm(&mut self) -> Result<LayerNorm> {
        Ok(LayerNorm { weight: self.take()?, bias: self.take()? })
    }

    fn linear(&mut self) -> Result<Linear> {
        Ok(Linear { weight: self.take()?, bias: self.take()? })
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Int;

    use super::*;
    use crate::parameters;

    fn model(config: ModelConfig) -> Gpt {
        Gpt::init(&ModelConfig { vocab_size: 11, context: 8, channels: 8, heads: 2, ..config }, 7, &Device::flex())
            .unwrap()
    }

    fn ids(rows: [[i32; 5]; 2]) -> Tensor<2, Int> {
        Tensor::from_ints(rows, &Device::flex())
    }

    fn logits(model: &Gpt, rows: [[i32; 5]; 2]) -> Vec<f32> {
        model.logits(ids(rows)).into_data().try_into_vec().unwrap()
    }

    #[test]
    fn a_position_sees_itself_and_the_past_but_never_the_future() {
        let model = model(ModelConfig::default());
        let before = logits(&model, [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]);
        let after = logits(&model, [[1, 2, 3, 4, 0], [0, 7, 8, 9, 10]]);
        let position = |n: usize| n * 11..(n + 1) * 11;
        for n in 0..4 {
            assert_eq!(before[position(n)], after[position(n)], "position {n} saw a later token");
        }
        for n in 4..10 {
            assert_ne!(before[position(n)], after[position(n)], "position {n} did not see a token that changed");
        }
    }

    #[test]
    fn without_blocks_a_position_depends_on_its_own_token_alone() {
        let model = model(ModelConfig { layers: 0, ..Default::default() });
        let (a, b) = (logits(&model, [[1; 5], [2; 5]]), logits(&model, [[9, 9, 1, 9, 9], [2; 5]]));
        assert_eq!(a[2 * 11..3 * 11], b[2 * 11..3 * 11]);
    }

    #[test]
    fn word_order_is_invisible_without_positions_and_visible_with_them() {
        // The last position of "dog bites man" and "man bites dog": one token itself, the same two before it.
        let last = |positions| {
            let model = model(ModelConfig { positions, layers: 1, init_std: 0.2, ..Default::default() });
            let all = logits(&model, [[1, 2, 3, 0, 0], [2, 1, 3, 0, 0]]);
            (all[2 * 11..3 * 11].to_vec(), all[7 * 11..8 * 11].to_vec())
        };
        let (a, b) = last(Positions::None);
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-6), "{a:?} {b:?}");
        for positions in [Positions::Learned, Positions::Sinusoidal] {
            let (a, b) = last(positions);
            assert!(a.iter().zip(&b).any(|(a, b)| (a - b).abs() > 1e-6), "{positions:?}");
        }
    }

    #[test]
    fn a_model_has_the_parameters_that_its_configuration_lists() {
        for config in [
            ModelConfig::default(),
            ModelConfig { tied: false, positions: Positions::None, layers: 3, ..Default::default() },
            ModelConfig { positions: Positions::Sinusoidal, layers: 0, ..Default::default() },
        ] {
            let config = ModelConfig { vocab_size: 11, context: 8, channels: 8, heads: 2, ..config };
            let model = Gpt::init(&config, 7, &Device::flex()).unwrap();
            let found: Vec<_> = parameters::shapes(&model);
            assert_eq!(found, config.parameters());
        }
    }

    #[test]
    fn the_dropout_mask_depends_on_the_key_and_only_training_has_one() {
        let model = model(ModelConfig { dropout: 0.2, ..Default::default() });
        let (ids, targets) = (|| ids([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]), || ids([[2, 3, 4, 5, 6], [7, 8, 9, 10, 0]]));
        let trained = |key| model.training_loss(ids(), targets(), key).into_scalar::<f32>();
        let loss = || model.loss(ids(), targets()).into_scalar::<f32>();
        assert_eq!((trained(1), loss()), (trained(1), loss()));
        assert!(trained(1) != trained(2) && trained(1) != loss());
    }

    #[test]
    fn rows_alone_have_the_gradient_that_the_whole_table_has_in_them() {
        let config =
            ModelConfig { vocab_size: 11, context: 8, channels: 8, heads: 2, tied: false, ..Default::default() };
        let model = Gpt::init(&config, 7, &Device::flex().autodiff()).unwrap();
        let rows = Rows::from_ids([9, 2, 4]);
        let gradient = |model: &Gpt, ids: [i32; 4]| -> Vec<f32> {
            let tensor = |ids| Tensor::<2, Int>::from_ints([ids], &Device::flex().autodiff());
            let gradients = model.loss(tensor(ids), tensor([2, 9, 9, 5])).backward();
            model.wte.weight.val().grad(&gradients).unwrap().into_data().try_into_vec().unwrap()
        };
        let of_table = gradient(&model, [9, 2, 9, 4]);
        let of_rows = gradient(&model.with_rows(&rows), [2, 0, 2, 1]);
        assert_eq!(of_rows, [2, 4, 9].map(|id| of_table[id * 8..][..8].to_vec()).concat());
    }

    /// The fused block and the two lines it stands for, with and without dropout.
    #[test]
    fn a_fused_block_is_the_block_in_value_and_gradient() {
        let config =
            ModelConfig { vocab_size: 11, context: 8, channels: 8, heads: 2, init_std: 0.3, ..Default::default() };
        let model = Gpt::init(&config, 7, &Device::flex().autodiff()).unwrap();
        let random = |seed: f32| -> Vec<f32> { (0..10 * 8).map(|i| (i as f32 * seed).sin()).collect() };
        let tensor = |values| Tensor::<2>::from_data(TensorData::new(values, [10, 8]), &Device::flex().autodiff());
        for mask in [Dropout::NONE, Dropout::new(0.3, 5)] {
            let results = |block: fn(&Block, Tensor<2>, Dropout) -> Tensor<2>| {
                let x = tensor(random(1.3)).require_grad();
                let out = block(&model.h[1], x.clone(), mask);
                let gradients = (out.clone() * tensor(random(0.7))).sum().backward();
                let weight = model.h[1].attn.c_attn.weight.val().grad(&gradients).unwrap();
                [out.inner(), x.grad(&gradients).unwrap(), weight].map(|t| t.into_data().try_into_vec::<f32>().unwrap())
            };
            let fused = results(|block, x, mask| block.forward(x, 5, None, mask)).concat();
            let unfused = results(|block, x, mask| block.unfused(x, 5, None, mask)).concat();
            assert_eq!(fused.len(), unfused.len());
            for (fused, unfused) in fused.iter().zip(&unfused) {
                assert!((fused - unfused).abs() < 1e-5, "{fused} instead of {unfused}");
            }
        }
    }

    #[test]
    fn parameters_survive_the_way_to_the_host_and_back() {
        let config = ModelConfig { vocab_size: 11, context: 8, channels: 8, heads: 2, ..Default::default() };
        let model = Gpt::init(&config, 7, &Device::flex()).unwrap();
        let taken = parameters::to_host(&model);
        let again = Gpt::build(&config, &Device::flex(), &mut |p| Ok(taken[&p.name].values.clone())).unwrap();
        assert_eq!(
            logits(&model, [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]),
            logits(&again, [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]])
        );
    }
}
