//! Static embeddings for sentence-transformers and model2vec: what those libraries read from our folders is what we read, and
//! their folders are read as sources.
//!
//! `tests/golden/static_embedding.json` was written by both libraries (`scripts/golden_static_embedding.py`).

mod harness;

use std::path::Path;

use ::wordspace::data::formats::write_static_embedding;
use ::wordspace::data::{Error, Tokenizer, WordVectors, read_tensors, write_tensors};
use ::wordspace::explore::embed::{TextSplitter, text_vector};
use ::wordspace::explore::{Opened, Source, TableChoice};
use harness::{Folder, golden_json, names};
use serde_json::{Value, json};

/// The settings of the runs in the script.
const SETTINGS: [&str; 4] = ["model.init_std=0.2", "model.channels=8", "model.layers=1", "model.context=16"];

/// An untrained run called `name` with `tokenizer`.
fn train(folder: &Folder, name: &str, tokenizer: &str) {
    let mut arguments: Vec<String> =
        ["train", "--name", name, "--device", "flex", "--steps", "0"].map(String::from).to_vec();
    let tokenizer = format!("data.tokenizer={tokenizer}");
    for setting in SETTINGS.into_iter().chain([tokenizer.as_str()]) {
        arguments.extend(["--set".to_string(), setting.to_string()]);
    }
    folder.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).succeeds();
}

#[track_caller]
fn open(path: &Path) -> (Opened, TextSplitter) {
    let source = Source::parse(path.to_str().unwrap(), TableChoice::Token).unwrap();
    let opened = source.open(None).unwrap();
    let splitter = TextSplitter::of(&source, &opened).unwrap();
    (opened, splitter)
}

fn floats(vector: &Value) -> Vec<f32> {
    vector.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

#[track_caller]
fn assert_near(found: &[f32], expected: &Value, text: &str) {
    let expected = floats(expected);
    assert_eq!(found.len(), expected.len(), "{text:?}");
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-6, "{found} instead of {expected} for {text:?}");
    }
}

/// The folder written from `source` has the ids and vectors that both libraries found in the folder of `name`.
fn agrees(folder: &Folder, name: &str, source: &str) {
    let golden = golden_json("static_embedding.json");
    let (texts, expected) = (golden["texts"].as_array().unwrap(), &golden[name]);
    let to = format!("{name}-static");
    folder.run(&["convert", source, &to, "--to", "static-embedding"]).succeeds();
    let table = &read_tensors(&folder.join(&to).join("model.safetensors")).unwrap()["embeddings"];
    let (opened, splitter) = open(&folder.join(source));
    assert_eq!(json!(table.shape), json!([expected["rows"], opened.vectors.dimension()]));
    let rows = (0..opened.vectors.len() as u32).flat_map(|row| opened.vectors.row(row).into_owned());
    assert!(rows.zip(&table.values).all(|(row, value)| row.to_bits() == value.to_bits()));

    let tokenizer = Tokenizer::from_file(&folder.join(&to)).unwrap();
    let (again, split_again) = open(&folder.join(&to));
    for (nth, text) in texts.iter().map(|text| text.as_str().unwrap()).enumerate() {
        let ids: Vec<u32> = tokenizer.encode(text).unwrap().iter().map(|token| token.id).collect();
        assert_eq!(json!(ids), expected["ids"][nth], "{name}: {text:?}");
        assert_near(&text_vector(text, &splitter, &opened.vectors).unwrap(), &expected["vectors"][nth], text);
        assert_near(&text_vector(text, &split_again, &again.vectors).unwrap(), &expected["vectors"][nth], text);
    }
    let texts: Vec<&str> = texts.iter().map(|text| text.as_str().unwrap()).collect();
    let told = folder.run(&[&["embed", "--mean", "--json", "--source", source], &texts[..]].concat()).succeeds().json();
    for (nth, text) in texts.iter().enumerate() {
        assert_near(&floats(&told["vectors"][nth]), &expected["vectors"][nth], text);
    }
}

#[test]
fn the_vectors_of_texts_are_those_of_sentence_transformers_for_every_tokenizer() {
    let folder = Folder::new();
    for (name, tokenizer) in [("word", "word"), ("char", "char"), ("bpe", "bpe:300")] {
        train(&folder, name, tokenizer);
        agrees(&folder, name, &format!("runs/{name}"));
    }
}

#[test]
fn the_vectors_of_texts_are_those_of_sentence_transformers_for_a_file_of_words() {
    let folder = Folder::new();
    folder.write("words.txt", golden_json("static_embedding.json")["file"].as_str().unwrap());
    agrees(&folder, "words", "words.txt");
}

/// `words.txt` and the folder `static` that is written from it.
fn words() -> Folder {
    let folder = Folder::new();
    folder.write("words.txt", "3 2\ndog 1 0\ncat 0 1\nman 3 4\n");
    folder.run(&["convert", "words.txt", "static", "--to", "static-embedding"]).succeeds();
    folder
}

#[test]
fn a_static_embedding_is_a_source_like_any_other() {
    let folder = words();
    let seen = folder.run(&["inspect", "static", "--json"]).succeeds().json();
    assert_eq!((&seen["kind"], &seen["shape"]), (&json!("static embedding"), &json!([4, 2])));
    assert_eq!(seen["first_words"], json!(["dog", "cat", "man", "<unk>"]));
    let near = folder.run(&["neighbors", "static", "man", "--top", "1", "--json"]).succeeds().json();
    assert!(near.to_string().contains("\"cat\""), "{near}");
    let json = folder.run(&["embed", "dog man", "--source", "static", "--json"]).succeeds().json();
    assert_eq!((&json["ids"], &json["token_vectors"]), (&json!([0, 2]), &json!([[1.0, 0.0], [3.0, 4.0]])));
    folder.run(&["convert", "static", "again", "--to", "static-embedding"]).succeeds();
    for name in names(&folder.join("static")).iter().filter(|name| *name != "README.md" && *name != "tokenizer.json") {
        let read = |folder_name: &str| std::fs::read(folder.join(folder_name).join(name)).unwrap();
        assert_eq!(read("static"), read("again"), "{name}");
    }
    folder.run(&["inspect", "static", "--table", "position"]).fails(2, &["a static embedding, which has one table"]);
}

#[test]
fn convert_says_what_it_wrote_and_how_to_open_it() {
    let folder = words();
    let done = folder.run(&["convert", "words.txt", "a/b", "--to", "static-embedding", "--json"]).succeeds();
    let json = done.json();
    assert_eq!(
        (&json["format"], &json["rows"], &json["dimension"]),
        (&json!("static-embedding"), &json!(3), &json!(2))
    );
    let files = json["files"].as_array().unwrap();
    let sizes = files.iter().map(|file| folder.join(file.as_str().unwrap()).metadata().unwrap().len());
    assert_eq!((files.len(), &json["bytes"]), (6, &json!(sizes.sum::<u64>())));
    assert!(done.stderr.contains("SentenceTransformer(\"a/b\")"), "{}", done.stderr);
    assert_eq!(names(&folder.join("a")), ["b"]);
}

#[test]
fn embed_mean_tells_unknown_words_and_compares_texts() {
    let folder = words();
    let asked = ["embed", "dog cat", "dog horse", "", "--source", "words.txt", "--mean"];
    let json = folder.run(&[&asked[..], &["--json"]].concat()).succeeds().json();
    assert_eq!((&json["token_counts"], &json["unknown_counts"]), (&json!([2, 2, 0]), &json!([0, 1, 0])));
    assert_eq!(json["vectors"], json!([[0.5, 0.5], [0.5, 0.0], [0.0, 0.0]]));
    assert!((json["cosine"][0][1].as_f64().unwrap() - 0.5_f64.sqrt()).abs() < 1e-9);
    assert_eq!(json["cosine"][0][2], 0.0);
    let text = folder.run(&asked).succeeds().stdout;
    for words in ["the mean of 2 tokens, 1 of them unknown and counted as", "Cosine of", "0.7071"] {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
    folder.run(&[&asked[..], &["--positions", "0,1"]].concat()).fails(2, &["--positions"]);
}

#[test]
fn what_no_static_embedding_can_hold_is_refused_and_nothing_is_written() {
    let folder = words();
    train(&folder, "r", "word");
    let fails = |source: &str, to: &str, more: &[&str], code: i32, words: &[&str]| {
        let arguments = [&["convert", source, to, "--to", "static-embedding"], more].concat();
        folder.run(&arguments).fails(code, words);
    };
    fails("words.txt", "static", &[], 6, &["static already exists"]);
    fails("runs/r", "new", &["--limit", "10"], 3, &["has 376 tokens, but there are only 10 rows", "without --limit"]);
    fails("runs/r", "new", &["--table", "position"], 2, &["leave out --table position"]);
    folder.run(&["convert", "words.txt", "new", "--to", "static"]).fails(2, &["csv, static-embedding"]);
    folder.run(&["convert", "words.txt", "new"]).fails(2, &["expected --to with one of bin", "static-embedding"]);
    assert_eq!(names(folder.path()), ["runs", "static", "words.txt"]);
    folder.run(&["convert", "words.txt", "few", "--to", "static-embedding", "--limit", "2"]).succeeds();
}

#[test]
fn rows_with_nan_are_counted_and_no_rows_are_refused() {
    let folder = Folder::new();
    let vectors = WordVectors::new(vec!["a".into(), "b".into()], vec![1.0, f32::NAN, 2.0, 3.0], 2);
    let written = write_static_embedding(&folder.join("s"), &vectors, None, "test", None).unwrap();
    assert_eq!(written.not_finite, 1);
    let none = WordVectors::new(Vec::new(), Vec::new(), 2);
    let error = write_static_embedding(&folder.join("t"), &none, None, "test", None).unwrap_err();
    assert!(matches!(error, Error::CannotHold { .. }), "{error}");
}

#[test]
fn folders_of_both_libraries_are_recognized_by_their_modules() {
    let folder = words();
    let tokenizer = std::fs::read(folder.join("static/tokenizer.json")).unwrap();
    let write = |name: &str, table: &str, modules: &Value, files: &str| {
        std::fs::create_dir_all(folder.join(name).join(files)).unwrap();
        let tensor = (table, &[4, 2][..], &[1.0, 0.0, 0.0, 1.0, 3.0, 4.0, 0.0, 0.0][..]);
        write_tensors(&folder.join(name).join(files).join("model.safetensors"), [tensor].into_iter()).unwrap();
        let path = |file: &str| Path::new(name).join(files).join(file).to_str().unwrap().to_string();
        folder.write(&path("tokenizer.json"), &tokenizer).write(&format!("{name}/modules.json"), modules.to_string());
        folder.write(&format!("{name}/config.json"), r#"{"model_type": "model2vec"}"#);
    };
    let static_in = |path: &str| json!({ "path": path, "type": "sentence_transformers.models.StaticEmbedding" });
    let normalize = json!({ "path": "1_Normalize", "type": "sentence_transformers.models.Normalize" });
    let dense = json!({ "path": "1_Dense", "type": "sentence_transformers.models.Dense" });
    let inspect = |name: &str| folder.run(&["inspect", name, "--json"]);
    write("model2vec", "embeddings", &json!([static_in("."), normalize]), "");
    write("older", "embedding.weight", &json!([static_in("0_StaticEmbedding")]), "0_StaticEmbedding");
    for name in ["model2vec", "older"] {
        assert_eq!(inspect(name).succeeds().json()["first_words"], json!(["dog", "cat", "man", "<unk>"]));
    }
    write("dense", "embedding.weight", &json!([static_in(""), dense]), "");
    inspect("dense").fails(3, &["its modules are StaticEmbedding, Dense", "alone or with Normalize"]);
    write("outside", "embedding.weight", &json!([static_in("../model2vec")]), "");
    inspect("outside").fails(3, &["expected one inside the folder"]);
    write("other", "mapping", &json!([static_in("")]), "");
    inspect("other").fails(3, &["a quantized vocabulary of model2vec"]);
    write("none", "weight", &json!([static_in("")]), "");
    inspect("none").fails(3, &["neither embedding.weight nor embeddings"]);
    write("dense-only", "weight", &json!([dense]), "");
    std::fs::remove_file(folder.join("dense-only/config.json")).unwrap();
    inspect("dense-only").fails(3, &["a model of sentence-transformers, but no static embedding"]);
}
