//! A model goes on with a text as transformers lets it, token by token.

mod harness;

use ::wordspace::data::{read_tensors, write_tensors};
use ::wordspace::model::parameters::{HostTensors, to_host};
use ::wordspace::model::{Gpt, ModelConfig, huggingface};
use burn::tensor::Device;
use serde_json::json;

use harness::{Done, Folder, golden, golden_json};

/// Goes on with `prompt` by the model in `source`.
fn generate(folder: &Folder, source: &str, prompt: &str, more: &[&str]) -> Done {
    folder.run(&[&["generate", source, "--prompt", prompt, "--device", "flex"], more].concat())
}

/// What the golden model makes of each prompt of `kind`, always taking the likeliest token.
fn greedy_is_transformers(kind: &str, ending: &str) {
    let (golden_json, folder) = (golden_json("generate.json"), Folder::new());
    let source = golden("generate-folder");
    let cases = golden_json[kind].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        // One more than the text has before its end, where it ends by itself.
        let tokens = case["tokens"].as_array().unwrap().len() + (ending == "end_of_text") as usize;
        let greedy = ["--temperature", "0", "--json", "--tokens", &tokens.to_string()];
        let json =
            generate(&folder, source.to_str().unwrap(), case["prompt"].as_str().unwrap(), &greedy).succeeds().json();
        assert_eq!((&json["prompt_ids"], &json["ids"]), (&case["ids"], &case["tokens"]));
        assert_eq!(json["ending"], ending);
    }
}

#[test]
fn greedy_tokens_are_those_of_transformers() {
    greedy_is_transformers("greedy", "tokens");
}

#[test]
fn a_text_ends_where_the_model_ends_it() {
    greedy_is_transformers("ended", "end_of_text");
}

#[test]
fn beyond_the_context_every_token_is_predicted_from_the_last_ones_alone() {
    greedy_is_transformers("sliding", "tokens");
}

#[test]
#[cfg(feature = "wgpu")]
fn greedy_tokens_of_a_gpu_are_those_of_transformers_too() {
    if harness::gpu("greedy_tokens_of_a_gpu_are_those_of_transformers_too").is_none() {
        return;
    }
    let (golden_json, folder) = (golden_json("generate.json"), Folder::new());
    // A short one: the driver may be a processor that imitates a GPU.
    let case = &golden_json["ended"].as_array().unwrap().iter().find(|case| case["prompt"] == " the dog").unwrap();
    let tokens = case["tokens"].as_array().unwrap().len().to_string();
    let (source, greedy) = (golden("generate-folder"), ["--temperature", "0", "--json", "--tokens", &tokens]);
    let arguments = ["generate", source.to_str().unwrap(), "--prompt", " the dog", "--device", "wgpu"];
    let json = folder.run(&[&arguments[..], &greedy].concat()).succeeds().json();
    assert_eq!((&json["prompt_ids"], &json["ids"]), (&case["ids"], &case["tokens"]));
}

/// A GPT-2 folder of `sizes` called `name`, with whatever is written to it besides.
fn model_folder(folder: &Folder, name: &str, sizes: &ModelConfig) -> HostTensors {
    let model = Gpt::init(sizes, 7, &Device::flex()).unwrap();
    let parameters = huggingface::to_checkpoint(sizes, to_host(&model));
    std::fs::create_dir(folder.join(name)).unwrap();
    folder.write(&format!("{name}/config.json"), huggingface::config_to_json(sizes).to_string());
    let parts = parameters.iter().map(|(name, t)| (name.as_str(), t.shape.as_slice(), t.values.as_slice()));
    write_tensors(&folder.join(name).join("model.safetensors"), parts).unwrap();
    parameters
}

#[test]
fn parts_and_one_file_are_the_same_model() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("whole")).unwrap();
    for name in ["config.json", "vocab.json", "merges.txt"] {
        folder.write(&format!("whole/{name}"), std::fs::read(golden("generate-folder").join(name)).unwrap());
    }
    let mut tensors = std::collections::BTreeMap::new();
    for name in harness::names(&golden("generate-folder")).iter().filter(|name| name.ends_with(".safetensors")) {
        tensors.extend(read_tensors(&golden("generate-folder").join(name)).unwrap());
    }
    let parts = tensors.iter().map(|(name, t)| (name.as_str(), t.shape.as_slice(), t.values.as_slice()));
    write_tensors(&folder.join("whole/model.safetensors"), parts).unwrap();
    let text = |source: &str| generate(&folder, source, "the cat", &["--seed", "3"]).succeeds().stdout;
    let expected = text(golden("generate-folder").to_str().unwrap());
    assert_eq!(text("whole"), expected);
    assert_eq!(text("whole/model.safetensors"), expected);
}

#[test]
fn a_folder_without_a_tokenizer_of_gpt2s_vocabulary_size_gets_gpt2s() {
    let folder = Folder::new();
    let sizes = ModelConfig { vocab_size: 50_257, context: 8, channels: 4, heads: 1, layers: 0, ..Default::default() };
    model_folder(&folder, "large", &sizes);
    let json = generate(&folder, "large", "cat sat on the", &["--tokens", "3", "--json"]).succeeds().json();
    assert_eq!(json["prompt_ids"], json!([9246, 3332, 319, 262]));
    assert_eq!(json["ids"].as_array().unwrap().len(), 3);

    model_folder(&folder, "small", &ModelConfig { vocab_size: 300, ..sizes });
    generate(&folder, "small", "cat", &[]).fails(3, &["small", "there is no tokenizer.json", "none for 300 tokens"]);
}

#[test]
fn a_run_goes_on_with_a_text_as_it_is_and_as_it_was() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "30"]).succeeds();
    let text = |source: &str| generate(&folder, source, "the cat", &["--json"]).succeeds().json()["text"].clone();
    assert_eq!(text("runs/toy"), text("runs/toy@30"));
    assert_ne!(text("runs/toy"), text("runs/toy@0"), "training changes what comes next");
    folder.run(&["export", "runs/toy", "exported"]).succeeds();
    assert_eq!(text("exported"), text("runs/toy"), "an exported run is the same model");
    generate(&folder, "runs/toy@7", "the cat", &[]).fails(3, &["there is no checkpoint of this step; there are"]);
}

#[test]
fn a_seed_gives_a_text_and_another_seed_another() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "5"]).succeeds();
    let text = |seed: &str| {
        let json = generate(&folder, "runs/toy", "the cat", &["--seed", seed, "--json"]).succeeds().json();
        assert_eq!(json["seed"].to_string(), seed);
        json["text"].clone()
    };
    assert_eq!(text("1"), text("1"));
    assert_ne!(text("1"), text("2"));
    let k =
        |k: &str| generate(&folder, "runs/toy", "the cat", &["--top-k", k, "--json"]).succeeds().json()["ids"].clone();
    let greedy = generate(&folder, "runs/toy", "the cat", &["--temperature", "0", "--json"]).succeeds().json();
    assert_eq!(k("1"), greedy["ids"], "one token with a chance is the likeliest");
    assert_eq!(k("1000000"), generate(&folder, "runs/toy", "the cat", &["--json"]).succeeds().json()["ids"]);
}

#[test]
fn on_stdout_there_is_the_prompt_and_how_it_goes_on_and_nothing_else() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "5"]).succeeds();
    let json = generate(&folder, "runs/toy", "The cat", &["--json", "--tokens", "9"]).succeeds().json();
    let text = json["text"].as_str().unwrap();
    assert!(text.starts_with(' ') && json["ids"].as_array().unwrap().len() == 9, "{json}");
    assert_eq!(json["prompt"], "The cat");
    assert!(json["tokens_per_second"].as_f64().unwrap() > 0.0);
    let plain = generate(&folder, "runs/toy", "The cat", &["--tokens", "9"]).succeeds();
    assert_eq!(plain.stdout, format!("The cat{text}\n"));
    assert!(plain.stderr.contains("9 tokens at"), "{}", plain.stderr);
    assert_eq!(generate(&folder, "runs/toy", "The cat", &["--tokens", "9", "--quiet"]).succeeds().stderr, "");
}

#[test]
fn a_prompt_that_is_empty_or_white_space() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "1"]).succeeds();
    generate(&folder, "runs/toy", "", &[]).fails(2, &["the prompt is empty"]);
    generate(&folder, "runs/toy", "  ", &[]).fails(2, &["the prompt is empty"]);
}

#[test]
fn a_prompt_longer_than_the_context_keeps_its_end_and_says_so() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "5"]).succeeds();
    let long = "the dog saw the cat and the cow . ".repeat(3);
    let done = generate(&folder, "runs/toy", &long, &["--temperature", "0", "--json"]).succeeds();
    assert!(done.stderr.contains("the prompt has 27 tokens, but the context of this model is 16"), "{}", done.stderr);
    let words: Vec<&str> = long.split_whitespace().collect();
    let kept = words[words.len() - 16..].join(" ");
    let expected = generate(&folder, "runs/toy", &kept, &["--temperature", "0", "--json"]).succeeds();
    assert!(!expected.stderr.contains("the prompt has"), "{}", expected.stderr);
    assert_eq!(done.json()["ids"], expected.json()["ids"]);
}

#[test]
fn a_word_unknown_to_the_model_is_named_with_the_closest_spelling() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "1"]).succeeds();
    let done = generate(&folder, "runs/toy", "the rabit", &["--tokens", "2"]).succeeds();
    for words in ["\"rabit\" is not among the 376 words", "<unk>", "did you mean \"rabbit\"?"] {
        assert!(done.stderr.contains(words), "{words:?} is not in: {}", done.stderr);
    }
}

#[test]
fn a_temperature_or_a_number_of_tokens_that_makes_no_choice() {
    let folder = Folder::new();
    generate(&folder, "any", "cat", &["--temperature", "-1"]).fails(2, &["--temperature", "expected a number from 0"]);
    generate(&folder, "any", "cat", &["--temperature", "nan"]).fails(2, &["expected a number from 0", "nan"]);
    generate(&folder, "any", "cat", &["--top-k", "0"]).fails(2, &["--top-k", "expected a whole number from 1"]);
    generate(&folder, "any", "cat", &["--tokens", "-3"]).fails(2, &["expected a whole number from 0", "-3"]);
    folder.run(&["generate", "any"]).fails(2, &["--prompt"]);
}

#[test]
fn a_source_without_a_model() {
    let folder = Folder::new();
    folder.write("vectors.txt", "2 3\ncat 1 0 0\ndog 0 1 0\n").write("empty", "");
    std::fs::create_dir(folder.join("folder")).unwrap();
    generate(&folder, "vectors.txt", "cat", &[]).fails(3, &["vectors.txt", "vectors but no model", "config.json"]);
    generate(&folder, "folder", "cat", &[]).fails(3, &["neither a run (config.toml) nor a Hugging Face model"]);
    generate(&folder, "runs/none", "cat", &[]).fails(3, &["runs/none", "there is no such run or folder"]);
    generate(&folder, "runs/toy@x", "cat", &[]).fails(2, &["expected a step number after the @"]);
    let device = ["generate", "vectors.txt", "--prompt", "cat", "--device", "gpu"];
    folder.run(&device).fails(2, &["no device is called \"gpu\""]);
}

#[test]
fn a_model_whose_files_are_missing_damaged_or_lead_elsewhere() {
    let folder = Folder::new();
    let sizes = ModelConfig { vocab_size: 50_257, context: 8, channels: 4, heads: 1, layers: 0, ..Default::default() };
    model_folder(&folder, "model", &sizes);
    let file = folder.join("model/model.safetensors");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    generate(&folder, "model", "cat", &[]).fails(3, &["model.safetensors", "not a whole safetensors file"]);
    std::fs::remove_file(&file).unwrap();
    generate(&folder, "model", "cat", &[]).fails(3, &["it has no model.safetensors"]);
    folder.write("model/pytorch_model.bin", "PK");
    generate(&folder, "model", "cat", &[]).fails(3, &["pytorch_model.bin", "model.save_pretrained(FOLDER)"]);
    let index = |part: &str| {
        folder.write("model/model.safetensors.index.json", json!({ "weight_map": { "wte.weight": part } }).to_string());
        generate(&folder, "model", "cat", &[])
    };
    index("../elsewhere.safetensors").fails(3, &["a shard that is not a file in the same folder"]);
    index("gone.safetensors").fails(3, &["cannot read model/gone.safetensors"]);
    write_tensors(&folder.join("model/other.safetensors"), [("a", &[1][..], &[1.0][..])].into_iter()).unwrap();
    index("other.safetensors").fails(3, &["other.safetensors", "it lacks wte.weight"]);
}

#[test]
fn a_model_whose_numbers_are_none() {
    let folder = Folder::new();
    let sizes = ModelConfig { vocab_size: 50_257, context: 8, channels: 4, heads: 1, layers: 0, ..Default::default() };
    let mut parameters = model_folder(&folder, "model", &sizes);
    parameters.get_mut("transformer.ln_f.bias").unwrap().values[0] = f32::NAN;
    let parts = parameters.iter().map(|(name, t)| (name.as_str(), t.shape.as_slice(), t.values.as_slice()));
    write_tensors(&folder.join("model/model.safetensors"), parts).unwrap();
    generate(&folder, "model", "cat", &[]).fails(3, &["the model's logits are not finite"]);
}
