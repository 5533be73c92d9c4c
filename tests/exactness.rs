//! A run is a function of configuration, text and seed: whatever happens to it on the way, it ends with the same bits.

mod harness;

use std::process::Child;
use std::time::{Duration, Instant};

use harness::{Folder, RunResult, small};

const STEPS: &[&str] = &["--steps", "40"];

fn never_stopped(folder: &Folder) -> RunResult {
    folder.train_small("whole", STEPS).succeeds();
    folder.result_of("whole")
}

/// Goes on with a run that was killed, however far it had come.
fn finish(folder: &Folder, name: &str) {
    match folder.join("runs").join(name).exists() {
        true => folder.run(&["resume", &format!("runs/{name}")]).succeeds(),
        false => folder.train_small(name, STEPS).succeeds(),
    };
}

#[track_caller]
fn assert_same(folder: &Folder, name: &str, whole: &RunResult, what: &str) {
    let found = folder.result_of(name);
    assert_eq!(found.log, whole.log, "{what}: the logs differ");
    assert!(found == *whole, "{what}: weights, moments or tables differ");
}

/// Waits until `moment` has come, looking as often as it can, or the process has ended. Returns whether it came.
fn await_moment(process: &mut Child, moment: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    loop {
        if moment() {
            return true;
        }
        if process.try_wait().expect("the process is ours").is_some() {
            return false;
        }
        assert!(began.elapsed() < Duration::from_secs(300), "the run neither goes on nor ends");
        std::thread::yield_now();
    }
}

#[test]
fn the_same_run_twice_gives_the_same_bits() {
    let folder = Folder::new();
    let whole = never_stopped(&folder);
    folder.train_small("again", STEPS).succeeds();
    assert_same(&folder, "again", &whole, "the second run");
}

#[test]
fn one_thread_and_two_give_the_same_bits() {
    let folder = Folder::new();
    let wide = ["--steps", "6", "--set", "model.channels=128", "--set", "train.batch=32", "--set", "model.context=32"];
    folder.train_small("one", &[&wide[..], &["--threads", "1"]].concat()).succeeds();
    folder.train_small("two", &[&wide[..], &["--threads", "2"]].concat()).succeeds();
    folder.train_small("three", &[&wide[..], &["--threads", "3"]].concat()).succeeds();
    let one = folder.result_of("one");
    assert_same(&folder, "two", &one, "two threads");
    assert_same(&folder, "three", &one, "three threads");
}

#[test]
fn another_seed_gives_other_bits() {
    let folder = Folder::new();
    folder.train_small("a", &["--steps", "2"]).succeeds();
    folder.train_small("b", &["--steps", "2", "--seed", "43"]).succeeds();
    assert_ne!(folder.result_of("a").model, folder.result_of("b").model);
}

#[test]
fn a_run_killed_at_any_length_of_its_log_resumes_to_the_same_end() {
    let folder = Folder::new();
    let whole = never_stopped(&folder);
    let length = std::fs::metadata(folder.join("runs/whole/log.jsonl")).unwrap().len();
    for nth in 0..14 {
        let (name, bytes) = (format!("killed-{nth}"), nth * length / 14);
        let log = folder.join("runs").join(&name).join("log.jsonl");
        let mut process = folder.start(&small(&name, STEPS));
        // The first is killed as soon as it is there, perhaps before it has made its folder.
        await_moment(&mut process, || nth == 0 || std::fs::metadata(&log).is_ok_and(|log| log.len() > bytes));
        process.kill().expect("the process is ours");
        process.wait().expect("the process is ours");
        finish(&folder, &name);
        assert_same(&folder, &name, &whole, &format!("killed when its log had {bytes} bytes"));
    }
}

#[test]
fn a_run_killed_while_saving_a_checkpoint_resumes_to_the_same_end() {
    let folder = Folder::new();
    let whole = never_stopped(&folder);
    let mut half_written = 0;
    for (nth, step) in [5, 10, 15, 20, 30, 40].into_iter().enumerate() {
        let name = format!("killed-{nth}");
        let mut process = folder.start(&small(&name, STEPS));
        let partial = format!(".step-{step:06}.{}.partial", process.id());
        let partial = folder.join("runs").join(&name).join("checkpoints").join(partial);
        half_written += usize::from(await_moment(&mut process, || partial.exists()));
        process.kill().expect("the process is ours");
        process.wait().expect("the process is ours");
        finish(&folder, &name);
        assert_same(&folder, &name, &whole, &format!("killed while it saved step {step}"));
    }
    assert!(half_written > 0, "no run was caught while it saved");
}

#[test]
fn a_run_killed_twice_and_one_with_dropout_and_accumulation_are_exact_too() {
    let folder = Folder::new();
    let more =
        ["--steps", "30", "--set", "model.dropout=0.2", "--set", "train.accumulate=3", "--set", "model.tied=false"];
    folder.train_small("whole", &more).succeeds();
    let mut process = folder.start(&small("killed", &more));
    let run = folder.join("runs/killed");
    for checkpoint in ["checkpoints/step-000005", "checkpoints/step-000015"] {
        await_moment(&mut process, || run.join(checkpoint).exists());
        process.kill().expect("the process is ours");
        process.wait().expect("the process is ours");
        process = folder.start(&["resume", "runs/killed"]);
    }
    assert!(process.wait().expect("the process is ours").success());
    assert_same(&folder, "killed", &folder.result_of("whole"), "killed twice");
}

#[test]
fn lazy_rows_are_exact_after_a_kill_and_at_any_number_of_threads() {
    let folder = Folder::new();
    let lazy = [
        "--steps",
        "20",
        "--set",
        "train.lazy=true",
        "--set",
        "model.tied=false",
        "--set",
        "train.accumulate=2",
        "--set",
        "model.dropout=0.1",
    ];
    folder.train_small("whole", &[&lazy[..], &["--threads", "1"]].concat()).succeeds();
    let whole = folder.result_of("whole");
    folder.train_small("three", &[&lazy[..], &["--threads", "3"]].concat()).succeeds();
    assert_same(&folder, "three", &whole, "three threads");
    let mut process = folder.start(&small("killed", &lazy));
    await_moment(&mut process, || folder.join("runs/killed/checkpoints/step-000010").exists());
    process.kill().expect("the process is ours");
    process.wait().expect("the process is ours");
    folder.run(&["resume", "runs/killed"]).succeeds();
    assert_same(&folder, "killed", &whole, "killed");
}

#[test]
fn a_split_batch_gives_the_gradient_of_the_whole() {
    let folder = Folder::new();
    let losses = |name: &str| -> Vec<f64> {
        let log = harness::log(&folder.join("runs").join(name));
        log.iter().filter(|line| line["event"] == "step").map(|line| line["loss"].as_f64().unwrap()).collect()
    };
    folder.train_small("whole", &["--steps", "10", "--set", "train.batch=12"]).succeeds();
    folder.train_small("split", &["--steps", "10", "--set", "train.batch=4", "--set", "train.accumulate=3"]).succeeds();
    for (whole, split) in losses("whole").into_iter().zip(losses("split")) {
        assert!((whole - split).abs() < 1e-5 * whole, "{whole} and {split}");
    }
}
