//! Every command in the documents runs: the `sh` blocks of each, in order, in one folder.
//!
//! They run as they are written, but for two things that keep this short: a text that a reader would bring is stood in for by
//! the toy corpus, and `train` makes a few steps.

mod wordspace;

use std::path::{Path, PathBuf};

use wordspace::Folder;

/// Commands that are not ours, or are this very test.
const LEFT_OUT: &[&str] =
    &["cargo test --release", "git clone", "cd ", "pip install", "python scripts/", ".ci/run", "curl "];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The lines of a document's `sh` blocks, continued lines joined.
fn commands(document: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap().replace("\\\n", " "));
    let lines = blocks.flat_map(|block| block.lines().map(String::from).collect::<Vec<_>>());
    lines.map(|line| line.split(" #").next().unwrap().trim().to_string()).filter(|line| !line.is_empty()).collect()
}

/// The words of a command line, quotes taken off.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in command.chars() {
        match (quote, character) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

fn all_commands_run(document: &str) {
    let folder = Folder::new();
    let configs = root().join("configs");
    std::fs::create_dir(folder.join("configs")).unwrap();
    for name in wordspace::names(&configs) {
        std::fs::copy(configs.join(&name), folder.join("configs").join(&name)).unwrap();
    }
    let mut text = ::wordspace::data::toy::text(1, 3000);
    // What the presets watch.
    text.insert_str(0, &"The mom, the dad and Zoe found a red T in the kitchen.\n".repeat(50));
    for name in ["tinystories.txt", "tinyshakespeare.txt", "text.txt", "my-text.txt"] {
        folder.write(name, &text);
    }
    let commands = commands(document);
    assert!(!commands.is_empty(), "{document} has no commands");
    for command in commands {
        let ours = ["cargo run --release --", "cargo run --release", "wordspace"];
        let Some(arguments) = ours.iter().find_map(|name| command.strip_prefix(name)) else {
            assert!(LEFT_OUT.iter().any(|known| command.starts_with(known)), "{document}: {command:?} is not tested");
            continue;
        };
        let mut words = words(arguments);
        if words.is_empty() {
            words.push("train".into());
        }
        match words[0].as_str() {
            "train" => words.extend(shortened(&words)),
            "devices" => words.retain(|word| word != "--check"),
            _ => {}
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        println!("{document}: wordspace {}", words.join(" "));
        folder.run(&words).succeeds();
    }
}

/// What makes a training short and small.
fn shortened(words: &[String]) -> Vec<String> {
    let mut more = vec!["--set", "evaluate.batches=1", "--set", "train.batch=2", "--set", "train.accumulate=1"];
    if !words.contains(&"--steps".to_string()) {
        more.extend(["--steps", "2"]);
    }
    if words.iter().any(|word| word.contains("gpt2-small")) {
        more.extend(["--set", "model.context=16", "--set", "train.batch=1"]);
    }
    more.into_iter().map(String::from).collect()
}

#[test]
fn the_commands_of_the_readme_run() {
    all_commands_run("README.md");
}

#[test]
fn the_commands_of_the_presets_run() {
    all_commands_run("configs/README.md");
}

#[test]
fn the_commands_about_drivers_run() {
    all_commands_run("docs/drivers.md");
}

#[test]
fn the_commands_about_pictures_and_scores_run() {
    all_commands_run("docs/projection.md");
}
