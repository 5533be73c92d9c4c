//! The block on the CPU: the kernels of its layers, one after the other, as one [`Operation`].

use burn::tensor::Tensor;

use super::BlockWeights;
use crate::Dropout;
use crate::attention::cpu::Attention;
use crate::layer_norm::cpu::LayerNorm;
use crate::linear::cpu::{AddLinear, Linear};
use crate::mlp::cpu::AddMlp;
use crate::operation::{Operation, Values, View};

pub fn block(
    x: Tensor<2>,
    weights: BlockWeights,
    t: usize,
    heads: usize,
    epsilon: f64,
    dropouts: [Dropout; 3],
) -> Tensor<2> {
    let BlockWeights { ln_1, attn_c_attn, attn_c_proj, ln_2, mlp_c_fc, mlp_c_proj } = weights;
    let block = Block {
        norm: LayerNorm::new(epsilon),
        attention: Attention { t, heads, dropout: dropouts[0] },
        add_projection: AddLinear(dropouts[1]),
        add_mlp: AddMlp(dropouts[2]),
    };
    let inputs = [
        x.into(),
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
    crate::run(block, inputs)
}

/// The layers; both norms are alike.
#[derive(Clone, Debug)]
struct Block {
    norm: LayerNorm,
    attention: Attention,
    add_projection: AddLinear,
    add_mlp: AddMlp,
}

/// One thing for each input, by name: a view, a gradient, or whether a gradient is wanted. Pairs are weight and bias.
struct Inputs<T> {
    x: T,
    ln_1: [T; 2],
    c_attn: [T; 2],
    c_proj: [T; 2],
    ln_2: [T; 2],
    mlp_fc: [T; 2],
    mlp_proj: [T; 2],
}

impl<T> From<[T; 13]> for Inputs<T> {
    fn from([x, w_1, b_1, w_2, b_2, w_3, b_3, w_4, b_4, w_5, b_5, w_6, b_6]: [T; 13]) -> Self {
        Self {
            x,
            ln_1: [w_1, b_1],
            c_attn: [w_2, b_2],
            c_proj: [w_3, b_3],
            ln_2: [w_4, b_4],
            mlp_fc: [w_5, b_5],
            mlp_proj: [w_6, b_6],
        }
    }
}

impl<T> From<Inputs<T>> for [T; 13] {
    fn from(inputs: Inputs<T>) -> Self {
        let Inputs { x, ln_1, c_attn, c_proj, ln_2, mlp_fc, mlp_proj } = inputs;
        let ([w_1, b_1], [w_2, b_2], [w_3, b_3]) = (ln_1, c_attn, c_proj);
        let ([w_4, b_4], [w_5, b_5], [w_6, b_6]) = (ln_2, mlp_fc, mlp_proj);
        [x, w_1, b_1, w_2, b_2, w_3, b_3, w_4, b_4, w_5, b_5, w_6, b_6]
    }
}

/// What each layer computed, and what it saved.
#[derive(Clone, Debug)]
struct Saved {
    /// norm₁(x), `[N, C]`.
    normalized_x: Values,
    /// `[N, 3C]`.
    qkv: Values,
    attention: <Attention as Operation<1>>::Saved,
    /// `[N, C]`.
    attended: Values,
    /// x with what attention adds, `[N, C]`.
    y: Values,
    /// norm₂(y), `[N, C]`.
    normalized_y: Values,
    mlp: <AddMlp as Operation<6>>::Saved,
}

impl Operation<13> for Block {
    type Saved = Option<Saved>;

    fn forward(&self, inputs: [View<'_>; 13], is_tracked: bool) -> (Values, Option<Saved>) {
        let Inputs { x, ln_1, c_attn, c_proj, ln_2, mlp_fc, mlp_proj } = inputs.into();
        let (normalized_x, ()) = self.norm.forward([x, ln_1[0], ln_1[1]], is_tracked);
        let (qkv, ()) = Linear.forward([normalized_x.view(), c_attn[0], c_attn[1]], is_tracked);
        let (attended, attention) = self.attention.forward([qkv.view()], is_tracked);
        // Drop these before the MLP, the memory peak, unless backward needs them.
        let before = is_tracked.then_some((normalized_x, qkv, attention));
        let (y, ()) = self.add_projection.forward([x, attended.view(), c_proj[0], c_proj[1]], is_tracked);
        let (normalized_y, ()) = self.norm.forward([y.view(), ln_2[0], ln_2[1]], is_tracked);
        let mlp_inputs = [y.view(), normalized_y.view(), mlp_fc[0], mlp_fc[1], mlp_proj[0], mlp_proj[1]];
        let (out, mlp) = self.add_mlp.forward(mlp_inputs, is_tracked);
        let saved = before.map(|(normalized_x, qkv, attention)| Saved {
            normalized_x,
            qkv,
            attention,
            attended,
            y,
            normalized_y,
            mlp,
        });
        (out, saved)
    }

    fn backward(
        &self,
        inputs: [View<'_>; 13],
        saved: Option<Saved>,
        d_out: Values,
        wanted: [bool; 13],
    ) -> [Option<Values>; 13] {
        let Inputs { x, ln_1, c_attn, c_proj, ln_2, mlp_fc, mlp_proj } = inputs.into();
        let wanted = Inputs::from(wanted);
        let saved = saved.expect("a tracked block saves what backward needs");
        let Saved { normalized_x, qkv, attention, attended, y, normalized_y, mlp } = saved;
        let some = |gradient: Option<Values>| gradient.expect("a gradient that was asked for");

        // out = y + dropout(mlp(norm₂(y)))
        let inputs = [y.view(), normalized_y.view(), mlp_fc[0], mlp_fc[1], mlp_proj[0], mlp_proj[1]];
        let ([fc, fc_bias], [proj, proj_bias]) = (wanted.mlp_fc, wanted.mlp_proj);
        let [d_y, d_normalized_y, d_fc, d_fc_bias, d_proj, d_proj_bias] =
            self.add_mlp.backward(inputs, mlp, d_out, [true, true, fc, fc_bias, proj, proj_bias]);
        let [weight, bias] = wanted.ln_2;
        let inputs = [y.view(), ln_2[0], ln_2[1]];
        let [d_y, d_weight, d_bias] =
            self.norm.backward_onto(some(d_y), inputs, (), some(d_normalized_y), [true, weight, bias]);
        let (d_ln_2, d_mlp_fc, d_mlp_proj) = ([d_weight, d_bias], [d_fc, d_fc_bias], [d_proj, d_proj_bias]);

        // y = x + dropout(attention(norm₁(x) · W + b) · W + b)
        let [weight, bias] = wanted.c_proj;
        let inputs = [x, attended.view(), c_proj[0], c_proj[1]];
        let [d_x, d_attended, d_weight, d_bias] =
            self.add_projection.backward(inputs, (), some(d_y), [true, true, weight, bias]);
        let d_c_proj = [d_weight, d_bias];
        let [d_qkv] = self.attention.backward([qkv.view()], attention, some(d_attended), [true]);
        let [weight, bias] = wanted.c_attn;
        let inputs = [normalized_x.view(), c_attn[0], c_attn[1]];
        let [d_normalized_x, d_weight, d_bias] = Linear.backward(inputs, (), some(d_qkv), [true, weight, bias]);
        let d_c_attn = [d_weight, d_bias];
        let [weight, bias] = wanted.ln_1;
        let inputs = [x, ln_1[0], ln_1[1]];
        let [d_x, d_weight, d_bias] =
            self.norm.backward_onto(some(d_x), inputs, (), some(d_normalized_x), [true, weight, bias]);
        let d_ln_1 = [d_weight, d_bias];

        Inputs {
            x: d_x,
            ln_1: d_ln_1,
            c_attn: d_c_attn,
            c_proj: d_c_proj,
            ln_2: d_ln_2,
            mlp_fc: d_mlp_fc,
            mlp_proj: d_mlp_proj,
        }
        .into()
    }
}
