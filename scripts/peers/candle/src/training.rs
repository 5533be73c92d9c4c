//! Updates of a GPT-2 from given weights and batches.

use std::collections::HashMap;

use candle_core::backprop::GradStore;
use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::loss::cross_entropy;
use candle_nn::ops::{layer_norm_slow, softmax};
use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use serde::Deserialize;
use serde_json::Value;

use crate::Work;

#[derive(Deserialize)]
struct Request {
    /// A safetensors file with every weight by its name, and `batches.ids` and `batches.targets`, `[batches, B, T]`.
    file: String,
    model: Sizes,
    train: Train,
}

#[derive(Deserialize)]
struct Sizes {
    context: usize,
    channels: usize,
    heads: usize,
    layers: usize,
}

#[derive(Deserialize)]
struct Train {
    learning_rate: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    weight_decay: f64,
    clip: f64,
}

/// Opens updates that cycle through the batches and return the loss of each.
pub fn open(request: &Value) -> Result<Work> {
    let Request { file, model: sizes, train } = Request::deserialize(request).map_err(candle_core::Error::wrap)?;
    let mut tensors = candle_core::safetensors::load(file, &Device::Cpu)?;
    // Ids are stored as floats, which represent them exactly.
    let mut batches = |name: &str| tensors.remove(name).expect("the file holds batches").to_dtype(DType::U32);
    let (ids, targets) = (batches("batches.ids")?, batches("batches.targets")?);
    let gpt = Gpt::new(sizes, &tensors)?;
    let mut optimizers = optimizers(&gpt, &train)?;
    let mut done = 0;
    Ok(Box::new(move |times| {
        let update = |_| {
            let batch = done % ids.dim(0)?;
            done += 1;
            let loss = gpt.loss(&ids.get(batch)?, &targets.get(batch)?)?;
            let mut gradients = loss.backward()?;
            clip(&gpt, &mut gradients, train.clip)?;
            optimizers.iter_mut().try_for_each(|optimizer| optimizer.step(&gradients))?;
            Ok(loss.detach())
        };
        (0..times).map(update).collect()
    }))
}

/// Weight decay applies to matrices only, and candle's AdamW has one value of it, so there are two optimizers.
fn optimizers(gpt: &Gpt, train: &Train) -> Result<[AdamW; 2]> {
    let (matrices, vectors) = gpt.parameters.values().cloned().partition::<Vec<_>, _>(|var| var.rank() >= 2);
    let of = |weight_decay| ParamsAdamW {
        lr: train.learning_rate,
        beta1: train.beta1,
        beta2: train.beta2,
        eps: train.epsilon,
        weight_decay,
    };
    Ok([AdamW::new(matrices, of(train.weight_decay))?, AdamW::new(vectors, of(0.0))?])
}

/// Clips the global norm of the gradients to `max_norm`.
fn clip(gpt: &Gpt, gradients: &mut GradStore, max_norm: f64) -> Result<()> {
    let mut squares = 0.0;
    for var in gpt.parameters.values() {
        squares +=
            gradients.get(var).expect("every parameter has a gradient").sqr()?.sum_all()?.to_scalar::<f32>()? as f64;
    }
    let scale = max_norm / (squares.sqrt() + 1e-6);
    if scale < 1.0 {
        for var in gpt.parameters.values() {
            let gradient = gradients.remove(var).expect("every parameter has a gradient");
            gradients.insert(var, (gradient * scale)?);
        }
    }
    Ok(())
}

struct Gpt {
    sizes: Sizes,
    /// By their names in the file; matrices are `[in, out]`.
    parameters: HashMap<String, Var>,
    /// The causal mask, `[T, T]`: 0 up to the own position, minus infinity after it.
    mask: Tensor,
}

impl Gpt {
    fn new(sizes: Sizes, tensors: &HashMap<String, Tensor>) -> Result<Self> {
        let parameters = tensors.iter().map(|(name, tensor)| Ok((name.clone(), Var::from_tensor(tensor)?)));
        let parameters = parameters.collect::<Result<_>>()?;
        let t = sizes.context;
        let mask: Vec<f32> = (0..t * t).map(|at| if at % t > at / t { f32::NEG_INFINITY } else { 0.0 }).collect();
        Ok(Self { parameters, mask: Tensor::from_vec(mask, (t, t), &Device::Cpu)?, sizes })
    }

    /// The mean loss of `targets`; both are `[B, T]`.
    fn loss(&self, ids: &Tensor, targets: &Tensor) -> Result<Tensor> {
        let (b, t) = ids.dims2()?;
        let c = self.sizes.channels;
        let tokens = self.p("wte.weight").embedding(&ids.flatten_all()?)?.reshape((b, t, c))?;
        let x = tokens.broadcast_add(self.p("wpe.weight"))?.reshape((b * t, c))?;
        let x = (0..self.sizes.layers).try_fold(x, |x, n| self.block(&x, &format!("h.{n}"), b))?;
        let logits = self.norm(&x, "ln_f")?.matmul(&self.p("wte.weight").t()?)?;
        cross_entropy(&logits, &targets.flatten_all()?)
    }

    /// `x` is `[B T, C]`.
    fn block(&self, x: &Tensor, name: &str, b: usize) -> Result<Tensor> {
        let mixed = self.attention(&self.norm(x, &format!("{name}.ln_1"))?, name, b)?;
        let x = (x + self.linear(&mixed, &format!("{name}.attn.c_proj"))?)?;
        let hidden = self.linear(&self.norm(&x, &format!("{name}.ln_2"))?, &format!("{name}.mlp.c_fc"))?.gelu()?;
        x + self.linear(&hidden, &format!("{name}.mlp.c_proj"))?
    }

    fn attention(&self, x: &Tensor, name: &str, b: usize) -> Result<Tensor> {
        let Sizes { context: t, channels: c, heads, .. } = self.sizes;
        let qkv = self.linear(x, &format!("{name}.attn.c_attn"))?.reshape((b, t, 3, heads, c / heads))?;
        let part = |nth: usize| qkv.narrow(2, nth, 1)?.squeeze(2)?.transpose(1, 2)?.contiguous();
        let (q, k, v) = (part(0)?, part(1)?, part(2)?);
        let scores = (q.matmul(&k.t()?)? * (1.0 / ((c / heads) as f64).sqrt()))?.broadcast_add(&self.mask)?;
        softmax(&scores, D::Minus1)?.matmul(&v)?.transpose(1, 2)?.reshape((b * t, c))
    }

    /// candle's faster layer norm has no backward pass.
    fn norm(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        layer_norm_slow(x, self.p(&format!("{name}.weight")), self.p(&format!("{name}.bias")), 1e-5)
    }

    fn linear(&self, x: &Tensor, name: &str) -> Result<Tensor> {
        x.matmul(self.p(&format!("{name}.weight")))?.broadcast_add(self.p(&format!("{name}.bias")))
    }

    fn p(&self, name: &str) -> &Tensor {
        self.parameters.get(name).unwrap_or_else(|| panic!("{name} is missing"))
    }
}
