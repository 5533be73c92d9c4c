//! The output of a command is complete or absent, and the same command works again. `scripts/faults.py` makes every
//! single file operation fail; here are its findings, each in the form in which a user meets it.

#![cfg(unix)]

mod harness;

use std::process::Command;

use harness::{Done, Folder, names};

/// A folder with a run called `r`.
fn folder_with_a_run() -> Folder {
    let folder = Folder::new();
    folder.train_small("r", &["--steps", "5"]).succeeds();
    folder
}

/// Runs the program where no file may grow beyond `kib` KiB: the system refuses as a full disk does.
fn run_with_room(folder: &Folder, kib: u32, arguments: &str) -> Done {
    let limited = format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" {arguments}");
    let mut command = Command::new("bash");
    command.args(["-c", &limited, env!("CARGO_BIN_EXE_wordspace")]).current_dir(folder.path()).env("NO_COLOR", "1");
    Done::of(command.output().unwrap())
}

#[test]
fn an_export_without_room_leaves_nothing_and_works_again() {
    let folder = folder_with_a_run();
    let failed =
        run_with_room(&folder, 20, "export runs/r models/r").fails(5, &["cannot write models/r: ", "free some space"]);
    assert!(!failed.stderr.contains("resume"), "{}", failed.stderr);
    assert_eq!(names(&folder.join("models")), [""; 0]);
    folder.run(&["export", "runs/r", "models/r"]).succeeds();
    assert_eq!(names(&folder.join("models")), ["r"]);
}

#[test]
fn an_export_appears_by_one_rename_and_over_nothing() {
    let folder = folder_with_a_run();
    std::fs::create_dir(folder.join("mine")).unwrap();
    folder.run(&["export", "runs/r", "mine"]).fails(6, &["mine already exists"]);
    assert_eq!(names(&folder.join("mine")), [""; 0]);
}

#[test]
fn a_static_embedding_without_room_leaves_nothing_and_works_again() {
    let folder = folder_with_a_run();
    let convert = "convert runs/r models/r --to static-embedding";
    // The tokenizer fits, the vectors do not.
    run_with_room(&folder, 16, convert).fails(5, &["cannot write models/r: ", "free some space"]);
    assert_eq!(names(&folder.join("models")), [""; 0]);
    folder.run(&convert.split(' ').collect::<Vec<_>>()).succeeds();
    assert_eq!(names(&folder.join("models")), ["r"]);
}

#[test]
fn a_conversion_to_two_files_without_room_leaves_neither() {
    let folder = folder_with_a_run();
    // The words fit, the vectors do not.
    run_with_room(&folder, 8, "convert runs/r v.npy").fails(5, &["cannot write v.npy", "free some space"]);
    assert_eq!(names(folder.path()), ["runs"]);
    folder.run(&["convert", "runs/r", "v.npy"]).succeeds();
}

#[test]
fn a_conversion_killed_between_its_two_files_works_again() {
    let folder = folder_with_a_run();
    for (vectors, words) in [("v.npy", "v.words.txt"), ("v-vectors.tsv", "v-metadata.tsv")] {
        folder.run(&["convert", "runs/r", vectors]).succeeds();
        let whole = std::fs::read(folder.join(vectors)).unwrap();
        std::fs::remove_file(folder.join(vectors)).unwrap();

        folder.run(&["inspect", words]).fails(3, &["it is a text without vectors"]);
        folder.run(&["convert", "runs/r", vectors]).succeeds();
        assert_eq!(std::fs::read(folder.join(vectors)).unwrap(), whole);

        // Vectors without words, which no kill leaves, are refused.
        std::fs::remove_file(folder.join(words)).unwrap();
        folder.run(&["inspect", vectors]).fails(3, &["it has no words", words]);
    }
}

#[test]
fn a_list_of_other_words_is_not_taken_for_that_of_a_killed_conversion() {
    let folder = folder_with_a_run();
    folder.run(&["convert", "runs/r", "v.npy"]).succeeds();
    std::fs::remove_file(folder.join("v.npy")).unwrap();
    let words = std::fs::read_to_string(folder.join("v.words.txt")).unwrap();
    let others = words.replace("dog\n", "god\n");
    assert!(others != words);
    folder.write("v.words.txt", &others);
    folder.run(&["convert", "runs/r", "v.npy"]).fails(6, &["v.words.txt already exists"]);
    assert_eq!(names(folder.path()), ["runs", "v.words.txt"]);
    assert_eq!(std::fs::read_to_string(folder.join("v.words.txt")).unwrap(), others);
}

#[test]
fn the_same_command_removes_what_it_left_when_it_was_killed() {
    let folder = folder_with_a_run();
    folder.write(".v.npy.7.partial", "half").write(".mine.7.partial", "of another program");
    folder.write("runs/r/.report.html.7.partial", "half");
    for killed in [".e.7.partial", "runs/.q.7.partial"] {
        std::fs::create_dir_all(folder.join(killed)).unwrap();
        folder.write(&format!("{killed}/LOCK"), "process 7");
    }
    folder.run(&["convert", "runs/r", "v.npy"]).succeeds();
    folder.run(&["export", "runs/r", "e"]).succeeds();
    folder.run(&["report", "runs/r"]).succeeds();
    folder.train_small("s", &["--steps", "1"]).succeeds();
    assert_eq!(names(folder.path()), [".mine.7.partial", "e", "runs", "v.npy", "v.words.txt"]);
    assert_eq!(names(&folder.join("runs")), ["r", "s"]);
    assert!(names(&folder.join("runs/r")).iter().all(|name| !name.contains("partial")));
}
