//! Nothing lost, nothing let in: damaged, missing and stray checkpoints, runs that diverge, and names that are taken.

#![cfg(unix)]

mod harness;

use std::path::{Path, PathBuf};
use std::process::Child;

use ::wordspace::data::{below, generator};
use harness::{Done, Folder, names, signal, small};

/// A run that keeps one checkpoint of every fifth step.
const KEEP_ONE: &[&str] = &["--steps", "40", "--set", "checkpoint.keep=1", "--set", "evaluate.every=100000"];

/// The checkpoints of the run called `name`, oldest first.
fn checkpoints(folder: &Folder, name: &str) -> Vec<String> {
    let found = folder.join(&format!("runs/{name}/checkpoints"));
    let all = if found.exists() { names(&found) } else { Vec::new() };
    all.into_iter().filter(|name| name.starts_with("step-")).collect()
}

/// Cuts the parameters of a checkpoint short.
fn damage(folder: &Folder, name: &str, checkpoint: &str) {
    let path = folder.join(&format!("runs/{name}/checkpoints/{checkpoint}/model.safetensors"));
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
}

/// Waits until `path` exists or the process has ended.
fn await_path(process: &mut Child, path: &Path) {
    while !path.exists() && process.try_wait().expect("the process is ours").is_none() {
        std::thread::yield_now();
    }
}

/// Kills the process, unless it has ended, and returns its exit code.
fn kill(mut process: Child) -> Option<i32> {
    process.kill().expect("the process is ours");
    process.wait().expect("the process is ours").code()
}

/// The folder that something called `name` was moved to in `parent`.
fn moved(parent: &Path, name: &str) -> PathBuf {
    let dated = |found: &String| found.starts_with(&format!("{name}-2")) && found.len() > name.len() + 10;
    let found: Vec<String> = names(parent).into_iter().filter(dated).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    parent.join(&found[0])
}

#[test]
fn a_run_with_damaged_checkpoints_only_stops_until_it_is_begun_again() {
    let folder = Folder::new();
    folder.train_small("whole", KEEP_ONE).succeeds();
    folder.train_small("hurt", KEEP_ONE).succeeds();
    assert_eq!(checkpoints(&folder, "hurt"), ["step-000040"]);
    damage(&folder, "hurt", "step-000040");

    let log = std::fs::read(folder.join("runs/hurt/log.jsonl")).unwrap();
    for more in [&[][..], &["--more", "5"], &["--set", "train.clip=2"]] {
        let done = folder.run(&[&["resume", "runs/hurt"], more].concat());
        done.fails(3, &["no checkpoint is valid", "step-000040 is skipped: model.safetensors has", "--from-scratch"]);
    }
    assert_eq!(std::fs::read(folder.join("runs/hurt/log.jsonl")).unwrap(), log);

    let done = folder.run(&["resume", "runs/hurt", "--from-scratch"]).succeeds();
    assert!(done.stderr.contains("moved   its earlier results to runs/hurt/set-aside-2"), "{}", done.stderr);
    assert!(folder.result_of("hurt") == folder.result_of("whole"));
    let aside = moved(&folder.join("runs/hurt"), "set-aside");
    assert!(aside.join("checkpoints/step-000040/optimizer.safetensors").exists());
    assert_eq!(std::fs::read(aside.join("log.jsonl")).unwrap(), log);
}

#[test]
fn a_run_whose_checkpoints_are_gone_says_so() {
    let folder = Folder::new();
    let mut process = folder.start(&small("gone", KEEP_ONE));
    await_path(&mut process, &folder.join("runs/gone/checkpoints/step-000010"));
    kill(process);
    std::fs::remove_dir_all(folder.join("runs/gone/checkpoints")).unwrap();
    let done = folder.run(&["resume", "runs/gone"]);
    done.fails(3, &["was saved here, but is gone", "wordspace resume runs/gone --from-scratch"]);
    folder.run(&["resume", "runs/gone", "--from-scratch"]).succeeds();
}

#[test]
fn names_that_are_no_checkpoints_are_named_and_change_nothing() {
    let folder = Folder::new();
    folder.train_small("run", KEEP_ONE).succeeds();
    let inspected = folder.run(&["inspect", "runs/run"]).succeeds().stdout;
    let checkpoints = folder.join("runs/run/checkpoints");
    for stray in ["step-7", "step-99999"] {
        std::fs::create_dir(checkpoints.join(stray)).unwrap();
    }
    folder.write("runs/run/checkpoints/step-000041", "a file");
    assert_eq!(folder.run(&["inspect", "runs/run"]).succeeds().stdout, inspected);
    let done = folder.run(&["resume", "runs/run", "--steps", "45"]).succeeds();
    for stray in ["step-7 is skipped", "step-99999 is skipped", "step-000041 is skipped"] {
        assert!(done.stderr.contains(stray), "{}", done.stderr);
    }
    assert_eq!(names(&checkpoints), ["step-000041", "step-000045", "step-7", "step-99999"]);
    folder.run(&["resume", "runs/run", "--steps", "44"]).fails(2, &["has made 45 steps already"]);
}

/// Damage, kills and resumes at random: a run says that its checkpoints are lost, or ends with the same bits.
#[test]
fn whatever_is_damaged_between_kills_a_run_ends_with_the_same_bits() {
    let folder = Folder::new();
    folder.train_small("whole", &["--steps", "40"]).succeeds();
    let whole = folder.result_of("whole");
    for keep in 1..=3 {
        let (name, setting) = (format!("keep-{keep}"), format!("checkpoint.keep={keep}"));
        let run = format!("runs/{name}");
        let (resume, again) = (["resume", &run], ["resume", &run, "--from-scratch"]);
        let mut random = generator(keep, "damage", 1);
        let mut process = folder.start(&small(&name, &["--steps", "40", "--set", &setting]));
        for _ in 0..6 {
            let next = 5 * (1 + below(&mut random, 8));
            await_path(&mut process, &folder.join(&format!("{run}/checkpoints/step-{next:06}")));
            let code = kill(process);
            let all = checkpoints(&folder, &name);
            all.iter().filter(|_| below(&mut random, 2) > 0).for_each(|checkpoint| damage(&folder, &name, checkpoint));
            process = folder.start(if code == Some(3) { &again } else { &resume });
        }
        kill(process);
        if folder.run(&resume).code == Some(3) {
            folder.run(&again).succeeds();
        }
        assert!(folder.result_of(&name) == whole, "keep {keep}");
    }
}

#[test]
fn a_run_that_diverges_in_its_last_update_fails_and_resumes_with_a_smaller_rate() {
    let folder = Folder::new();
    let wild = ["train.learning_rate=3e38", "train.min_learning_rate=3e38", "train.warmup=0"];
    let wild: Vec<&str> = wild.iter().flat_map(|change| ["--set", change]).collect();
    let done = folder.train_small("wild", &[&["--steps", "1"], &wild[..]].concat());
    let done = done.fails(1, &["training has diverged at step 1", "no checkpoint was saved before"]);
    assert!(checkpoints(&folder, "wild").is_empty());
    let hint = "resume runs/wild --set train.learning_rate=3e37 --set train.min_learning_rate=3e36";
    assert!(done.stderr.contains(hint), "{}", done.stderr);

    let calm = ["--set", "train.learning_rate=1e-3", "--set", "train.min_learning_rate=1e-4"];
    let json = folder.run(&[&["resume", "runs/wild", "--json"], &calm[..]].concat()).succeeds().json();
    assert!(json["val_loss"].as_f64().is_some_and(f64::is_finite), "{json}");
}

#[test]
fn a_diverged_run_continues_from_its_last_good_step_with_a_smaller_rate() {
    let folder = Folder::new();
    folder.train_small("run", &["--steps", "20"]).succeeds();
    // Weights of such an update are finite, but nothing can be computed with them.
    for rate in ["1e38", "1e30", "1e12"] {
        let rate = format!("train.learning_rate={rate}");
        let wild = ["resume", "runs/run", "--steps", "40", "--set", &rate, "--set", "checkpoint.every=1"];
        let done = folder.run(&wild);
        done.fails(
            1,
            &["training has diverged at step", "is that of step 20", "resume runs/run --set train.learning_ra"],
        );
        assert_eq!(checkpoints(&folder, "run").last().unwrap(), "step-000020", "{rate}");
    }
    let json = folder.run(&["resume", "runs/run", "--set", "train.learning_rate=1e-3", "--json"]).succeeds().json();
    assert_eq!(json["steps"], 40);
    assert!(json["val_loss"].as_f64().unwrap() < json["val_loss_before"].as_f64().unwrap(), "{json}");
}

#[test]
fn another_seed_or_tokenizer_than_the_run_was_made_with_is_refused() {
    let folder = Folder::new();
    folder.train_small("run", &["--steps", "5"]).succeeds();
    let path = folder.join("runs/run/config.toml");
    let config = std::fs::read_to_string(&path).unwrap();
    for (line, other, key) in [
        ("seed = 42", "seed = 43", "run.seed is 43: the run was made with 42"),
        ("tokenizer = \"word\"", "tokenizer = \"char\"", "data.tokenizer is \"char\": the run was made with \"word\""),
    ] {
        assert!(config.contains(line));
        std::fs::write(&path, config.replace(line, other)).unwrap();
        folder.run(&["resume", "runs/run", "--more", "5"]).fails(2, &[key, "[train]", "may be changed"]);
    }
    std::fs::write(&path, &config).unwrap();
    folder.run(&["resume", "runs/run", "--set", "run.seed=1"]).fails(2, &["run.seed is 1"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), config);
    let other = ["--set", "train.batch=8", "--set", r#"watch.pairs=[["king", "queen"]]"#, "--more", "5", "--json"];
    let json = folder.run(&[&["resume", "runs/run"], &other[..]].concat()).succeeds().json();
    assert!(json["pairs"][0]["a"] == "king" && json["pairs"][0]["ranks_before"].is_array(), "{json}");
}

#[test]
fn more_steps_are_counted_from_where_the_run_stands() {
    let folder = Folder::new();
    folder.train_small("run", &["--steps", "10"]).succeeds();
    for steps in [17, 24] {
        let json = folder.run(&["resume", "runs/run", "--more", "7", "--json"]).succeeds().json();
        assert_eq!(json["steps"], steps);
    }
    folder.run(&["resume", "runs/run", "--more", "7", "--steps", "50"]).fails(2, &["--more", "--steps"]);
    let most = u64::MAX.to_string();
    folder.run(&["resume", "runs/run", "--more", &most]).fails(2, &["train.steps is", "it must be at most"]);
}

#[test]
fn overwriting_moves_the_old_run_to_a_name_with_the_date() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "10"]).succeeds();
    let before = folder.result_of("toy");
    let done = folder.train_small("toy", &["--steps", "5", "--overwrite"]).succeeds();
    assert!(done.stderr.contains("moved   runs/toy to runs/toy-2"), "{}", done.stderr);
    assert_eq!(checkpoints(&folder, "toy"), ["step-000005"]);
    let aside = moved(&folder.join("runs"), "toy");
    assert!(folder.result_of(aside.file_name().unwrap().to_str().unwrap()) == before);

    std::fs::create_dir(folder.join("runs/mine")).unwrap();
    folder.train_small("mine", &["--overwrite"]).fails(6, &["runs/mine already exists"]);
}

#[test]
fn the_name_of_a_run_without_a_checkpoint_is_free() {
    let folder = Folder::new();
    let never = ["--steps", "1000000", "--set", "evaluate.every=0", "--set", "checkpoint.every=0"];
    let mut process = folder.start(&small("toy", &never));
    await_path(&mut process, &folder.join("runs/toy/vectors/step-000004.safetensors"));
    folder.train_small("toy", &[]).fails(6, &["runs/toy already exists"]);
    kill(process);
    let done = folder.train_small("toy", &["--steps", "5"]).succeeds();
    assert!(done.stderr.contains("it had no checkpoint"), "{}", done.stderr);
    assert!(moved(&folder.join("runs"), "toy").join("vectors/step-000004.safetensors").exists());
}

/// Starts a run, sends it the signal called `name` once its text is prepared, and checks that it leaves nothing.
#[track_caller]
fn stops_while_the_model_is_initialized(name: &str) {
    let folder = Folder::new();
    let large = ["--set", "model.channels=512", "--set", "model.layers=8", "--set", "evaluate.batches=0"];
    let mut command = folder.command(&small("large", &large));
    let mut process =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    await_path(&mut process, &folder.join("runs/large/corpus.json"));
    signal(&process, name);
    Done::of(process.wait_with_output().unwrap()).fails(130, &["stopped before it was done"]);
    assert!(names(&folder.join("runs")).is_empty());
}

#[test]
fn ctrl_c_while_the_model_is_initialized_exits_130_and_frees_the_name() {
    stops_while_the_model_is_initialized("INT");
}

#[test]
fn a_request_to_terminate_while_the_model_is_initialized_does_the_same() {
    stops_while_the_model_is_initialized("TERM");
}
