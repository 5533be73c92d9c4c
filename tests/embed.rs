//! A text as a model first sees it: tokens, positions, sums, and what they have in common.

mod harness;

use serde_json::{Value, json};

use harness::{Folder, golden, golden_json};

/// A folder with a small run, `runs/toy`.
fn toy() -> Folder {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "20"]).succeeds();
    folder
}

fn embed(folder: &Folder, more: &[&str]) -> Value {
    folder.run(&[&["embed", "--source", "runs/toy", "--json"], more].concat()).succeeds().json()
}

#[track_caller]
fn assert_near(found: &Value, expected: &Value) {
    let numbers = |json: &Value| -> Vec<f64> {
        json.as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap()).map(|x| x.as_f64().unwrap()).collect()
    };
    let (found, expected) = (numbers(found), numbers(expected));
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
    }
}

#[test]
fn cosines_are_pytorchs_at_a_texts_own_positions_and_at_others() {
    let all: Value = golden_json("generate.json");
    let (expected, source) = (&all["embed"], golden("generate-folder"));
    let text = expected["text"].as_str().unwrap();
    for (which, more) in [("own", vec![]), ("asked", vec!["--positions", "0,1,2,1"])] {
        let arguments = [&["embed", text, "--source", source.to_str().unwrap(), "--json"], &more[..]].concat();
        let json = Folder::new().run(&arguments).succeeds().json();
        assert_eq!(json["ids"], expected["ids"]);
        assert_eq!(json["positions"], expected[which]["positions"]);
        assert_near(&json["token_cosine"], &expected[which]["token_cosine"]);
        assert_near(&json["sum_cosine"], &expected[which]["sum_cosine"]);
    }
}

#[test]
fn the_numbers_are_those_of_the_tables_and_add_up() {
    let folder = toy();
    let json = embed(&folder, &["the cat"]);
    assert_eq!((&json["tokens"], &json["shape"]), (&json!(["the", "cat"]), &json!([2, 16])));
    let tables = ::wordspace::data::read_tensors(&folder.join("runs/toy/vectors/step-000020.safetensors")).unwrap();
    let row = |table: &str, row: usize| tables[table].values[row * 16..][..16].to_vec();
    let vector = |key: &str| -> Vec<f32> {
        json[key][1].as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
    };
    let (token, position) = (row("wte.weight", json["ids"][1].as_u64().unwrap() as usize), row("wpe.weight", 1));
    assert_eq!((vector("token_vectors"), vector("position_vectors")), (token.clone(), position.clone()));
    assert_eq!(vector("sum_vectors"), token.iter().zip(&position).map(|(a, b)| a + b).collect::<Vec<_>>());
}

#[test]
fn a_step_is_the_run_as_it_was() {
    let folder = toy();
    let source = |source: &str| folder.run(&["embed", "cat", "--source", source, "--json"]).succeeds().json();
    assert_eq!(source("runs/toy")["token_vectors"], source("runs/toy@20")["token_vectors"]);
    assert_ne!(source("runs/toy")["token_vectors"], source("runs/toy@0")["token_vectors"]);
}

#[test]
fn a_word_twice_is_shown_with_the_positions_asked_for_and_with_its_own() {
    let folder = toy();
    let json = embed(&folder, &["the dog saw the cat and the dog", "--positions", "0,1,2,3,4,5,6,1"]);
    let repeats = json["repeats"].as_array().unwrap();
    let dogs = repeats.iter().find(|pair| pair["a"] == 1 && pair["b"] == 7).unwrap();
    assert_eq!((&dogs["token_cosine"], &dogs["sum_cosine"]), (&json!(1.0), &json!(1.0)));
    let own = embed(&folder, &["the dog saw the cat and the dog"]);
    assert_eq!(dogs["sum_cosine_in_place"], own["sum_cosine"][1][7]);
    assert!(own["sum_cosine"][1][7].as_f64().unwrap() < 0.999_999);
    let asked = ["embed", "the dog saw the dog", "--source", "runs/toy", "--positions", "0,1,2,3,1"];
    let text = folder.run(&asked).succeeds().stdout;
    for words in [
        "\"dog\" at 1 and \"dog\" at 4: the same token",
        "with positions 1 and 1 added, as asked",
        "with their own positions, 1 and 4",
        "not its own position",
    ] {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
}

#[test]
fn two_orders_of_the_same_words_share_token_vectors_but_not_sums() {
    let folder = toy();
    let texts = ["the dog saw the man", "the man saw the dog"];
    let json = embed(&folder, &texts);
    assert_eq!(json["comparison"], json!({ "same_tokens": true, "same_order": false, "shared_sums": 3 }));
    assert_eq!(json["text_of_token"], json!([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]));
    assert_eq!(json["positions"], json!([0, 1, 2, 3, 4, 0, 1, 2, 3, 4]));
    let text = folder.run(&["embed", texts[0], texts[1], "--source", "runs/toy"]).succeeds().stdout;
    for words in ["The same 5 token vectors in another order: equal as sets", "2 of 5 sums", "the order is visible"] {
        assert!(text.contains(words), "{words:?} is not in: {text}");
    }
}

#[test]
fn a_space_makes_another_token_of_a_word_and_that_is_said() {
    let folder = Folder::new();
    let source = golden("generate-folder");
    let embed = |a: &str, b: &str| folder.run(&["embed", a, b, "--source", source.to_str().unwrap()]).succeeds().stdout;
    let text = embed("dog on cat", "cat on dog");
    assert!(text.contains("The same words, but not the same tokens"), "{text}");
    assert!(embed(" dog on cat", " cat on dog").contains("equal as sets"));
}

#[test]
fn a_character_without_a_token_is_named_and_never_lost() {
    let folder = Folder::new();
    let source = golden("generate-folder");
    let source = source.to_str().unwrap();
    folder.run(&["embed", "cat_dog", "--source", source]).fails(3, &["\"_\" is not among the 50 words"]);
    let done = folder.run(&["generate", source, "--prompt", "cat_dog", "--device", "flex"]).succeeds();
    assert!(done.stderr.contains("has no token for \"_\""), "{}", done.stderr);
    let gpt2 = ::wordspace::data::Tokenizer::gpt2();
    for text in ["日本語 🐈‍⬛ e\u{301}", "", " \n "] {
        let tokens = gpt2.encode(text).unwrap();
        assert_eq!(::wordspace::data::Tokenizer::left_out(text, &tokens), None, "{text:?}");
    }
}

#[test]
fn a_file_of_words_has_vectors_but_no_positions() {
    let folder = Folder::new();
    folder.write("vectors.txt", "3 2\ndog 1 0\nbites 0 1\nman 3 4\n");
    let run = |more: &[&str]| folder.run(&[&["embed", "dog man", "--source", "vectors.txt"], more].concat());
    let json = run(&["--json"]).succeeds().json();
    assert_eq!((&json["ids"], &json["tokens"]), (&json!([0, 2]), &json!(["dog", "man"])));
    assert_eq!(json["token_cosine"], json!([[1.0, 0.6], [0.6, 1.0]]));
    assert_eq!(json["position_vectors"], json!([null, null]));
    run(&["--positions", "0,1"]).fails(2, &["has no position table"]);
    folder.run(&["embed", "dgo", "--source", "vectors.txt"]).fails(3, &["\"dgo\" is not among the 3 words"]);
    folder.run(&["embed", "Dog", "--source", "vectors.txt"]).fails(3, &["did you mean \"dog\"?"]);
}

#[test]
fn what_makes_no_sense_is_refused_with_what_would() {
    let folder = toy();
    let fails = |more: &[&str], code: i32, words: &[&str]| {
        folder.run(&[&["embed", "--source", "runs/toy"], more].concat()).fails(code, words);
    };
    fails(&["the cat", "--positions", "0"], 2, &["--positions has 1, but the text has 2 tokens", "give one for each"]);
    fails(&["the cat", "--positions", "0,99"], 2, &["position 99 is outside the position table", "0 to 15"]);
    fails(&["the cat", "--positions", "0,x"], 2, &["--positions"]);
    fails(&["the cat ".repeat(9).as_str()], 2, &["position 16 is outside", "a text of 18 tokens"]);
    fails(&[""], 2, &["the text has no token"]);
    folder.run(&["embed", "cat"]).fails(2, &["--source"]);
    folder.run(&["embed", "cat", "--source", "runs/toj"]).fails(3, &["runs/toj"]);
}
