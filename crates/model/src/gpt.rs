//! The whole network.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};
use wordspace_kernels::{Dropout, Ids, Rows, dropout};

use crate::cache::Cache;
use crate::embedding::{PositionEmbedding, TokenEmbedding, embed};
use crate::init::initial_values;
use crate::{Attention, Block, LayerNorm, Linear, Mlp, ModelConfig, ParameterShape, Positions, Result};

/// GPT-2: two tables, L blocks, a last norm, and a head that is the token table again unless it is untied.
#[derive(Module, Debug)]
pub struct Gpt {
    /// The token table, `[V, C]`.
    pub wte: TokenEmbedding,
    /// The position table, `[largest T, C]`, unless positions are not told.
    pub wpe: Option<PositionEmbedding>,
    /// The blocks.
    pub h: Vec<Block>,
    /// The last norm.
    pub ln_f: LayerNorm,
    /// The head, `[V, C]`, if it is not the token table.
    pub lm_head: Option<TokenEmbedding>,
    #[module(skip)]
    dropout: f64,
}

impl Gpt {
    /// A model with its initial values, which are a function of `config` and `seed` alone.
    ///
    /// # Errors
    ///
    /// If `config` is not [valid](ModelConfig::validate).
    pub fn init(config: &ModelConfig, seed: u64, device: &Device) -> Result<Self> {
        Self::build(config, device, &mut |parameter| Ok(initial_values(config, parameter, seed)))
    }

    /// A model whose numbers come from `values`, which is asked for each of [`ModelConfig::parameters`] once.
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

    /// What the network makes of each place, after the last norm.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[B, T]`, each below V
    /// - output: `[N, C]`
    pub fn hidden(&self, ids: impl Into<Ids>) -> Tensor<2> {
        self.hidden_with(ids.into(), Dropout::NONE)
    }

    fn hidden_with(&self, ids: Ids, dropped: Dropout) -> Tensor<2> {
        let [_, t] = ids.dims();
        let embedded = embed(&self.wte, self.wpe.as_ref(), 0, ids);
        let mut stream = dropout(embedded, dropped.at(0));
        for (nth, block) in (1..).zip(&self.h) {
            stream = block.forward(stream, t, dropped.at(nth));
        }
        self.ln_f.forward(stream)
    }

    /// The score of every token at every place.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[B, T]`, each below V
    /// - output: `[N, V]`
    pub fn logits(&self, ids: impl Into<Ids>) -> Tensor<2> {
        self.head().logits(self.hidden(ids))
    }

    /// The score of every token after the last of `ids`, which follow those that `cache` has seen; it then has seen these
    /// too. Equal to the last places of [`Self::logits`] of all of them, up to rounding, at the cost of the new ones alone.
    ///
    /// # Shapes
    ///
    /// - `ids`: `[B, T]`, each below V; T and what the cache has seen come to no more than the context
    /// - output: `[B, V]`
    pub fn next_logits(&self, ids: impl Into<Ids>, cache: &mut Cache) -> Tensor<2> {
        let ids = ids.into();
        let [b, t] = ids.dims();
        let stream = embed(&self.wte, self.wpe.as_ref(), cache.len(), ids);
        let blocks = self.h.iter().zip(cache.extend(self.h.len(), t));
        let stream = blocks.fold(stream, |stream, (block, earlier)| block.forward_after(stream, t, earlier));
        let c = stream.dims()[1];
        let last = stream.reshape([b, t, c]).narrow(1, t - 1, 1).reshape([b, c]);
        self.head().logits(self.ln_f.forward(last))
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

    /// The [loss](Self::loss) to train on: the share that the configuration says is dropped, chosen by `key`.
    pub fn training_loss(&self, ids: impl Into<Ids>, targets: impl Into<Ids>, key: u64) -> Tensor<1> {
        self.loss_with(ids.into(), targets.into(), Dropout::new(self.dropout, key))
    }

    fn loss_with(&self, ids: Ids, targets: Ids, dropped: Dropout) -> Tensor<1> {
        self.head().loss(self.hidden_with(ids, dropped), targets.tensor().flatten(0, 1))
    }

    /// The same network with a token table of `rows` alone, in whose place each id is counted among them: its gradient is that
    /// in the rows that are read. The head must be a table of its own.
    pub fn reading(&self, rows: &Rows) -> Self {
        let table = self.wte.weight.val();
        let taken = Tensor::from_inner(rows.gather(table.inner())).require_grad(); // [U, C]
        Self { wte: TokenEmbedding { weight: Param::from_tensor(taken) }, ..self.clone() }
    }

    fn head(&self) -> &TokenEmbedding {
        self.lm_head.as_ref().unwrap_or(&self.wte)
    }
}

/// Hands out the parameters of a model in the order of [`ModelConfig::parameters`].
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
    fn a_place_sees_itself_and_the_past_but_never_the_future() {
        let model = model(ModelConfig::default());
        let before = logits(&model, [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]);
        let after = logits(&model, [[1, 2, 3, 4, 0], [0, 7, 8, 9, 10]]);
        let place = |n: usize| n * 11..(n + 1) * 11;
        for n in 0..4 {
            assert_eq!(before[place(n)], after[place(n)], "place {n} saw a later token");
        }
        for n in 4..10 {
            assert_ne!(before[place(n)], after[place(n)], "place {n} did not see a token that changed");
        }
    }

    #[test]
    fn without_blocks_a_place_depends_on_its_own_token_alone() {
        let model = model(ModelConfig { layers: 0, ..Default::default() });
        let (a, b) = (logits(&model, [[1; 5], [2; 5]]), logits(&model, [[9, 9, 1, 9, 9], [2; 5]]));
        assert_eq!(a[2 * 11..3 * 11], b[2 * 11..3 * 11]);
    }

    #[test]
    fn without_positions_the_order_of_the_past_is_invisible_and_with_them_it_is_not() {
        // The last place of "dog bites man" and "man bites dog": one token itself, the same two before it.
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
    fn the_parameters_of_a_model_are_those_its_configuration_lists() {
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
    fn what_is_dropped_depends_on_the_key_and_only_training_drops() {
        let model = model(ModelConfig { dropout: 0.2, ..Default::default() });
        let (ids, targets) = (|| ids([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]), || ids([[2, 3, 4, 5, 6], [7, 8, 9, 10, 0]]));
        let trained = |key| model.training_loss(ids(), targets(), key).into_scalar::<f32>();
        let loss = || model.loss(ids(), targets()).into_scalar::<f32>();
        assert_eq!((trained(1), loss()), (trained(1), loss()));
        assert!(trained(1) != trained(2) && trained(1) != loss());
    }

    #[test]
    fn the_rows_that_are_read_have_the_gradient_that_the_table_has_in_them() {
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
        let of_rows = gradient(&model.reading(&rows), [2, 0, 2, 1]);
        assert_eq!(of_rows, [2, 4, 9].map(|id| of_table[id * 8..][..8].to_vec()).concat());
    }

    #[test]
    fn what_is_taken_out_can_be_put_back() {
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
