//! A small language for tests of the program: a folder to work in, a command, and what is to be seen of it.

// Every test file speaks a part of it.
#![allow(dead_code)]

pub mod answers;
pub mod hostile;
pub mod page;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use ::wordspace::data::write_tensors;
#[cfg(feature = "wgpu")]
use ::wordspace::learn::config::DeviceChoice;
use ::wordspace::train::device::OpenDevice;
use serde_json::Value;

/// A file or folder of numbers computed by other programs.
pub fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(name)
}

/// The content of a JSON file among them.
pub fn golden_json(name: &str) -> Value {
    let path = golden(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}

/// A run so small that a test can make many of them: a second or less.
pub const SMALL: &[&str] = &[
    "--device",
    "flex",
    "--set",
    "model.channels=16",
    "--set",
    "model.layers=1",
    "--set",
    "model.context=16",
    "--set",
    "train.batch=4",
    "--set",
    "train.warmup=5",
    "--set",
    "evaluate.every=10",
    "--set",
    "evaluate.batches=2",
    "--set",
    "checkpoint.every=5",
    "--set",
    "watch.every=5",
    "--set",
    "watch.vectors_every=10",
];

/// An empty folder in which the program is run.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    /// A folder with `vectors.bin`, the vectors that gensim was asked about.
    pub fn with_golden_vectors() -> Self {
        let folder = Self::new();
        folder.write("vectors.bin", std::fs::read(golden("vectors.bin")).unwrap());
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.join(name), content).expect("the folder can be written");
        self
    }

    /// The program with `arguments`, to be run in this folder. Nothing of the caller's environment changes what it says.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wordspace"));
        command.args(arguments).current_dir(self.path()).stdin(Stdio::null());
        command.env_remove("CARGO").env_remove("RUST_BACKTRACE").env_remove("COLUMNS").env("NO_COLOR", "1");
        command
    }

    /// Runs the program with `arguments` to its end.
    pub fn run(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(arguments).output().expect("the program can be started"))
    }

    /// Starts the program with `arguments`, all it says thrown away.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program can be started")
    }

    /// Trains a [`SMALL`] run called `name` with `more` arguments.
    pub fn train_small(&self, name: &str, more: &[&str]) -> Done {
        self.run(&small(name, more))
    }

    /// What the run called `name` came to: the files that must be equal when two runs are.
    pub fn result_of(&self, name: &str) -> RunResult {
        RunResult::read(&self.join("runs").join(name))
    }
}

/// The arguments of a [`SMALL`] run called `name`.
pub fn small<'a>(name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["train", "--name", name], SMALL, more].concat()
}

/// The GPU, or a software driver that stands in for one. Without any, the test is not run and says so, past what the test
/// harness holds back; where `WORDSPACE_TEST_GPU` is set, as in continuous integration, that is a failure.
#[cfg(feature = "wgpu")]
pub fn gpu(test: &str) -> Option<OpenDevice> {
    use std::io::Write;

    match OpenDevice::open(DeviceChoice::Wgpu) {
        Ok(device) => Some(device),
        Err(error) => {
            assert!(std::env::var_os("WORDSPACE_TEST_GPU").is_none(), "{error}");
            let mut past_the_harness = std::io::stderr();
            writeln!(past_the_harness, "\nNOT RUN: {test}: {error}; see docs/drivers.md\n").unwrap();
            None
        }
    }
}

/// What the program said and how it ended.
pub struct Done {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Done {
    pub fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program speaks UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// It must have ended well.
    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.stdout, self.stderr);
        self
    }

    /// It must have ended with `code`, without a panic and with all of `words` in what it said of it.
    #[track_caller]
    pub fn fails(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        assert!(self.stderr.contains("error: ") && !self.stderr.contains("panicked"), "{}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in: {}", self.stderr);
        }
        self
    }

    /// Its result, which must be one JSON object.
    #[track_caller]
    pub fn json(&self) -> Value {
        let json: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout));
        assert_eq!(json["schema"], 1);
        json
    }
}

/// The parts of a finished run that are a function of configuration, text and seed.
#[derive(Debug, PartialEq)]
pub struct RunResult {
    pub model: Vec<u8>,
    pub optimizer: Vec<u8>,
    pub watched: Vec<u8>,
    /// The lines of the log without their times.
    pub log: Vec<Value>,
    /// The names and contents of the saved tables.
    pub vectors: Vec<(String, Vec<u8>)>,
}

impl RunResult {
    fn read(run: &Path) -> Self {
        let read = |path: PathBuf| std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let newest = names(&run.join("checkpoints")).into_iter().filter(|name| name.starts_with("step-")).max();
        let checkpoint = run.join("checkpoints").join(newest.expect("a finished run has a checkpoint"));
        let tables = names(&run.join("vectors")).into_iter();
        Self {
            model: read(checkpoint.join("model.safetensors")),
            optimizer: read(checkpoint.join("optimizer.safetensors")),
            watched: read(checkpoint.join("watched.safetensors")),
            log: log(run),
            vectors: tables.map(|name| (name.clone(), read(run.join("vectors").join(name)))).collect(),
        }
    }
}

/// The lines of a run's log without their times.
pub fn log(run: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(run.join("log.jsonl")).expect("a run has a log");
    let without_time = |line: &str| {
        let mut line: Value = serde_json::from_str(line).expect("every line is JSON");
        assert!(line.as_object_mut().expect("an object").remove("seconds").is_some());
        line
    };
    text.lines().map(without_time).collect()
}

/// Writes a frame of `step` into a run's `vectors`: tables `[V, C]` and `[T, C]`, both from the start of `numbers`.
pub fn write_frame(vectors: &Path, step: u64, [words, channels]: [usize; 2], positions: usize, numbers: &[f32]) {
    let tables = [
        ("wpe.weight", &[positions, channels][..], &numbers[..positions * channels]),
        ("wte.weight", &[words, channels], &numbers[..words * channels]),
    ];
    write_tensors(&vectors.join(format!("step-{step:06}.safetensors")), tables.into_iter()).expect("it can be written");
}

/// Sends `process` the signal called `name`.
#[cfg(unix)]
pub fn signal(process: &Child, name: &str) {
    let kill = format!("kill -{name} {}", process.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
