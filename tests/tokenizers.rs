//! Tokenizers give the ids of other implementations, and decode them to the text.

mod harness;

use std::ops::ControlFlow;

use ::wordspace::data::{Corpus, Phase, Preparation, Text, Tokenizer, TokenizerChoice, below, generator};
use chacha20::ChaCha8Rng;
use serde_json::Value;
use sha2::{Digest, Sha256};

use harness::Folder;

/// The ids of `text` as the program prints them.
fn ids(text: &str) -> Value {
    Folder::new().run(&["tokens", text, "--json"]).succeeds().json()["ids"].clone()
}

#[test]
fn gpt2_gives_the_ids_of_the_course_page() {
    assert_eq!(ids("cat sat on the"), serde_json::json!([9246, 3332, 319, 262]));
    assert_eq!(ids("rand_xyz"), serde_json::json!([25192, 62, 5431, 89]));
    assert_eq!(ids("bank is near the river bank"), serde_json::json!([17796, 318, 1474, 262, 7850, 3331]));
}

#[test]
fn cat_with_and_without_a_space_are_two_tokens() {
    assert_eq!(ids("cat"), serde_json::json!([9246]));
    assert_eq!(ids(" cat"), serde_json::json!([3797]));
}

#[test]
fn tokens_are_shown_with_the_bytes_they_stand_for() {
    let folder = Folder::new();
    let json = folder.run(&["tokens", "a café,", "--json"]).succeeds().json();
    assert_eq!(json["tokens"], serde_json::json!(["a", " café", ","]));
    assert_eq!(json["spellings"], serde_json::json!(["a", "ĠcafÃ©", ","]));
    assert_eq!(json["offsets"], serde_json::json!([[0, 1], [1, 7], [7, 8]]));
    assert!(folder.run(&["tokens", "a cat"]).succeeds().stdout.contains("3797  \" cat\""));
}

#[test]
fn the_rebuilt_gpt2_vocabulary_equals_the_published_one() {
    let golden: Value = serde_json::from_str(include_str!("golden/gpt2_vocabulary.json")).unwrap();
    let rebuilt: Value = serde_json::from_str(&Tokenizer::gpt2().to_json()).unwrap();
    let vocabulary = rebuilt["model"]["vocab"].as_object().unwrap();
    let mut entries: Vec<(u64, &String)> = vocabulary.iter().map(|(token, id)| (id.as_u64().unwrap(), token)).collect();
    entries.sort();
    let merges = rebuilt["model"]["merges"].as_array().unwrap();
    assert_eq!(serde_json::json!(entries.len()), golden["entries"]);
    assert_eq!(sha256(entries.iter().map(|(id, token)| format!("{id}\t{token}\n"))), golden["entries_sha256"]);
    assert_eq!(serde_json::json!(merges.len()), golden["merges"]);
    let line = |merge: &Value| format!("{} {}\n", merge[0].as_str().unwrap(), merge[1].as_str().unwrap());
    assert_eq!(sha256(merges.iter().map(line)), golden["merges_sha256"]);
}

fn sha256(lines: impl Iterator<Item = String>) -> String {
    let mut hash = Sha256::new();
    lines.for_each(|line| hash.update(line));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn gpt2_agrees_with_tiktoken_on_random_strings() {
    let (ours, theirs) = (Tokenizer::gpt2(), tiktoken_rs::r50k_base_singleton());
    let mut random = generator(1, "random strings", 0);
    for _ in 0..50 {
        let strings: Vec<String> = (0..2000).map(|_| random_string(&mut random)).collect();
        let encoded = ours.encode_all(strings.clone(), "random strings").unwrap();
        for (string, ids) in strings.iter().zip(encoded) {
            assert_eq!(ids, theirs.encode_ordinary(string), "{string:?}");
            assert_eq!(ours.decode(&ids), *string);
        }
    }
}

/// A string of up to forty parts, usual and unusual.
fn random_string(random: &mut ChaCha8Rng) -> String {
    const WORDS: &[&str] =
        &["the", " cat", "dog's", "I'll", "'re", "naïve", "straße", "hello", "don’t", "3.14", "日本語"];
    const SPACES: &[&str] = &[" ", "  ", "\n", "\r\n", "\t", "\u{a0}", "\u{3000}", "\u{2003} ", " \n "];
    let parts = below(random, 41);
    let mut string = String::new();
    for _ in 0..parts {
        match below(random, 8) {
            0 | 1 => string.push_str(WORDS[below(random, WORDS.len() as u64) as usize]),
            2 => string.push_str(SPACES[below(random, SPACES.len() as u64) as usize]),
            3 => string.extend(char::from_u32(below(random, 0x80) as u32)),
            4 => string.extend(char::from_u32(below(random, 0x800) as u32)),
            5 => string.extend(char::from_u32(0x300 + below(random, 0x70) as u32)),
            6 => string.extend(char::from_u32(0x1F300 + below(random, 0x400) as u32)),
            _ => string.extend(char::from_u32(below(random, 0x11_0000) as u32)),
        }
    }
    string
}

/// Prepares `text` and opens the corpus.
fn prepare(folder: &Folder, text: &str, tokenizer: &str, min_count: u64) -> Corpus {
    let tokenizer = tokenizer.parse().unwrap();
    let how = Preparation { tokenizer, min_count, held_out: 0.1, classes: Default::default() };
    Corpus::prepare(folder.path(), &Text::in_memory("test", text.into()), &how, &|_, _, _| ControlFlow::Continue(()))
        .unwrap();
    Corpus::open(folder.path()).unwrap()
}

fn ids_of_train(corpus: &Corpus) -> Vec<u32> {
    let mut ids = vec![0; corpus.train.len() as usize];
    corpus.train.read(0, &mut ids, corpus.tokenizer.vocab_size()).unwrap();
    ids
}

#[test]
fn words_are_lower_cased_and_need_the_minimum_count() {
    let folder = Folder::new();
    let corpus =
        prepare(&folder, &"The cat, the CAT; Übermut tut gut. ".repeat(10).replacen("gut", "selten", 1), "word", 2);
    let words = &corpus.vocabulary.words;
    assert_eq!(words[0], "<unk>");
    assert_eq!(words[1], "cat", "most frequent first, then alphabetically: {words:?}");
    assert!(words.contains(&"übermut".to_string()) && !words.contains(&"selten".to_string()), "{words:?}");
    assert_eq!(corpus.summary.train.unknown, 1);
    assert_eq!(corpus.tokenizer.decode(&ids_of_train(&corpus)[..5]), "the cat , the cat");
}

#[test]
fn characters_round_trip() {
    let text = "Ein Tag, 日本, e\u{301}tude!\n\tNext… ".repeat(50);
    let folder = Folder::new();
    let corpus = prepare(&folder, &text, "char", 2);
    assert_eq!(
        corpus.tokenizer.decode(&ids_of_train(&corpus)),
        text[..corpus.tokenizer.decode(&ids_of_train(&corpus)).len()]
    );
    assert_eq!(corpus.summary.train.tokens, corpus.summary.train.characters);
}

/// Python's `tokenizers` use Oniguruma, which has no group `(?s:…)`, and so could not open the file.
#[test]
fn the_pattern_of_a_character_tokenizer_is_one_for_python_too() {
    let folder = Folder::new();
    let json: Value = serde_json::from_str(&prepare(&folder, "some text. ", "char", 1).tokenizer.to_json()).unwrap();
    assert_eq!(json["pre_tokenizer"]["pattern"]["Regex"], r"[\s\S]");
}

#[test]
fn learned_byte_pairs_round_trip_and_are_repeatable() {
    let text = ::wordspace::data::toy::text(3, 2000);
    let (a, b) = (Folder::new(), Folder::new());
    let corpus = prepare(&a, &text, "bpe:500", 1);
    assert_eq!(corpus.tokenizer.vocab_size(), 500);
    assert_eq!(corpus.tokenizer.to_json(), prepare(&b, &text, "bpe:500", 1).tokenizer.to_json());
    for other in ["Zürich 東京 \u{1F600}\0", "", "  two  spaces "] {
        let ids: Vec<u32> = corpus.tokenizer.encode(other).unwrap().iter().map(|token| token.id).collect();
        assert_eq!(corpus.tokenizer.decode(&ids), other);
    }
}

#[test]
fn the_chunks_of_a_text_have_the_tokens_of_the_whole() {
    let text = ::wordspace::data::toy::text(5, 8000).replace(" . ", ".\n\n  ");
    assert!(text.len() > 3 * 64 * 1024);
    for tokenizer in ["gpt2", "bpe:400", "word", "char"] {
        let folder = Folder::new();
        let corpus = prepare(&folder, &text, tokenizer, 1);
        let found = ids_of_train(&corpus);
        let cut = Text::in_memory("test", text.clone()).cut(0.1).unwrap() as usize;
        let whole = corpus.tokenizer.encode_all(vec![text[..cut].to_string()], "whole").unwrap().remove(0);
        assert!(found == whole, "{tokenizer}: {} tokens in chunks, {} in the whole", found.len(), whole.len());
    }
}

#[test]
fn a_vocabulary_beyond_sixteen_bits_takes_four_bytes_an_id() {
    let folder = Folder::new();
    let text: String = (0..70_000).map(|n| format!("w{n} ")).collect();
    let corpus = prepare(&folder, &text, "word", 1);
    assert!(corpus.tokenizer.vocab_size() <= 65_536, "the held-out words have no rows");
    let folder = Folder::new();
    let text: String = (0..80_000).map(|n| format!("w{n} ")).collect();
    let corpus = prepare(&folder, &text, "word", 1);
    assert!(corpus.tokenizer.vocab_size() > 65_536);
    let ids = ids_of_train(&corpus);
    assert_eq!(corpus.tokenizer.decode(&ids[71_000..71_002]), "w71000 w71001");
}

#[test]
fn a_tokenizer_round_trips_through_its_file() {
    let folder = Folder::new();
    let corpus = prepare(&folder, &::wordspace::data::toy::text(3, 500), "word", 2);
    let path = folder.join("tokenizer.json");
    assert_eq!(Tokenizer::from_file(&path).unwrap().to_json(), corpus.tokenizer.to_json());
    let choice: TokenizerChoice = path.to_str().unwrap().parse().unwrap();
    assert_eq!(choice, TokenizerChoice::File(path));
}

#[test]
fn a_folder_names_the_tokenizer_in_it() {
    let folder = Folder::new();
    prepare(&folder, &::wordspace::data::toy::text(3, 500), "word", 2);
    let ids = |tokenizer: &str| {
        folder.run(&["tokens", "the cat", "--tokenizer", tokenizer, "--json"]).succeeds().json()["ids"].clone()
    };
    assert_eq!(ids("./"), ids("./tokenizer.json"));
    std::fs::create_dir(folder.join("older")).unwrap();
    let vocabulary =
        r#"{"c": 0, "a": 1, "t": 2, "Ġ": 3, "at": 4, "cat": 5, "Ġcat": 6, "<unk>": 7, "<|endoftext|>": 8}"#;
    folder.write("older/vocab.json", vocabulary).write("older/merges.txt", "#version: 0.2\na t\nc at\nĠ cat\n");
    let older = |text: &str| Tokenizer::from_file(&folder.join("older")).unwrap().encode(text).unwrap();
    let older_ids = |text: &str| older(text).iter().map(|token| token.id).collect::<Vec<_>>();
    assert_eq!(older_ids("cat cat<|endoftext|>tac"), [5, 6, 8, 2, 1, 0]);
    assert_eq!(older_ids("cab"), [0, 1, 7], "a character without a token is unknown");
}

#[test]
fn bad_tokenizer_folders_are_refused() {
    let folder = Folder::new();
    std::fs::create_dir(folder.join("f")).unwrap();
    let fails = |words: &[&str]| {
        folder.run(&["tokens", "cat", "--tokenizer", "./f"]).fails(3, words);
    };
    fails(&["./f is a directory", "vocab.json and merges.txt"]);
    folder.write("f/vocab.json", "[1, 2]");
    fails(&["vocab.json", "expected one JSON object of tokens"]);
    folder.write("f/vocab.json", r#"{"a": 0, "b": 1}"#);
    fails(&["cannot read ./f/merges.txt"]);
    folder.write("f/merges.txt", "a b c\n");
    fails(&["merges.txt", "line 1", "expected two tokens"]);
    folder.write("f/merges.txt", "a b\n");
    fails(&["merges.txt", "not a token in vocab.json"]);
    folder.write("f/vocab.json", r#"{"a": 0, "b": 4000000000}"#).write("f/merges.txt", "");
    fails(&["2 tokens have ids as high as 4000000000"]);
    folder.write("f/vocab.json", r#"{"a": 0, "b": 1, "c": 1}"#);
    fails(&["two of its tokens have the id 1"]);
}

#[test]
fn progress_is_reported_for_both_passes_over_the_text() {
    let folder = Folder::new();
    let seen = std::sync::Mutex::new(Vec::new());
    let how =
        Preparation { tokenizer: TokenizerChoice::Word, min_count: 1, held_out: 0.1, classes: Default::default() };
    let text = Text::in_memory("test", ::wordspace::data::toy::text(3, 5000));
    Corpus::prepare(folder.path(), &text, &how, &|phase, done, total| {
        seen.lock().unwrap().push((phase, done, total));
        ControlFlow::Continue(())
    })
    .unwrap();
    let seen = seen.into_inner().unwrap();
    for phase in [Phase::Vocabulary, Phase::Tokens] {
        let (_, done, total) = seen.iter().rev().find(|(of, ..)| *of == phase).unwrap();
        assert_eq!(done, total);
    }
}
