//! The names and shapes of GPT-2 checkpoints as Hugging Face's `transformers` saves them, to and from tensors in memory.

use burn::tensor::Device;
use serde_json::{Value, json};

use crate::layers::EPSILON;
use crate::parameters::{HostTensor, HostTensors};
use crate::{Error, Gpt, ModelConfig, Positions, Result};

/// `GPT2LMHeadModel` prefixes the names of all parameters but the head with it.
const PREFIX: &str = "transformer.";

/// The `config.json` from which `GPT2LMHeadModel` builds the same model.
pub fn config_to_json(config: &ModelConfig) -> Value {
    json!({
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "vocab_size": config.vocab_size,
        "n_positions": config.context,
        "n_embd": config.channels,
        "n_layer": config.layers,
        "n_head": config.heads,
        "n_inner": null,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": EPSILON,
        "initializer_range": config.init_std,
        "embd_pdrop": config.dropout,
        "attn_pdrop": config.dropout,
        "resid_pdrop": config.dropout,
        "tie_word_embeddings": config.tied,
        "bos_token_id": null,
        "eos_token_id": null,
        "dtype": "float32",
    })
}

/// The configuration in a `config.json`; missing keys have GPT-2's defaults.
///
/// # Errors
///
/// If it describes another architecture, or a GPT-2 that computes something else than [`Gpt`] does.
pub fn config_from_json(json: &Value) -> Result<ModelConfig> {
    let differs = |problem: String| Error::NotGpt2 { problem };
    let number = |key: &str, default: u64| match &json[key] {
        Value::Null => Ok(default as usize),
        value => value.as_u64().map(|n| n as usize).ok_or_else(|| differs(format!("{key} is {value}"))),
    };
    let config = ModelConfig {
        vocab_size: number("vocab_size", 50_257)?,
        context: number("n_positions", 1024)?,
        channels: number("n_embd", 768)?,
        heads: number("n_head", 12)?,
        layers: number("n_layer", 12)?,
        dropout: json["resid_pdrop"].as_f64().unwrap_or(0.1),
        tied: json["tie_word_embeddings"].as_bool().unwrap_or(true),
        positions: Positions::Learned,
        init_std: json["initializer_range"].as_f64().unwrap_or(0.02),
    };
    let inner = json!(4 * config.channels);
    for (key, accepted) in [
        ("model_type", vec![json!("gpt2")]),
        ("activation_function", vec![Value::Null, json!("gelu_new"), json!("gelu_pytorch_tanh")]),
        ("layer_norm_epsilon", vec![Value::Null, json!(EPSILON)]),
        ("n_inner", vec![Value::Null, inner]),
        ("scale_attn_weights", vec![Value::Null, json!(true)]),
        ("scale_attn_by_inverse_layer_idx", vec![Value::Null, json!(false)]),
        ("add_cross_attention", vec![Value::Null, json!(false)]),
    ] {
        if !accepted.contains(&json[key]) {
            let accepted = accepted.iter().map(Value::to_string).collect::<Vec<_>>().join(" or ");
            return Err(differs(format!("{key} is {}, expected {accepted}", json[key])));
        }
    }
    config.validate()?;
    Ok(config)
}

/// The parameters of a run's model under the names of `GPT2LMHeadModel`.
///
/// A model without positions gets a position table of zeros, which adds nothing.
pub fn to_checkpoint(config: &ModelConfig, mut parameters: HostTensors) -> HostTensors {
    if config.positions == Positions::None {
        let values = vec![0.0; config.context * config.channels];
        parameters.insert("wpe.weight".into(), HostTensor { shape: vec![config.context, config.channels], values });
    }
    let named = parameters.into_iter().map(|(name, tensor)| match name.as_str() {
        "lm_head.weight" => (name, tensor),
        _ => (format!("{PREFIX}{name}"), tensor),
    });
    named.collect()
}

/// The model of `config` with the parameters of a checkpoint, whose names may have the prefix `transformer.` or not.
///
/// # Errors
///
/// If a parameter is missing, has another shape, or does not belong to the model.
pub fn from_checkpoint(config: &ModelConfig, checkpoint: HostTensors, device: &Device) -> Result<Gpt> {
    let mut parameters: HostTensors = checkpoint
        .into_iter()
        .filter(|(name, _)| !(is_buffer(name) || config.tied && name == "lm_head.weight"))
        .map(|(name, tensor)| (name.strip_prefix(PREFIX).unwrap_or(&name).to_string(), tensor))
        .collect();
    let model = Gpt::build(config, device, &mut |wanted| {
        let missing = || Error::Missing { name: wanted.name.clone(), shape: wanted.shape.clone() };
        let found = parameters.remove(&wanted.name).ok_or_else(missing)?;
        if found.shape != wanted.shape {
            let (name, expected) = (wanted.name.clone(), wanted.shape.clone());
            return Err(Error::Shape { name, found: found.shape, expected });
        }
        Ok(found.values)
    })?;
    match parameters.into_keys().next() {
        None => Ok(model),
        Some(name) => Err(Error::Unexpected { name }),
    }
}

/// Older checkpoints hold the causal mask of each block among the parameters.
fn is_buffer(name: &str) -> bool {
    name.ends_with(".attn.bias") || name.ends_with(".attn.masked_bias")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters;

    fn config() -> ModelConfig {
        ModelConfig { vocab_size: 11, context: 8, channels: 8, heads: 2, tied: false, ..Default::default() }
    }

    fn checkpoint() -> HostTensors {
        to_checkpoint(&config(), parameters::to_host(&Gpt::init(&config(), 7, &Device::flex()).unwrap()))
    }

    #[track_caller]
    fn refused(checkpoint: HostTensors, expected: &str) {
        let error = from_checkpoint(&config(), checkpoint, &Device::flex()).expect_err("it is wrong").to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_configuration_survives_a_round_trip() {
        assert_eq!(config_from_json(&config_to_json(&config())).unwrap(), config());
    }

    #[test]
    fn a_checkpoint_with_old_mask_buffers_survives_a_round_trip() {
        let mut with_masks = checkpoint();
        with_masks.insert("transformer.h.0.attn.bias".into(), HostTensor { shape: vec![1, 1], values: vec![1.0] });
        let model = from_checkpoint(&config(), with_masks, &Device::flex()).unwrap();
        assert_eq!(to_checkpoint(&config(), parameters::to_host(&model)), checkpoint());
    }

    #[test]
    fn missing_extra_and_misshapen_parameters_are_named() {
        let mut missing = checkpoint();
        missing.remove("transformer.h.1.mlp.c_fc.bias");
        refused(missing, "no parameter h.1.mlp.c_fc.bias; expected one of shape [32]");

        let mut more = checkpoint();
        more.insert("transformer.h.2.ln_1.bias".into(), HostTensor { shape: vec![8], values: vec![0.0; 8] });
        refused(more, "h.2.ln_1.bias that a GPT-2");

        let mut other = checkpoint();
        other.insert("transformer.wte.weight".into(), HostTensor { shape: vec![3, 8], values: vec![0.0; 24] });
        refused(other, "wte.weight has shape [3, 8]; the configuration says [11, 8]");
    }

    #[test]
    fn another_architecture_is_refused_naming_what_differs() {
        for (key, value) in
            [("model_type", json!("llama")), ("activation_function", json!("relu")), ("n_inner", json!(9))]
        {
            let mut json = config_to_json(&config());
            json[key] = value;
            assert!(config_from_json(&json).unwrap_err().to_string().contains(key));
        }
    }
}
