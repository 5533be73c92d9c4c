//! AdamW over all parameters of a model, with GPT-2's two groups.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use wordspace_kernels::{AdamW, Moments, Rows};
use wordspace_model::parameters::{HostTensor, HostTensors};
use wordspace_model::{Gpt, ModelConfig, ParameterShape};

use crate::Result;
use crate::config::TrainConfig;
use crate::gradients::StepGradient;
use crate::schedule::learning_rate;

/// The two moments of each parameter, flat, in the order of the parameters; `None` before a parameter's first update.
pub struct Optimizer {
    moments: Vec<Option<Moments>>,
}

impl Optimizer {
    /// The optimizer of a model before its first update.
    pub fn new(config: &ModelConfig) -> Self {
        Self { moments: vec![None; config.parameters().len()] }
    }

    /// `model` after update `step`, from 1, with `gradient * scale`; `scale` is `[1]`.
    ///
    /// Weight decay applies to matrices and tables, not to biases and norms (nanoGPT's `configure_optimizers`). If the
    /// gradient of the token table covers only some rows, only these are updated (see [`AdamW::update_rows`]).
    pub fn update(
        &mut self,
        model: Gpt,
        gradient: StepGradient,
        scale: Tensor<1>,
        config: &TrainConfig,
        step: u64,
    ) -> Gpt {
        let adamw = AdamW {
            learning_rate: learning_rate(config, step),
            beta1: config.beta1,
            beta2: config.beta2,
            epsilon: config.epsilon,
            weight_decay: config.weight_decay,
            step,
        };
        let next = gradient.of_parameters.into_iter().zip(&mut self.moments);
        model.map(&mut Updater { adamw, scale, next, rows: gradient.token_rows })
    }

    /// The moments by name: `first.` or `second.` followed by the parameter's name.
    pub fn to_host(&self, config: &ModelConfig) -> HostTensors {
        let mut all = HostTensors::new();
        for (parameter, moments) in config.parameters().into_iter().zip(&self.moments) {
            let Some(moments) = moments else { continue };
            for (which, tensor) in [("first", &moments.first), ("second", &moments.second)] {
                let values = tensor.to_data().try_into_vec().expect("moments are f32");
                all.insert(
                    format!("{which}.{}", parameter.name),
                    HostTensor { shape: parameter.shape.clone(), values },
                );
            }
        }
        all
    }

    /// The optimizer with the moments that [`Self::to_host`] returned.
    ///
    /// # Errors
    ///
    /// If the shape of a moment differs from that of its parameter, or one of the two moments is missing.
    pub fn from_host(config: &ModelConfig, mut moments: HostTensors, device: &Device) -> Result<Self> {
        let mut take = |which: &str, parameter: &ParameterShape| {
            let name = format!("{which}.{}", parameter.name);
            match moments.remove(&name) {
                Some(HostTensor { shape, .. }) if shape != parameter.shape => {
                    Err(wordspace_model::Error::Shape { name, found: shape, expected: parameter.shape.clone() })
                }
                Some(HostTensor { values, .. }) => Ok(Some(TensorData::new(values, [parameter.count()]))),
                None => Ok(None),
            }
        };
        let mut all = Vec::new();
        for parameter in config.parameters() {
            let tensor = |data| Tensor::from_data(data, device);
            all.push(match (take("first", &parameter)?, take("second", &parameter)?) {
                (Some(first), Some(second)) => Some(Moments { first: tensor(first), second: tensor(second) }),
                (None, None) => None,
                _ => {
                    let (name, shape) = (format!("(moments).{}", parameter.name), parameter.shape);
                    return Err(wordspace_model::Error::Missing { name, shape }.into());
                }
            });
        }
        Ok(Self { moments: all })
    }
}

struct Updater<I> {
    adamw: AdamW,
    scale: Tensor<1>,
    next: I,
    /// The rows of the next parameter that are updated, if not all.
    rows: Option<Rows>,
}

impl<'a, I: Iterator<Item = (Option<Tensor<1>>, &'a mut Option<Moments>)>> ModuleMapper for Updater<I> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (gradient, moments) = self.next.next().expect("a gradient or none for every parameter");
        let Some(gradient) = gradient else { return parameter };
        let (id, tensor, mapper) = parameter.consume();
        let shape = tensor.shape();
        let flat: Tensor<1> = tensor.inner().flatten(0, D - 1);

        let adamw = AdamW { weight_decay: if D == 1 { 0.0 } else { self.adamw.weight_decay }, ..self.adamw };
        let before = moments.take().unwrap_or_else(|| Moments::zeros_like(&flat));
        let (flat, after) = match self.rows.take() {
            None => adamw.update(flat, gradient, self.scale.clone(), before),
            Some(rows) => adamw.update_rows(flat, &rows, gradient, self.scale.clone(), before),
        };
        *moments = Some(after);

        let tensor: Tensor<D> = flat.reshape(shape);
        Param::from_mapped_value(id, Tensor::from_inner(tensor).require_grad(), mapper)
    }
}
