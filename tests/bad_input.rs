//! What a person gets wrong, and what they are told: the exit code and a sentence that helps.

mod harness;

use harness::{Folder, small};

/// Trains a small run on a text of `content`.
fn train_on(content: &[u8]) -> (Folder, harness::Done) {
    let folder = Folder::new();
    folder.write("text.txt", content);
    let done = folder.train_small("bad", &["--text", "text.txt"]);
    (folder, done)
}

/// After a failure before training, nothing is left that would be in the way of trying again.
#[track_caller]
fn leaves_nothing(folder: &Folder) {
    assert!(!folder.join("runs/bad").exists());
}

#[test]
fn an_empty_text() {
    let (folder, done) = train_on(b"");
    done.fails(3, &["text.txt is empty"]);
    leaves_nothing(&folder);
}

#[test]
fn a_text_of_one_word() {
    let (folder, done) = train_on(b"cat");
    done.fails(3, &["text.txt", "tokens", "bring more text"]);
    leaves_nothing(&folder);
}

#[test]
fn a_text_shorter_than_the_context() {
    let (folder, done) = train_on("the cat sat on the mat . ".repeat(8).as_bytes());
    done.fails(3, &["the held-out part of text.txt", "a context of 16 needs at least 17", "model.context="]);
    leaves_nothing(&folder);
}

#[test]
fn a_text_that_is_not_utf8() {
    let (folder, done) = train_on(b"caf\xe9 au lait ");
    done.fails(3, &["text.txt is not UTF-8", "offset 3", "iconv"]);
    leaves_nothing(&folder);
}

#[test]
fn a_missing_text() {
    let folder = Folder::new();
    folder.train_small("bad", &["--text", "no-such.txt"]).fails(3, &["cannot read no-such.txt"]);
    leaves_nothing(&folder);
}

#[test]
fn a_directory_instead_of_a_text() {
    let folder = Folder::new();
    folder.train_small("bad", &["--text", "."]).fails(3, &[". is a directory; expected a text file"]);
}

#[test]
fn a_text_with_characters_that_the_tokenizer_does_not_have() {
    let folder = Folder::new();
    // A vocabulary without a token for the unknown.
    let tokenizer = r#"{"model": {"type": "WordLevel", "vocab": {"cat": 0, "dog": 1}, "unk_token": "?"},
        "pre_tokenizer": {"type": "Whitespace"}}"#;
    folder.write("tokenizer.json", tokenizer).write("text.txt", "cat dog cat zebra ".repeat(100));
    let done = folder.train_small("bad", &["--text", "text.txt", "--tokenizer", "tokenizer.json"]);
    done.fails(3, &["no id for some of text.txt", "--tokenizer word"]);
    leaves_nothing(&folder);
}

#[test]
fn a_tokenizer_that_is_none() {
    let folder = Folder::new();
    folder
        .train_small("bad", &["--tokenizer", "wrods"])
        .fails(2, &["\"wrods\"", "expected word, char, bpe:SIZE, gpt2"]);
    folder.train_small("bad", &["--tokenizer", "bpe:12"]).fails(3, &["SIZE must be 257 to 1000000"]);
    folder.train_small("bad", &["--tokenizer", "gone/tokenizer.json"]).fails(3, &["cannot read gone/tokenizer.json"]);
    folder.write("not.json", "PK\u{3}\u{4}").write("other.json", r#"{"a": 1}"#);
    folder.train_small("bad", &["--tokenizer", "not.json"]).fails(3, &["not.json", "it is not JSON"]);
    folder.train_small("bad", &["--tokenizer", "other.json"]).fails(3, &["other.json", "no \"model\""]);
}

#[test]
fn an_unknown_key_with_the_key_that_was_meant() {
    let folder = Folder::new();
    folder.train_small("bad", &["--set", "train.learning_rat=1"]).fails(2, &["did you mean train.learning_rate?"]);
    folder.train_small("bad", &["--set", "steps=1"]).fails(2, &["did you mean train.steps?"]);
    folder.write("config.toml", "[model]\nchanels = 3\n");
    folder.run(&["train", "config.toml"]).fails(2, &["unknown key model.chanels", "did you mean model.channels?"]);
}

#[test]
fn a_key_without_a_value_and_an_option_that_is_none() {
    let folder = Folder::new();
    folder.run(&["train", "--set", "train.steps"]).fails(2, &["KEY=VALUE"]);
    folder.run(&["train", "--step", "5"]).fails(2, &["--steps"]);
    folder.run(&["trian"]).fails(2, &["train"]);
}

#[test]
fn a_configuration_that_is_missing_a_directory_or_no_toml() {
    let folder = Folder::new();
    folder.run(&["train", "none.toml"]).fails(3, &["cannot read none.toml"]);
    folder.run(&["train", "."]).fails(2, &["is a directory", "wordspace resume"]);
    folder.write("text.toml", "once upon a time");
    folder.run(&["train", "text.toml"]).fails(2, &["text.toml is not TOML"]);
}

#[test]
fn sizes_that_contradict_each_other() {
    let folder = Folder::new();
    let done = folder.train_small("bad", &["--set", "model.heads=3"]);
    done.fails(2, &["model.heads is 3: it must divide model.channels, 16"]);
    folder.train_small("bad", &["--set", "model.context=0"]).fails(2, &["model.context is 0"]);
    folder.train_small("bad", &["--set", "model.channels=4000000000"]).fails(2, &["model.channels"]);
    folder.train_small("bad", &["--set", "data.validation=1.5"]).fails(2, &["data.validation is 1.5"]);
    leaves_nothing(&folder);
}

#[test]
fn a_watched_word_that_the_vocabulary_does_not_have() {
    let folder = Folder::new();
    let done = folder.train_small("bad", &["--set", r#"watch.pairs=[["cat", "rabit"]]"#]);
    done.fails(3, &["\"rabit\" is not one token", "did you mean \"rabbit\"?"]);
    leaves_nothing(&folder);
}

#[test]
fn an_output_that_cannot_be_written() {
    let folder = Folder::new();
    folder.write("file", "in the way");
    folder.train_small("bad", &["--out", "file"]).fails(5, &["cannot write file"]);
}

#[test]
fn a_name_that_leads_out_of_the_folder_or_cannot_be_shown() {
    let folder = Folder::new();
    for name in ["../bad", "a/b", "\u{1b}[31mbad", "bad\n", " bad", "a  b", ".bad", "a@5", ""] {
        let done =
            folder.run(&small(name, &[])).fails(2, &["run.name is \"", "letters, digits, . _ - and single spaces"]);
        assert!(!done.stderr.contains('\u{1b}'), "{:?}", done.stderr);
    }
    assert!(!folder.join("runs").exists());
    folder.run(&small("größe 2.b_c-d", &["--steps", "0"])).succeeds();
}

#[test]
fn more_threads_than_any_machine_can_use() {
    let folder = Folder::new();
    let words = ["device.threads is 1000000: this machine has", "cores", "or 0"];
    folder.train_small("bad", &["--threads", "1000000"]).fails(2, &words);
    folder.train_small("bad", &["--threads", "-1"]).fails(2, &["-1"]);
    leaves_nothing(&folder);
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_that_does_not_fit_into_memory() {
    let folder = Folder::new();
    for sizes in [["model.channels=1000000", "model.layers=2"], ["model.layers=0", "model.context=1000000000"]] {
        let done = folder.train_small("bad", &["--set", sizes[0], "--set", sizes[1]]);
        done.fails(2, &["the run needs about", "GB of memory", "leaves", "what helps most"]);
        leaves_nothing(&folder);
    }
    // It would fit into many machines, but not into what its user allows it.
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -v 8000000; exec \"$0\" \"$@\""]).arg(env!("CARGO_BIN_EXE_wordspace"));
    limited.args(small("bad", &["--set", "model.channels=8192"])).current_dir(folder.path()).env("NO_COLOR", "1");
    harness::Done::of(limited.output().unwrap()).fails(2, &["moments", "checkpoint", "fewer model.channels"]);
    leaves_nothing(&folder);
}

#[test]
fn numbers_that_are_none() {
    let folder = Folder::new();
    let set = |change: &str, word: &str| drop(folder.train_small("bad", &["--set", change]).fails(2, &[word]));
    set("train.learning_rate=fast", "expected a number");
    set("train.steps=-5", "expected a whole number of at least 0");
    set("train.batch=99999999999999999999999", "expected a whole number of at least 0");
    folder.train_small("bad", &["--steps", "18446744073709551615"]).fails(2, &["train.steps is 18446744073709551615"]);
    set("train.batch=1000000000", "train.batch is 1000000000: it must be between 1 and 1048576");
    leaves_nothing(&folder);
}

#[test]
fn a_device_that_is_none_or_not_built_in() {
    let folder = Folder::new();
    folder.run(&["train", "--device", "gpu"]).fails(2, &["no device is called \"gpu\"", "wgpu"]);
    if !cfg!(feature = "cuda") {
        folder.run(&["train", "--device", "cuda"]).fails(4, &["built without cuda", "--features cuda"]);
    }
}

#[test]
#[cfg(all(feature = "wgpu", target_os = "linux"))]
fn a_gpu_where_there_is_none() {
    let folder = Folder::new();
    // A list of drivers without a driver: whatever this machine has, the program finds none.
    let mut command = folder.command(&small("bad", &["--set", "device.name=wgpu"]));
    let output = command.env("VK_DRIVER_FILES", folder.join("none.json")).output().unwrap();
    harness::Done::of(output).fails(4, &["no GPU was found for --device wgpu", "wordspace devices", "--device flex"]);
    leaves_nothing(&folder);
}

#[test]
fn a_run_that_is_there_already() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "1"]).succeeds();
    let before = folder.result_of("toy");
    let done = folder.train_small("toy", &["--steps", "2"]);
    done.fails(6, &["runs/toy already exists", "try: wordspace resume runs/toy", "try: wordspace train --name toy-2"]);
    assert!(folder.result_of("toy") == before);
}

#[test]
fn a_folder_that_is_no_run() {
    let folder = Folder::new();
    folder.run(&["resume", "runs/none"]).fails(3, &["runs/none: there is no such run"]);
    folder.run(&["resume", "."]).fails(3, &["it has no config.toml"]);
    folder.run(&["export", ".", "out"]).fails(3, &["config.toml"]);
}

#[test]
fn fewer_steps_than_a_run_has_made() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "10"]).succeeds();
    folder.run(&["resume", "runs/toy", "--steps", "5"]).fails(2, &["runs/toy has made 10 steps already"]);
}

#[test]
fn token_files_that_were_cut_or_belong_to_another_text() {
    let folder = Folder::new();
    folder.train_small("bad", &["--steps", "5"]).succeeds();
    let tokens = folder.join("runs/bad/tokens/train.bin");
    let whole = std::fs::read(&tokens).unwrap();
    std::fs::write(&tokens, &whole[..whole.len() - 3]).unwrap();
    folder.run(&["resume", "runs/bad"]).fails(3, &["train.bin is not a whole token file", "its header promises"]);

    let mut foreign = whole.clone();
    foreign[5000..5002].copy_from_slice(&60_000_u16.to_le_bytes());
    std::fs::write(&tokens, foreign).unwrap();
    let done = folder.run(&["resume", "runs/bad", "--steps", "100000"]);
    done.fails(3, &["token id 60000 at position 1988", "the vocabulary ends at", "another tokenizer"]);
}

#[test]
fn an_export_that_would_overwrite() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "1"]).succeeds();
    folder.write("there", "a user's file");
    folder.run(&["export", "runs/toy", "there"]).fails(6, &["there already exists"]);
    assert_eq!(std::fs::read(folder.join("there")).unwrap(), b"a user's file");
}

#[test]
fn a_checkpoint_that_is_not_there() {
    let folder = Folder::new();
    folder.train_small("toy", &["--steps", "10"]).succeeds();
    folder
        .run(&["export", "runs/toy@7", "out"])
        .fails(3, &["step-000007: there is no checkpoint of this step; there are 5, 10"]);
    folder.run(&["export", "runs/toy@last", "out"]).fails(2, &["expected a step number after the @"]);
    folder.run(&["export", "runs/toy@5", "out"]).succeeds();
}

#[test]
fn a_learning_rate_that_tears_the_model_apart() {
    let folder = Folder::new();
    let wild =
        ["--steps", "200", "--set", "train.learning_rate=1e30", "--set", "train.warmup=10", "--set", "train.clip=0"];
    let done = folder.train_small("wild", &wild);
    done.fails(1, &["training has diverged", "checkpoint", "a smaller learning rate"]);
}
