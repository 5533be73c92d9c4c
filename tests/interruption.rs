//! Stopping, sharing and running out of room: what a run does when the world around it does not wait.

#![cfg(unix)]

mod harness;

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use harness::{Done, Folder, names, signal, small};

/// A run that is still going on when a test looks at it.
const LONG: &[&str] = &["--steps", "1000000", "--set", "evaluate.every=0", "--set", "checkpoint.every=0"];

/// Starts a long run and waits until it has made some steps.
fn start_long(folder: &Folder) -> Child {
    let mut process = folder.start(&small("long", LONG));
    let log = folder.join("runs/long/log.jsonl");
    let began = Instant::now();
    while !std::fs::read_to_string(&log).is_ok_and(|log| log.matches("\"step\",").count() > 20) {
        assert!(process.try_wait().unwrap().is_none(), "the run ended by itself");
        assert!(began.elapsed() < Duration::from_secs(120), "the run does not begin");
        std::thread::yield_now();
    }
    process
}

/// Asks a long run to stop by `name`; it must leave a checkpoint, say how to go on, and be exact when gone on with.
fn stops_after_a_checkpoint(name: &str) {
    let folder = Folder::new();
    let mut process = start_long(&folder);
    signal(&process, name);
    assert_eq!(process.wait().unwrap().code(), Some(130));

    let checkpoints = names(&folder.join("runs/long/checkpoints"));
    let step: u64 = checkpoints.last().unwrap()["step-".len()..].parse().unwrap();
    assert!(step >= 20, "{checkpoints:?}");
    let goal = (step + 10).to_string();
    folder.run(&["resume", "runs/long", "--steps", &goal]).succeeds();
    let resumed = harness::log(&folder.join("runs/long"));
    let steps: Vec<u64> =
        resumed.iter().filter(|l| l["event"] == "step").map(|l| l["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, (1..=step + 10).collect::<Vec<_>>());
}

#[test]
fn ctrl_c_finishes_the_step_saves_and_exits_130() {
    stops_after_a_checkpoint("INT");
}

#[test]
fn a_request_to_terminate_does_the_same() {
    stops_after_a_checkpoint("TERM");
}

#[test]
fn ctrl_c_while_a_long_text_is_tokenized_exits_130_and_frees_the_name() {
    let folder = Folder::new();
    folder.write("long.txt", ::wordspace::data::toy::text(1, 12_000).repeat(50));
    let mut command = folder.command(&small("stopped", &["--text", "long.txt"]));
    let process = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    while !folder.join("runs/stopped").exists() {
        std::thread::yield_now();
    }
    signal(&process, "INT");
    Done::of(process.wait_with_output().unwrap()).fails(130, &["stopped before it was done"]);
    assert!(!folder.join("runs/stopped").exists());
}

#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let folder = Folder::new();
    let mut command = folder.command(&small("long", LONG));
    let process = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let log = folder.join("runs/long/log.jsonl");
    while !std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        std::thread::yield_now();
    }
    signal(&process, "INT");
    let done = Done::of(process.wait_with_output().unwrap());
    assert_eq!(done.code, Some(130));
    assert!(done.stderr.contains("wordspace resume runs/long"), "{}", done.stderr);
    assert!(done.stdout.contains("(interrupted)"), "{}", done.stdout);
}

#[test]
fn a_second_process_on_the_same_run_leaves_at_once_and_names_the_first() {
    let folder = Folder::new();
    let mut process = start_long(&folder);
    let began = Instant::now();
    let holder = format!("process {}", process.id());
    folder.run(&["resume", "runs/long"]).fails(6, &["runs/long", &holder]);
    folder.train_small("long", &[]).fails(6, &["already exists", "wordspace resume runs/long", "--name long-2"]);
    assert!(began.elapsed() < Duration::from_secs(10));
    process.kill().unwrap();
    process.wait().unwrap();
    // Killed: the lock went with it.
    folder.run(&["resume", "runs/long", "--steps", "30"]).succeeds();
}

#[test]
fn a_run_without_room_for_its_checkpoint_exits_5_and_keeps_the_one_before() {
    let folder = Folder::new();
    let large = ["--set", "model.channels=256", "--steps", "5"];
    for name in ["full", "whole"] {
        folder.train_small(name, &large).succeeds();
    }
    folder.run(&["resume", "runs/whole", "--steps", "10"]).succeeds();

    // No file may grow beyond 1 MiB, and the model's is larger: the system refuses as a full disk does.
    let resume = "trap '' XFSZ; ulimit -f 1024; exec \"$0\" resume runs/full --steps 10";
    let mut command = Command::new("bash");
    command.args(["-c", resume, env!("CARGO_BIN_EXE_wordspace")]).current_dir(folder.path()).env("NO_COLOR", "1");
    let done =
        Done::of(command.output().unwrap()).fails(5, &["cannot write", "runs/full/checkpoints", "resume runs/full"]);
    assert!(done.stderr.contains("free some space"), "{}", done.stderr);
    assert_eq!(names(&folder.join("runs/full/checkpoints")), ["step-000005"]);

    folder.run(&["resume", "runs/full"]).succeeds();
    assert!(folder.result_of("full").model == folder.result_of("whole").model);
}

#[test]
fn a_damaged_checkpoint_is_named_and_the_one_before_is_used() {
    let folder = Folder::new();
    folder.train_small("whole", &["--steps", "20"]).succeeds();
    folder.train_small("hurt", &["--steps", "20"]).succeeds();
    let model = folder.join("runs/hurt/checkpoints/step-000020/model.safetensors");
    let mut bytes = std::fs::read(&model).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&model, bytes).unwrap();

    let done = folder.run(&["resume", "runs/hurt"]).succeeds();
    assert!(
        done.stderr.contains("step-000020 is skipped: model.safetensors has the right size but"),
        "{}",
        done.stderr
    );
    assert!(folder.result_of("hurt") == folder.result_of("whole"));
    assert!(names(&folder.join("runs/hurt/checkpoints")).contains(&"damaged-1-step-000020".to_string()));
}

#[test]
fn a_complete_run_can_be_gone_on_with_and_its_past_stays_as_it_was() {
    let folder = Folder::new();
    folder.train_small("run", &["--steps", "10"]).succeeds();
    let past = harness::log(&folder.join("runs/run"));
    let json = folder.run(&["resume", "runs/run", "--json"]).succeeds().json();
    assert_eq!(json["steps"], 10);
    let json = folder.run(&["resume", "runs/run", "--steps", "15", "--json"]).succeeds().json();
    assert_eq!(json["steps"], 15);
    assert_eq!(harness::log(&folder.join("runs/run"))[..past.len()], past);
}
