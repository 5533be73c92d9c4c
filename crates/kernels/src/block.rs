//! A block of the network (Radford et al. 2019): attention, then the feed-forward half, each of a norm of the stream that it is
//! added to.
//!
//! ```text
//! y = x + drop(attention(norm₁(x) · W + b) · W + b)          out = y + drop(mlp(norm₂(y)))
//! ```
//!
//! On the processor it is one node of burn's graph and not six, which burn would set up and look for on one thread while the others
//! wait, and what comes past a norm is added where its gradient is written: an update of a small model on two threads takes 2 % less.
//! All is computed by the parts.

use burn::tensor::Tensor;

use crate::attention::causal_attention;
use crate::{Dropout, add_linear, add_mlp, layer_norm, linear};

/// Of every layer of a block the weight and the bias, as [`layer_norm`], [`linear`] and [`add_mlp`] take them, under the names that
/// GPT-2 gives them.
pub struct BlockWeights {
    /// `[C]`, `[C]`.
    pub ln_1: (Tensor<1>, Tensor<1>),
    /// Queries, keys and values: `[C, 3C]`, `[3C]`.
    pub attn_c_attn: (Tensor<2>, Tensor<1>),
    /// `[C, C]`, `[C]`.
    pub attn_c_proj: (Tensor<2>, Tensor<1>),
    /// `[C]`, `[C]`.
    pub ln_2: (Tensor<1>, Tensor<1>),
    /// `[C, F]`, `[F]`.
    pub mlp_c_fc: (Tensor<2>, Tensor<1>),
    /// `[F, C]`, `[C]`.
    pub mlp_c_proj: (Tensor<2>, Tensor<1>),
}

/// The stream after a block.
///
/// # Shapes
///
/// - `stream`, output: `[N, C]`
/// - `mask`: `[1, 1, T, T]`, zero where a place may look, which is at itself and all before it, and far below zero elsewhere
/// - `dropped`: of the softmax, as if it were `[B, H, T, T]`, and of what each half adds to the stream
pub fn block(
    stream: Tensor<2>,
    weights: BlockWeights,
    mask: Tensor<4>,
    heads: usize,
    epsilon: f64,
    dropped: [Dropout; 3],
) -> Tensor<2> {
    let BlockWeights { ln_1, attn_c_attn, attn_c_proj, ln_2, mlp_c_fc, mlp_c_proj } = weights;
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&stream) {
        let operation = cpu::Block::new(mask.dims()[2], heads, epsilon, dropped);
        let inputs = [
            stream.into(),
            ln_1.0.into(),
            ln_1.1.into(),
            attn_c_attn.0.into(),
            attn_c_attn.1.into(),
            attn_c_proj.0.into(),
            attn_c_proj.1.into(),
            ln_2.0.into(),
            ln_2.1.into(),
            mlp_c_fc.0.into(),
            mlp_c_fc.1.into(),
            mlp_c_proj.0.into(),
            mlp_c_proj.1.into(),
        ];
        return crate::operation::run(operation, inputs);
    }
    let normal = layer_norm(stream.clone(), ln_1.0, ln_1.1, epsilon);
    let mixed = causal_attention(linear(normal, attn_c_attn.0, attn_c_attn.1), mask, heads, dropped[0]);
    let between = add_linear(stream, mixed, attn_c_proj.0, attn_c_proj.1, dropped[1]);
    let normal = layer_norm(between.clone(), ln_2.0, ln_2.1, epsilon);
    add_mlp(between, normal, mlp_c_fc, mlp_c_proj, dropped[2])
}

#[cfg(feature = "flex")]
mod cpu {
    use crate::Dropout;
    use crate::attention::cpu::Attention;
    use crate::layer_norm::cpu::LayerNorm;
    use crate::linear::cpu::{AddLinear, Linear};
    use crate::mlp::cpu::AddMlp;
    use crate::operation::{Operation, Values, View};

    // Of the inputs n and m are a norm's weight and bias, w and b a layer's.

    /// The parts in their order; the norms are alike.
    #[derive(Clone, Debug)]
    pub struct Block {
        norm: LayerNorm,
        attention: Attention,
        add_mixed: AddLinear,
        add_mlp: AddMlp,
    }

    /// What the parts made, each of what is before it.
    #[derive(Clone, Debug)]
    pub struct Saved {
        normal: Values,
        qkv: Values,
        attention: <Attention as Operation<1>>::Saved,
        mixed: Values,
        between: Values,
        normal_between: Values,
        mlp: <AddMlp as Operation<6>>::Saved,
    }

    impl Block {
        pub fn new(t: usize, heads: usize, epsilon: f64, dropped: [Dropout; 3]) -> Self {
            Self {
                norm: LayerNorm { epsilon: epsilon as f32 },
                attention: Attention { t, heads, dropped: dropped[0] },
                add_mixed: AddLinear(dropped[1]),
                add_mlp: AddMlp(dropped[2]),
            }
        }
    }

    impl Operation<13> for Block {
        type Saved = Option<Saved>;

        fn forward(&self, inputs: [View<'_>; 13], is_tracked: bool) -> (Values, Self::Saved) {
            let [stream, n_1, m_1, w_1, b_1, w_2, b_2, n_2, m_2, w_3, b_3, w_4, b_4] = inputs;
            let (normal, ()) = self.norm.forward([stream, n_1, m_1], is_tracked);
            let (qkv, ()) = Linear.forward([normal.view(), w_1, b_1], is_tracked);
            let (mixed, attention) = self.attention.forward([qkv.view()], is_tracked);
            // Let go of before the widest part, unless it is needed for the gradient.
            let first = is_tracked.then_some((normal, qkv, attention));
            let (between, ()) = self.add_mixed.forward([stream, mixed.view(), w_2, b_2], is_tracked);
            let (normal_between, ()) = self.norm.forward([between.view(), n_2, m_2], is_tracked);
            let of_mlp = [between.view(), normal_between.view(), w_3, b_3, w_4, b_4];
            let (out, mlp) = self.add_mlp.forward(of_mlp, is_tracked);
            let saved = first.map(|(normal, qkv, attention)| Saved {
                normal,
                qkv,
                attention,
                mixed,
                between,
                normal_between,
                mlp,
            });
            (out, saved)
        }

        fn backward(
            &self,
            inputs: [View<'_>; 13],
            saved: Self::Saved,
            d_out: Values,
            wanted: [bool; 13],
        ) -> [Option<Values>; 13] {
            let [stream, n_1, m_1, w_1, b_1, w_2, b_2, n_2, m_2, w_3, b_3, w_4, b_4] = inputs;
            let Saved { normal, qkv, attention, mixed, between, normal_between, mlp } =
                saved.expect("a tracked one keeps them");
            let wants = |first: usize| [true, wanted[first], wanted[first + 1]];
            let found = |gradient: Option<Values>| gradient.expect("a gradient that is wanted");

            let of_mlp = [between.view(), normal_between.view(), w_3, b_3, w_4, b_4];
            let wants_of_mlp = [true, true, wanted[9], wanted[10], wanted[11], wanted[12]];
            let [d_out, d_normal, d_w_3, d_b_3, d_w_4, d_b_4] = self.add_mlp.backward(of_mlp, mlp, d_out, wants_of_mlp);
            let of_norm = [between.view(), n_2, m_2];
            let [d_between, d_n_2, d_m_2] =
                self.norm.backward_onto(found(d_out), of_norm, (), found(d_normal), wants(7));

            let of_mixed = [stream, mixed.view(), w_2, b_2];
            let wants_of_mixed = [true, true, wanted[5], wanted[6]];
            let [d_stream, d_mixed, d_w_2, d_b_2] =
                self.add_mixed.backward(of_mixed, (), found(d_between), wants_of_mixed);
            let [d_qkv] = self.attention.backward([qkv.view()], attention, found(d_mixed), [true]);
            let [d_normal, d_w_1, d_b_1] = Linear.backward([normal.view(), w_1, b_1], (), found(d_qkv), wants(3));
            let of_norm = [stream, n_1, m_1];
            let [d_stream, d_n_1, d_m_1] =
                self.norm.backward_onto(found(d_stream), of_norm, (), found(d_normal), wants(1));
            [d_stream, d_n_1, d_m_1, d_w_1, d_b_1, d_w_2, d_b_2, d_n_2, d_m_2, d_w_3, d_b_3, d_w_4, d_b_4]
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, module};

    use super::*;
    #[cfg(feature = "wgpu")]
    use crate::oracle::agrees_on;
    use crate::oracle::{agrees, random};

    const EPSILON: f64 = 1e-5;

    fn given(b: usize, t: usize, c: usize) -> [Tensor<2>; 13] {
        let [norm, bias] = [1.0, 0.5].map(|scale| move |size: usize| random([1, size], scale));
        let layer = |from: usize, to: usize| random([from, to], 0.3);
        let stream = random([b * t, c], 2.0);
        let attention = [norm(c), bias(c), layer(c, 3 * c), bias(3 * c), layer(c, c), bias(c)];
        let mlp = [norm(c), bias(c), layer(c, 4 * c), bias(4 * c), layer(4 * c, c), bias(c)];
        let all: Vec<_> = [stream].into_iter().chain(attention).chain(mlp).collect();
        all.try_into().unwrap()
    }

    /// The stream and the weights.
    fn weights(inputs: [Tensor<2>; 13]) -> (Tensor<2>, BlockWeights) {
        let [stream, n_1, m_1, w_1, b_1, w_2, b_2, n_2, m_2, w_3, b_3, w_4, b_4] = inputs;
        let norm = |weight: Tensor<2>, bias: Tensor<2>| (weight.flatten(0, 1), bias.flatten(0, 1));
        let layer = |weight: Tensor<2>, bias: Tensor<2>| (weight, bias.flatten(0, 1));
        let weights = BlockWeights {
            ln_1: norm(n_1, m_1),
            attn_c_attn: layer(w_1, b_1),
            attn_c_proj: layer(w_2, b_2),
            ln_2: norm(n_2, m_2),
            mlp_c_fc: layer(w_3, b_3),
            mlp_c_proj: layer(w_4, b_4),
        };
        (stream, weights)
    }

    fn mask(t: usize, device: &Device) -> Tensor<4> {
        let ones = Tensor::<2>::ones([t, t], device);
        ((ones.tril(0) - 1.0) * 1e9).reshape([1, 1, t, t])
    }

    fn ours(t: usize, dropped: [Dropout; 3]) -> impl Fn([Tensor<2>; 13]) -> Tensor<2> {
        move |inputs| {
            let (stream, weights) = weights(inputs);
            let mask = mask(t, &stream.device());
            block(stream, weights, mask, 2, EPSILON, dropped)
        }
    }

    fn stock(t: usize, dropped: [Dropout; 3]) -> impl Fn([Tensor<2>; 13]) -> Tensor<2> {
        let norm = |x, (weight, bias)| module::layer_norm(x, weight, Some(bias), EPSILON);
        let linear = |x, (weight, bias)| module::linear(x, weight, Some(bias));
        move |inputs| {
            let (x, weights) = weights(inputs);
            let mask = mask(t, &x.device());
            let qkv = linear(norm(x.clone(), weights.ln_1), weights.attn_c_attn);
            let mixed = linear(crate::attention::stock(qkv, mask, 2, dropped[0]), weights.attn_c_proj);
            let x = x + crate::dropout::stock(mixed, dropped[1]);
            let activations = crate::gelu::stock(linear(norm(x.clone(), weights.ln_2), weights.mlp_c_fc));
            x + crate::dropout::stock(linear(activations, weights.mlp_c_proj), dropped[2])
        }
    }

    fn dropped() -> [[Dropout; 3]; 2] {
        [[Dropout::NONE; 3], [7, 8, 9].map(|key| Dropout::new(0.2, key))]
    }

    #[test]
    fn it_is_its_definition_in_value_and_gradient() {
        for (b, t, c) in [(1, 1, 2), (2, 5, 6), (3, 40, 16)] {
            for dropped in dropped() {
                agrees(given(b, t, c), ours(t, dropped), stock(t, dropped));
            }
        }
    }

    #[test]
    fn weights_that_nobody_trains_are_passed_by() {
        let device = Device::flex().autodiff();
        let inputs = given(2, 5, 6).map(|input| Tensor::<2>::from_data(input.into_data(), &device));
        let gradient = |trained: &[usize]| {
            let inputs: Vec<_> =
                (0..).zip(&inputs).map(|(nth, x)| x.clone().set_require_grad(trained.contains(&nth))).collect();
            let loss = ours(5, [Dropout::NONE; 3])(inputs.clone().try_into().unwrap()).sum();
            let gradients = loss.backward();
            inputs.iter().map(|x| x.grad(&gradients).map(|x| x.into_data())).collect::<Vec<_>>()
        };
        let all = gradient(&(0..13).collect::<Vec<_>>());
        for one in 0..13 {
            let found = gradient(&[one]);
            for (nth, found) in found.into_iter().enumerate() {
                assert_eq!(found, if nth == one { all[one].clone() } else { None }, "input {nth} of {one}");
            }
        }
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too() {
        let Some(gpu) = crate::oracle::gpu("a block on a GPU") else { return };
        for dropped in dropped() {
            agrees_on(&gpu, given(2, 20, 16), ours(20, dropped), stock(20, dropped));
        }
    }
}
