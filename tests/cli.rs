//! What every command line program owes its users: help, completions, man pages, licences, colours.

mod harness;

use std::collections::BTreeSet;
use std::process::Command;

use harness::{Done, Folder, names, small};

/// The names of the commands, from the help text.
fn commands() -> Vec<String> {
    let help = Folder::new().run(&["--help"]).succeeds().stdout;
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let name =
        |line: &str| line.strip_prefix("  ")?.split(' ').next().filter(|name| !name.is_empty()).map(String::from);
    list.lines().filter_map(name).filter(|name| name != "help").collect()
}

#[test]
fn every_command_has_help_and_says_how_it_exits() {
    let folder = Folder::new();
    let commands = commands();
    assert!(commands.len() > 18 && commands.contains(&"licences".to_string()), "{commands:?}");
    for command in &commands {
        let help = folder.run(&[command, "--help"]).succeeds().stdout;
        assert!(help.contains("Usage: wordspace"), "{help}");
    }
    assert!(folder.run(&["--help"]).succeeds().stdout.contains("Exit codes: 0 done"));
    assert!(folder.run(&["--version"]).succeeds().stdout.starts_with("wordspace "));
}

#[test]
fn completions_know_every_command() {
    let script = Folder::new().run(&["completions", "bash"]).succeeds().stdout;
    for command in commands() {
        let name = command.replace('-', "__subcmd__");
        assert!(script.contains(&format!("wordspace__subcmd__{name}")), "{command}");
    }
}

#[test]
fn every_command_has_a_man_page() {
    let folder = Folder::new();
    let json = folder.run(&["man", "--to", "man/man1", "--json"]).succeeds().json();
    let mut expected: Vec<String> = commands().iter().map(|command| format!("wordspace-{command}.1")).collect();
    expected.push("wordspace.1".into());
    expected.sort();
    assert_eq!(names(&folder.join("man/man1")), expected);
    assert_eq!(json["files"].as_array().unwrap().len(), expected.len());
    let page = std::fs::read_to_string(folder.join("man/man1/wordspace-neighbors.1")).unwrap();
    for word in [".TH", "NAME", "SYNOPSIS", "wordspace neighbors", "centred"] {
        assert!(page.contains(word), "{word:?} is not in: {page}");
    }
    // Pages of an older version are replaced.
    std::fs::write(folder.join("man/man1/wordspace.1"), "old").unwrap();
    let done = folder.run(&["man", "--to", "man/man1"]).succeeds();
    assert!(done.stdout.starts_with("man/man1/wordspace.1\n"), "{}", done.stdout);
    assert!(std::fs::read_to_string(folder.join("man/man1/wordspace.1")).unwrap().contains("wordspace"));
    folder.write("file", "").run(&["man", "--to", "file"]).fails(5, &["cannot write file"]);
}

/// Name and version of every crate that the default build links on this machine.
fn linked() -> BTreeSet<(String, String)> {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let tree = ["tree", "--locked", "--offline", "-p", "wordspace", "-e", "normal,no-proc-macro", "--prefix", "none"];
    let output = Command::new(cargo).args(tree).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let tree = Done::of(output).succeeds().stdout;
    let package = |line: &str| {
        let (name, version) = line.split_once(" v").unwrap_or_else(|| panic!("{line:?}"));
        (name.to_string(), version.split(' ').next().unwrap().to_string())
    };
    tree.lines().filter(|line| !line.starts_with("wordspace")).map(package).collect()
}

#[test]
fn licences_cover_every_crate_of_the_default_build() {
    let json = Folder::new().run(&["licences", "--json"]).succeeds().json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_string();
    let packages = json["packages"].as_array().unwrap();
    let covered: BTreeSet<_> = packages.iter().map(|one| (text(&one["name"]), text(&one["version"]))).collect();
    let missing: Vec<_> = linked().into_iter().filter(|package| !covered.contains(package)).collect();
    assert!(missing.is_empty(), "run python scripts/licences.py, for {missing:?}");
    for part in ["wordspace", "three", "Ubuntu Light", "GPT-2's vocabulary", "mimalloc", "Rust's standard library"] {
        assert!(covered.iter().any(|(name, _)| name == part), "{part}");
    }
    for package in packages {
        assert!(!package["copyright"].as_array().unwrap().is_empty(), "{package}");
        let texts = package["texts"].as_array().unwrap();
        assert!(!texts.is_empty() && texts.iter().all(|name| json["texts"][text(name)].is_string()), "{package}");
    }
}

#[test]
fn licences_are_printed_for_people_too() {
    let text = Folder::new().run(&["licences"]).succeeds().stdout;
    for words in [
        "Permission is hereby granted",
        "Apache License",
        "Mozilla Public License",
        "three 0.187",
        "UBUNTU FONT LICENCE",
    ] {
        assert!(text.contains(words), "{words:?}");
    }
}

/// Whether an error is coloured with `arguments` and `variables`.
fn is_coloured(arguments: &[&str], variables: &[(&str, &str)]) -> bool {
    let folder = Folder::new();
    let mut command = folder.command(&[&["resume", "none"], arguments].concat());
    command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE").env("TERM", "xterm").envs(variables.iter().copied());
    Done::of(command.output().unwrap()).stderr.contains("\x1b[")
}

#[test]
fn colours_follow_the_option_and_the_environment() {
    assert!(!is_coloured(&[], &[]), "stderr is no terminal");
    assert!(is_coloured(&["--color", "always"], &[]));
    assert!(is_coloured(&["--color", "always"], &[("NO_COLOR", "1"), ("TERM", "dumb")]));
    assert!(is_coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!is_coloured(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!is_coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn what_files_and_arguments_say_cannot_steer_the_terminal() {
    let folder = Folder::new();
    // A word, a path and an argument that would clear the screen; C1 controls and reversed text too.
    let escape = "\u{1b}[2J\u{9b}2J\u{202e}";
    folder.write("vectors.txt", format!("2 2\n{escape}red 1 2\nblue 2 1\n"));
    let clean = |arguments: &[&str]| {
        let mut command = folder.command(&[arguments, &["--color", "always"]].concat());
        let done = Done::of(command.env_remove("NO_COLOR").output().unwrap());
        let said = done.stdout + &done.stderr;
        // Colours are ours: they have no 2J.
        assert!(!said.contains("\u{1b}[2J") && !said.contains(['\u{9b}', '\u{202e}']), "{arguments:?}: {said:?}");
        said
    };
    let word = format!("{escape}red");
    assert!(clean(&["neighbors", "vectors.txt", "blue"]).contains("red"));
    clean(&["neighbors", "vectors.txt", &word]);
    clean(&["neighbors", "vectors.txt", "blue", "--json"]);
    clean(&["inspect", "vectors.txt"]);
    clean(&["inspect", "vectors.txt", "--json"]);
    assert!(clean(&["inspect", &word]).contains("\\u001b[2J\\u009b2J\\u202ered"));
    clean(&["convert", "vectors.txt", &format!("{word}.npy")]);
    assert!(clean(&["resume", &word]).contains("there is no such run"));
    assert!(clean(&["train", &format!("--{word}")]).contains("red"));
    assert!(clean(&["train", "--set", &word]).contains("red"));
    assert!(clean(&["train", "--tokenizer", &word]).contains("red"));
}

/// What reads the result has stopped, as `head -1` does after a line.
#[test]
#[cfg(unix)]
fn a_closed_pipe_ends_every_command_quietly() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "5", "--quiet"]).succeeds();
    let vectors = "runs/toy";
    for arguments in [
        &["neighbors", vectors, "cat"][..],
        &["similarity", vectors, "cat", "dog"],
        &["odd-one-out", vectors, "cat", "dog", "piano"],
        &["tokens", "the cat", "--tokenizer", vectors],
        &["embed", "the cat", "--source", vectors],
        &["evaluate", vectors],
        &["inspect", vectors],
        &["generate", vectors, "--prompt", "the", "--tokens", "3"],
        &["devices"],
        &["licences"],
        &["completions", "bash"],
        &["resume", vectors, "--more", "1"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = Done::of(folder.command(arguments).stdout(writer).output().unwrap()).succeeds();
        assert!(!done.stderr.contains("bug") && !done.stderr.contains("error"), "{arguments:?}: {}", done.stderr);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_a_failure_of_the_disk() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let done = Done::of(Folder::new().command(&["devices"]).stdout(full).output().unwrap());
    done.fails(5, &["the result cannot be written to stdout", "No space left"]);
}

#[test]
fn a_wrong_number_is_refused_with_what_was_expected() {
    let folder = Folder::new();
    folder.run(&["train", "--steps", "-3"]).fails(2, &["expected a whole number from 0, found \"-3\""]);
    folder.run(&["train", "--seed", "99999999999999999999999"]).fails(2, &["expected a whole number from 0"]);
    folder
        .run(&["generate", "runs/toy", "--prompt", "x", "--temperature", "warm"])
        .fails(2, &["expected a number from 0"]);
}

#[test]
fn tables_fit_narrow_terminals() {
    let folder = Folder::new();
    let narrow = |arguments: &[&str], columns: usize| {
        let done = folder.command(arguments).env("COLUMNS", columns.to_string()).output().unwrap();
        let table = Done::of(done).succeeds().stdout;
        let long = table.lines().find(|line| line.chars().count() > columns);
        assert_eq!(long, None, "{arguments:?} in {columns} columns:\n{table}");
        table
    };
    folder.write("pairs.tsv", "cat\tdog\t9\nking\tqueen\t8\ncat\tpiano\t1\ncat\thill\t2\n");
    for columns in [60, 40] {
        let name = format!("in-{columns}");
        let run = format!("runs/{name}");
        let closing = narrow(&small(&name, &["--steps", "10"]), columns);
        assert!(closing.contains("cat · dog") && closing.contains("after") && closing.contains("perplexity"));
        narrow(&["neighbors", &run, "cat"], columns);
        narrow(&["similarity", &run, "cat", "dog"], columns);
        narrow(&["odd-one-out", &run, "cat", "dog", "piano"], columns);
        narrow(&["analogy", &run, "man", "woman", "king"], columns);
        narrow(&["inspect", &run], columns);
        narrow(&["devices"], columns);
        narrow(&["tokens", "the cat sleeps", "--tokenizer", &run], columns);
        narrow(&["embed", "the cat sleeps on a mat", "--source", &run], columns);
        let scores = narrow(&["evaluate", &run, "--similarity", "pairs.tsv"], columns);
        assert!(scores.contains("similarity, Spearman"), "{scores}");
    }
}

#[test]
fn panics_that_kernel_tuning_recovers_from_print_nothing() {
    let done = Done::of(Folder::new().command(&["devices", "--check"]).env("RUST_BACKTRACE", "1").output().unwrap());
    let said = done.succeeds().stderr;
    assert!(!said.contains("panicked") && !said.contains("backtrace"), "{said}");
}
