//! Every command in the documents runs.
//!
//! The `sh` blocks of a document run in order in one folder, with three exceptions: the toy corpus replaces texts that a reader
//! would bring, presets larger than the toy run train for few steps, and blocks marked `needs-gpt2` or `needs-googlenews` use a small substitute if the
//! machine lacks the real file. A block `text output` is exactly what the command before it prints.

mod harness;

use std::path::{Path, PathBuf};

use ::wordspace::data::{below, generator};
use ::wordspace::explore::{Source, TableChoice};

use serde_json::Value;

use harness::Folder;
use harness::page::Page;

/// The GoogleNews vectors, as commands name them; `WORDSPACE_GOOGLENEWS` is the path of the real file.
const GOOGLENEWS: &str = "GoogleNews-vectors-negative300.bin";

/// Commands that are not run: other programs, and this test itself.
const LEFT_OUT: &[&str] = &[
    "cargo test --release",
    "cargo bench",
    "cargo fmt",
    "cargo clippy",
    "cargo install",
    "cd ",
    "pip install",
    "python scripts/",
    ".ci/run",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A command of a document.
struct Command {
    line: String,
    /// The word after `sh` at the head of its block.
    needs: String,
    /// The output that the document shows.
    output: Option<String>,
}

/// The lines of a document's `sh` blocks, with continued lines joined.
fn commands(document: &str) -> Vec<Command> {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let mut all: Vec<Command> = Vec::new();
    // Every second part is between fences.
    for block in text.split("```").skip(1).step_by(2) {
        let (kind, content) = block.split_once('\n').unwrap_or((block, ""));
        match kind.split_once(' ').unwrap_or((kind, "")) {
            ("sh", needs) => {
                let content = content.replace("\\\n", " ");
                let lines = content.lines().map(|line| line.split(" #").next().unwrap().trim());
                let command = |line: &str| Command { line: line.into(), needs: needs.into(), output: None };
                all.extend(lines.filter(|line| !line.is_empty()).map(command));
            }
            ("text", "output") => all.last_mut().expect("an output follows a command").output = Some(content.into()),
            _ => {}
        }
    }
    all
}

/// The source that a block needs, as its commands name it, and the one to use instead.
fn needed(needs: &str, folder: &Folder) -> Option<(&'static str, String)> {
    match needs {
        "" => None,
        "needs-gpt2" if Source::parse("gpt2", TableChoice::Token).is_ok() => Some(("gpt2", "gpt2".into())),
        "needs-gpt2" => Some(("gpt2", substitute_gpt2(folder))),
        "needs-googlenews" => {
            let own = std::env::var("WORDSPACE_GOOGLENEWS").ok();
            Some((GOOGLENEWS, own.unwrap_or_else(|| substitute_googlenews(folder))))
        }
        other => panic!("a block is marked {other:?}; expected needs-gpt2, needs-googlenews or nothing"),
    }
}

/// A model folder with GPT-2's tokenizer and vocabulary size.
fn substitute_gpt2(folder: &Folder) -> String {
    if !folder.join("substitute").exists() {
        let train = ["train", "--name", "substitute", "--text", "text.txt", "--tokenizer", "gpt2", "--steps", "0"];
        let small =
            ["--device", "flex", "--set", "model.channels=8", "--set", "model.layers=1", "--set", "train.batch=1"];
        folder.run(&[&train[..], &small[..], &["--set", "evaluate.batches=1"]].concat()).succeeds();
        folder.run(&["export", "runs/substitute", "substitute"]).succeeds();
    }
    "substitute".into()
}

/// A word2vec file with the words that the documents use.
fn substitute_googlenews(folder: &Folder) -> String {
    let words = ["king", "kings", "queen", "monarch", "prince", "man", "woman", "software", "internet", "web"];
    let mut random = generator(1, "substitute", 0);
    let mut file = format!("{} 300\n", words.len()).into_bytes();
    for word in words {
        file.extend(format!("{word} ").bytes());
        let values = (0..300).map(|_| below(&mut random, 1000) as f32 / 1000.0 - 0.5);
        file.extend(values.flat_map(f32::to_le_bytes));
        file.push(b'\n');
    }
    folder.write("substitute.bin", file);
    "substitute.bin".into()
}

/// The program, called with `words`, serves a page on which every run gets complete.
fn serves_its_runs(folder: &Folder, words: &[String]) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runs = std::fs::read_dir(folder.join("runs")).map_or(0, Iterator::count) + usize::from(words[0] == "train");
    let page = match words[0] {
        "serve" => Page::serve(folder, &words[1..]),
        _ => Page::beside(folder, &words),
    };
    let is_done = |news: &Value| {
        let found = news["runs"].as_array().expect("a list of runs");
        found.len() == runs && found.iter().all(|run| run["state"] == "complete")
    };
    assert_eq!(page.ask("/").status, 200);
    page.live().find(is_done).expect("its runs get complete");
}

/// Prints to stderr even when the test harness captures output.
fn say(text: &str) {
    use std::io::Write;
    let mut uncaptured = std::io::stderr();
    writeln!(uncaptured, "\n{text}\n").unwrap();
}

/// The words of a command line, without quotes.
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
    for name in harness::names(&configs) {
        std::fs::copy(configs.join(&name), folder.join("configs").join(&name)).unwrap();
    }
    let mut text = ::wordspace::data::toy::text(1, 3000);
    // The words that the presets watch.
    text.insert_str(0, &"The mom, the dad and lazy Zoe found a red T in the kitchen.\n".repeat(50));
    for name in ["tinystories.txt", "tinyshakespeare.txt", "text.txt", "my-text.txt"] {
        folder.write(name, &text);
    }
    let commands = commands(document);
    assert!(!commands.is_empty(), "{document} has no `sh` block");
    let mut substituted: Vec<String> = Vec::new();
    for Command { line, needs, output } in commands {
        let ours = ["cargo run --release --", "cargo run --release", "wordspace"];
        let Some(arguments) = ours.iter().find_map(|name| line.strip_prefix(name)) else {
            assert!(
                LEFT_OUT.iter().any(|known| line.starts_with(known)),
                "{document}: {line:?} is neither ours nor in LEFT_OUT"
            );
            script_knows_the_options(&line);
            continue;
        };
        let mut words = words(arguments);
        if words.is_empty() {
            words.push("train".into());
        }
        match words[0].as_str() {
            "train" if words.iter().any(|word| word.starts_with("configs/") && word != "configs/toy.toml") => {
                shorten(&mut words)
            }
            "devices" => words.retain(|word| word != "--check"),
            "bench" => {
                words.retain(|word| word != "--quick");
                words.extend(["--quick", "--only", "update", "--device", "flex"].map(String::from));
            }
            _ => {}
        }
        if let Some((named, instead)) = needed(&needs, &folder) {
            assert!(words.contains(&named.to_string()), "{document}: {line:?} does not name {named}");
            words.iter_mut().filter(|word| *word == named).for_each(|word| *word = instead.clone());
            if named != instead && instead.starts_with("substitute") {
                substituted.push(line.clone());
            }
        }
        // A page that keeps running is asked once and stopped.
        words.retain(|word| word != "--open");
        if words[0] == "serve" || words.contains(&"--serve".to_string()) {
            println!("{document}: wordspace {}", words.join(" "));
            serves_its_runs(&folder, &words);
            continue;
        }
        let (words, file) = redirected(&words);
        println!("{document}: wordspace {}", words.join(" "));
        let done = folder.run(&words).succeeds();
        if let Some(file) = file {
            folder.write(file, &done.stdout);
        }
        assert!(output.is_none_or(|output| output == done.stdout), "{document}: {line:?} prints:\n{}", done.stdout);
    }
    if !substituted.is_empty() {
        let lines = substituted.join("\n  ");
        say(&format!("{document}: {} commands used a substitute for the real vectors:\n  {lines}", substituted.len()));
    }
}

/// A `python scripts/…` command names an existing script, which (or `pairing.py`, which it imports) has the command's options.
fn script_knows_the_options(line: &str) {
    let Some(("scripts", arguments)) = line.strip_prefix("python ").and_then(|rest| rest.split_once('/')) else {
        return;
    };
    let script = root().join("scripts").join(arguments.split(' ').next().unwrap());
    let source = std::fs::read_to_string(&script).unwrap_or_else(|error| panic!("{line:?}: {error}"));
    let shared = std::fs::read_to_string(root().join("scripts/peers/pairing.py")).unwrap();
    for option in arguments.split(' ').filter(|word| word.starts_with("--")) {
        let option = format!("\"{option}\"");
        assert!([&source, &shared].iter().any(|text| text.contains(&option)), "{line:?}: no {option} in {script:?}");
    }
}

/// Splits a command into its words and the file that its output is redirected to.
fn redirected(words: &[String]) -> (Vec<&str>, Option<&str>) {
    let mut rest: Vec<&str> = words.iter().map(String::as_str).collect();
    match rest.iter().position(|word| *word == ">") {
        None => (rest, None),
        Some(at) => {
            let file = rest.remove(at + 1);
            rest.remove(at);
            (rest, Some(file))
        }
    }
}

/// Makes a training run short and small.
fn shorten(words: &mut Vec<String>) {
    match words.iter().position(|word| word == "--steps") {
        Some(at) => words[at + 1] = "2".into(),
        None => words.extend(["--steps".into(), "2".into()]),
    }
    let mut small = vec!["evaluate.batches=1", "train.batch=2", "train.accumulate=1"];
    if words.iter().any(|word| word.contains("gpt2-small")) {
        small.extend(["model.context=16", "train.batch=1"]);
    }
    words.extend(small.into_iter().flat_map(|change| ["--set".into(), change.into()]));
}

#[test]
fn commands_in_the_readme_run() {
    all_commands_run("README.md");
}

#[test]
fn commands_about_presets_run() {
    all_commands_run("configs/README.md");
}

#[test]
fn commands_about_benchmarks_run() {
    all_commands_run("docs/benchmarks.md");
}

#[test]
fn benchmarks_link_every_record_and_show_every_chart() {
    let page = std::fs::read_to_string(root().join("docs/benchmarks.md")).unwrap();
    for record in harness::names(&root().join("benches/record")) {
        // A table has the numbers of the JSON file beside it.
        let table = record.replace(".json", ".md");
        let linked = if root().join("benches/record").join(&table).exists() { table } else { record };
        assert!(page.contains(&format!("](../benches/record/{linked})")), "docs/benchmarks.md does not link {linked}");
    }
    let shown = page.split("](charts/").skip(1).map(|rest| rest.split(')').next().unwrap().to_string());
    let (mut shown, drawn): (Vec<String>, _) = (shown.collect(), harness::names(&root().join("docs/charts")));
    shown.sort();
    assert_eq!(shown, drawn, "docs/benchmarks.md shows other charts than docs/charts holds");
}

#[test]
fn commands_about_drivers_run() {
    all_commands_run("docs/drivers.md");
}

#[test]
fn commands_in_the_lesson_run() {
    all_commands_run("docs/lesson.md");
}

#[test]
fn commands_about_the_playground_run() {
    all_commands_run("docs/playground.md");
}

#[test]
fn commands_about_the_live_page_run() {
    all_commands_run("docs/live-page.md");
}

#[test]
fn commands_about_formats_run() {
    all_commands_run("docs/formats.md");
}

#[test]
fn commands_about_pictures_and_scores_run() {
    all_commands_run("docs/projection.md");
}

#[test]
fn commands_about_the_run_folder_run() {
    all_commands_run("docs/run-folder.md");
}

#[test]
fn commands_about_large_files_run() {
    all_commands_run("docs/large-vectors.md");
}

#[test]
fn commands_for_contributors_run() {
    all_commands_run("CONTRIBUTING.md");
}
