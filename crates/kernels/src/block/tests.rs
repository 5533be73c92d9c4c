use burn::tensor::{Device, Tensor, module};

use super::{BlockWeights, block};
#[cfg(feature = "wgpu")]
use crate::testing::assert_agrees_on;
use crate::testing::{assert_agrees, elements, random};
use crate::{Dropout, add_linear, add_mlp, attention, causal_attention, dropout, gelu, layer_norm, linear};

const HEADS: usize = 2;
const EPSILON: f64 = 1e-5;

/// x, and the weight and bias of each layer.
fn random_inputs(b: usize, t: usize, c: usize) -> [Tensor<2>; 13] {
    let [scale, shift] = [1.0, 0.5].map(|scale| move |size: usize| random([1, size], scale));
    let weight = |from: usize, to: usize| random([from, to], 0.3);
    let x = random([b * t, c], 2.0);
    let attention = [scale(c), shift(c), weight(c, 3 * c), shift(3 * c), weight(c, c), shift(c)];
    let mlp = [scale(c), shift(c), weight(c, 4 * c), shift(4 * c), weight(4 * c, c), shift(c)];
    let all: Vec<_> = [x].into_iter().chain(attention).chain(mlp).collect();
    all.try_into().unwrap()
}

fn with_weights(inputs: [Tensor<2>; 13]) -> (Tensor<2>, BlockWeights) {
    let [x, n_1, m_1, w_1, b_1, w_2, b_2, n_2, m_2, w_3, b_3, w_4, b_4] = inputs;
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
    (x, weights)
}

/// The fused block; of our other operations where there is none.
fn ours(t: usize, dropouts: [Dropout; 3]) -> impl Fn([Tensor<2>; 13]) -> Tensor<2> {
    move |inputs| {
        let (x, weights) = with_weights(inputs.clone());
        if let Some(fused) = block(&x, weights, t, HEADS, EPSILON, dropouts) {
            return fused;
        }
        composed(t, dropouts)(inputs)
    }
}

/// A block of our operations, as the model composes it.
fn composed(t: usize, dropouts: [Dropout; 3]) -> impl Fn([Tensor<2>; 13]) -> Tensor<2> {
    move |inputs| {
        let (x, weights) = with_weights(inputs);
        let qkv = linear(
            layer_norm(x.clone(), weights.ln_1.0, weights.ln_1.1, EPSILON),
            weights.attn_c_attn.0,
            weights.attn_c_attn.1,
        );
        let attended = causal_attention(qkv, t, HEADS, dropouts[0]);
        let x = add_linear(x, attended, weights.attn_c_proj.0, weights.attn_c_proj.1, dropouts[1]);
        let normalized = layer_norm(x.clone(), weights.ln_2.0, weights.ln_2.1, EPSILON);
        add_mlp(x, normalized, weights.mlp_c_fc, weights.mlp_c_proj, dropouts[2])
    }
}

/// A block of burn's operations.
fn reference(t: usize, dropouts: [Dropout; 3]) -> impl Fn([Tensor<2>; 13]) -> Tensor<2> {
    let norm = |x, (weight, bias)| module::layer_norm(x, weight, Some(bias), EPSILON);
    let linear = |x, (weight, bias)| module::linear(x, weight, Some(bias));
    move |inputs| {
        let (x, weights) = with_weights(inputs);
        let qkv = linear(norm(x.clone(), weights.ln_1), weights.attn_c_attn);
        let attended = linear(attention::reference(qkv, t, HEADS, dropouts[0]), weights.attn_c_proj);
        let x = x + dropout::reference(attended, dropouts[1]);
        let activations = gelu::reference(linear(norm(x.clone(), weights.ln_2), weights.mlp_c_fc));
        x + dropout::reference(linear(activations, weights.mlp_c_proj), dropouts[2])
    }
}

fn dropouts() -> [[Dropout; 3]; 2] {
    [[Dropout::NONE; 3], [7, 8, 9].map(|key| Dropout::new(0.2, key))]
}

#[test]
fn agrees_with_the_reference() {
    for (b, t, c) in [(1, 1, 2), (2, 5, 6), (3, 40, 16)] {
        for dropouts in dropouts() {
            assert_agrees(random_inputs(b, t, c), ours(t, dropouts), reference(t, dropouts));
        }
    }
}

#[test]
fn fused_and_composed_forward_passes_have_the_same_bits() {
    for dropouts in dropouts() {
        let inputs = random_inputs(3, 40, 16).map(Tensor::inner);
        let [fused, composed] = [ours(40, dropouts)(inputs.clone()), composed(40, dropouts)(inputs)].map(elements);
        assert!(fused == composed);
    }
}

#[test]
fn frozen_weights_get_no_gradient() {
    let device = Device::flex().autodiff();
    let inputs = random_inputs(2, 5, 6).map(|input| Tensor::<2>::from_data(input.into_data(), &device));
    let gradients = |trained: &[usize]| {
        let inputs: Vec<_> =
            (0..).zip(&inputs).map(|(nth, x)| x.clone().set_require_grad(trained.contains(&nth))).collect();
        let loss = ours(5, [Dropout::NONE; 3])(inputs.clone().try_into().unwrap()).sum();
        let gradients = loss.backward();
        inputs.iter().map(|x| x.grad(&gradients).map(|x| x.into_data())).collect::<Vec<_>>()
    };
    let all = gradients(&(0..13).collect::<Vec<_>>());
    for one in 0..13 {
        for (nth, found) in gradients(&[one]).into_iter().enumerate() {
            assert_eq!(found, if nth == one { all[one].clone() } else { None }, "input {nth} of {one}");
        }
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn composed_on_a_gpu_it_agrees_too() {
    let Some(gpu) = crate::testing::gpu("a block on a GPU") else { return };
    for dropouts in dropouts() {
        assert_agrees_on(&gpu, random_inputs(2, 20, 16), ours(20, dropouts), reference(20, dropouts));
    }
}
