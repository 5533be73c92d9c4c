//! fastText's own models: words of the vocabulary and words that the model has never seen have the vectors that fastText gives,
//! bit for bit, and the same neighbours.
//!
//! `tests/golden/fasttext` was written by fastText (`scripts/golden_fasttext.py`).

mod harness;

use std::ops::ControlFlow;
use std::path::PathBuf;

use ::wordspace::data::formats::{self, Format, Reading};
use ::wordspace::data::{Error, WordVectors};
use ::wordspace::explore::{Opened, Source, TableChoice};
use harness::{Folder, golden, golden_json};
use serde_json::{Value, json};

const MODELS: [&str; 4] = ["model.bin", "single.bin", "words-only.bin", "labels.bin"];

fn sample(name: &str) -> PathBuf {
    golden("fasttext").join(name)
}

/// fastText's answers about the model `name`.
fn answers(name: &str) -> Value {
    golden_json("fasttext/answers.json")["models"][name].take()
}

#[track_caller]
fn open(name: &str, limit: Option<usize>) -> Opened {
    Source::parse(sample(name).to_str().unwrap(), TableChoice::Token).and_then(|source| source.open(limit)).unwrap()
}

fn words(vectors: &WordVectors) -> Value {
    (0..vectors.len() as u32).map(|row| vectors.word(row).into_owned()).collect()
}

fn bits(vector: &[f32]) -> Value {
    vector.iter().map(|x| x.to_bits()).collect()
}

/// The vector of `word` by its subwords.
fn made(opened: &Opened, word: &str) -> Option<Vec<f32>> {
    opened.subwords.as_ref().and_then(|subwords| subwords.vector(word))
}

#[test]
fn words_have_the_vectors_of_fasttext_bit_for_bit() {
    for name in MODELS {
        let (expected, opened) = (answers(name), open(name, None));
        assert_eq!(opened.kind.to_string(), "fastText model");
        assert_eq!(words(&opened.vectors), expected["words"], "{name}");
        for row in 0..opened.vectors.len() as u32 {
            let word = opened.vectors.word(row);
            assert_eq!(bits(&opened.vectors.row(row)), expected["bits"][row as usize], "{name}: {word}");
        }
        assert!(opened.report.is_whole(), "{:?}", opened.report);
    }
}

#[test]
fn unknown_words_have_the_vectors_of_fasttext_bit_for_bit() {
    for name in MODELS {
        let (expected, opened) = (answers(name), open(name, None));
        for (word, expected) in expected["unknown"].as_object().unwrap() {
            assert_eq!(opened.vectors.find(word), None, "{name}: {word}");
            // Where fastText answers zeros, there is no n-gram.
            let has_ngrams = expected.as_array().unwrap().iter().any(|bits| *bits != json!(0));
            let expected = has_ngrams.then_some(expected);
            assert_eq!(made(&opened, word).map(|vector| bits(&vector)).as_ref(), expected, "{name}: {word}");
        }
    }
}

#[test]
fn without_n_grams_there_are_no_subwords() {
    assert!(open("words-only.bin", None).subwords.is_none());
    let opened = open("single.bin", None);
    assert_eq!(made(&opened, ""), None, "the marks around a word are no n-grams");
    let subwords = opened.subwords.unwrap();
    assert_eq!((subwords.lengths(), subwords.buckets(), subwords.dimension()), (Some(1..=1), 40, 10));
}

#[test]
fn known_words_have_the_same_vectors_by_their_subwords_with_any_limit() {
    let (all, some) = (open("model.bin", None), open("model.bin", Some(3)));
    assert_eq!(words(&some.vectors), json!(answers("model.bin")["words"].as_array().unwrap()[..3]));
    for row in 0..all.vectors.len() as u32 {
        let expected = Some(all.vectors.row(row).into_owned());
        assert_eq!(made(&all, &all.vectors.word(row)), expected);
        assert_eq!(made(&some, &all.vectors.word(row)), expected);
    }
}

#[test]
fn neighbours_of_known_and_unknown_words_are_those_of_fasttext() {
    let folder = Folder::new();
    for name in ["model.bin", "single.bin", "labels.bin"] {
        let (expected, path) = (answers(name), sample(name));
        for (word, expected) in expected["neighbours"].as_object().unwrap() {
            let done = folder.run(&["neighbors", path.to_str().unwrap(), word, "--top", "5", "--json"]).succeeds();
            let is_known = answers(name)["words"].as_array().unwrap().contains(&json!(word));
            assert_eq!(done.stderr.contains("its vector is made of its subwords"), !is_known, "{}", done.stderr);
            for (ours, theirs) in done.json()["neighbors"].as_array().unwrap().iter().zip(expected.as_array().unwrap())
            {
                assert_eq!(ours["word"], theirs[0], "{name}: {word}");
                let (ours, theirs) = (ours["cosine"].as_f64().unwrap(), theirs[1].as_f64().unwrap());
                assert!((ours - theirs).abs() < 1e-5, "{name}: {word}: {ours} {theirs}");
            }
        }
    }
}

#[test]
fn every_question_may_have_unknown_words() {
    let folder = Folder::new();
    folder.write("model.bin", std::fs::read(sample("model.bin")).unwrap());
    folder.write("words.txt", "kittens\ncat\n").write("pairs.txt", "kittens cat\ncat dogs\n");
    let says = |arguments: &[&str]| {
        let done = folder.run(arguments).succeeds();
        assert!(done.stderr.contains("kittens is not among the 26 words of model.bin"), "{}", done.stderr);
        done.stdout
    };
    says(&["similarity", "model.bin", "kittens", "cat"]);
    says(&["analogy", "model.bin", "cat", "cats", "kittens"]);
    says(&["neighbors", "model.bin", "cat", "--negative", "kittens", "--centred"]);
    says(&["similarity", "model.bin", "--from", "pairs.txt"]);
    says(&["neighbors", "model.bin", "--from", "words.txt", "--json"]);
    assert!(says(&["odd-one-out", "model.bin", "cat", "kittens", "猫"]).contains("猫 is the odd one out"));
}

#[test]
fn an_unknown_word_is_an_error_where_it_cannot_be_made() {
    let folder = Folder::new();
    let (model, only_words) = (sample("model.bin"), sample("words-only.bin"));
    folder.run(&["neighbors", only_words.to_str().unwrap(), "kittens"]).fails(3, &["not among the 26 words", "kitten"]);
    let to = ["--to", "picture.svg"];
    let draw = [&["project", model.to_str().unwrap(), "cat", "kittens", "dog", "dogs"], &to[..]].concat();
    folder.run(&draw).fails(3, &["not among the 26 words", "also make words of subwords"]);
}

#[test]
fn a_model_is_converted_and_never_written() {
    let folder = Folder::new();
    let path = sample("model.bin");
    folder.run(&["convert", path.to_str().unwrap(), "words.bin"]).succeeds();
    let opened = Source::parse(folder.join("words.bin").to_str().unwrap(), TableChoice::Token).unwrap();
    assert_eq!(opened.kind().to_string(), "word2vec binary");
    assert_eq!(words(&opened.open(None).unwrap().vectors), answers("model.bin")["words"]);
    let refused = ["convert", path.to_str().unwrap(), "copy.bin", "--to", "fasttext"];
    folder.run(&refused).fails(2, &["expected one of bin, txt"]);
    let vectors = open("model.bin", None).vectors;
    let error = formats::write(&folder.join("copy"), Format::FastText, &vectors, None, None).unwrap_err();
    assert!(matches!(error, Error::CannotHold { .. }) && error.to_string().contains("only read"), "{error}");
}

#[test]
fn labels_are_no_words() {
    let folder = Folder::new();
    let path = sample("labels.bin");
    assert_eq!(answers("labels.bin")["labels"].as_array().unwrap().len(), 2);
    let done = folder.run(&["inspect", path.to_str().unwrap(), "--strict", "--json"]).succeeds();
    let seen = done.json();
    assert_eq!((&seen["vocab_size"], &seen["report"]["labels"]), (&json!(26), &json!(2)));
    assert_eq!(seen["subwords"], json!({ "minn": 2, "maxn": 3, "buckets": 300 }));
    assert!(done.stderr.contains("2 labels are no words"), "{}", done.stderr);
}

#[test]
fn quantized_and_damaged_models_are_refused_with_advice() {
    let folder = Folder::new();
    let path = sample("quantized.ftz");
    folder.run(&["inspect", path.to_str().unwrap()]).fails(3, &["quantized", "print-word-vectors"]);
    let whole = std::fs::read(sample("model.bin")).unwrap();
    let refuses = |at: usize, value: i32, message: &str| {
        let damaged = [&whole[..at], &value.to_le_bytes(), &whole[at + 4..]].concat();
        folder.write("damaged.bin", damaged).run(&["inspect", "damaged.bin"]).fails(3, &[message]);
    };
    refuses(4, 13, "version 13");
    refuses(8, 0, "its dimension is 0");
    refuses(8, 11, "expected 11 values");
    refuses(40, 201, "expected 10 values for each of 227 words and n-grams");
    refuses(40, 0, "no buckets");
    refuses(40, -1, "no negative number");
    refuses(48, i32::MAX, "characters");
    refuses(64, i32::MAX, "it promises 26 words and 0 labels");
    folder.write("short.bin", &whole[..whole.len() / 2]);
    folder.run(&["inspect", "short.bin"]).fails(3, &["cut short"]);
}

#[test]
fn reading_stops_when_it_is_asked_to() {
    let stop = |_, done, all| {
        assert_eq!((done, all), (0, 26 * 10 * 4));
        ControlFlow::Break(())
    };
    let how = Reading { progress: Some(&stop), ..Reading::default() };
    let stopped = formats::read(&sample("model.bin"), Format::FastText, &how).err();
    assert!(matches!(stopped, Some(Error::Stopped)));
}

#[test]
fn classifiers_of_version_11_have_no_n_grams() {
    let folder = Folder::new();
    let mut model = std::fs::read(sample("labels.bin")).unwrap();
    model[4] = 11;
    folder.write("model.bin", &model);
    let loaded = formats::read(&folder.join("model.bin"), Format::FastText, &Reading::default()).unwrap();
    assert!(loaded.subwords.is_none());
}
