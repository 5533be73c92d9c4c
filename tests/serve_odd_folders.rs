//! The live page, `report` and `inspect` among run folders that are odd: pipes, devices, links that lead out, files of a terabyte,
//! and folders that change while they are read.
#![cfg(unix)]

mod harness;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use harness::hostile::request_number;
use harness::page::{Page, Reply};
use harness::{Folder, names};

/// What must not get out of a file that a link leads to.
const SECRET: &str = "secret_key = \"nobody may read this\"";

/// How many questions are asked while folders change.
const QUESTIONS: u64 = 2000;

/// More memory than a page of small runs takes, and less than any of the files here would.
const MAX_MEMORY: u64 = 600 << 20;

/// Makes a run odd.
type Spoil = fn(&Path);

/// The odd runs by name, and for each what a message must say of it: where the page, `report` and `inspect` must refuse it.
const ODD: [(&str, Spoil, &str); 9] = [
    ("config-link", |run| link(run, "config.toml", "../../secret"), ""),
    ("config-pipe", |run| pipe(&run.join("config.toml")), ""),
    ("frame-huge", |run| frames(run, huge_frame), "frame-huge"),
    ("frame-zero", |run| frames(run, |frame| link(frame, "", "/dev/zero")), "it is a link out of the run's folder"),
    ("log-pipe", |run| ["log.jsonl", "run.json", "LOCK"].iter().for_each(|name| pipe(&run.join(name))), ""),
    ("words-huge", |run| sparse(&run.join("words.json")), "1099511627776 bytes"),
    ("words-link", |run| link(run, "words.json", "../../secret"), "it is a link out of the run's folder"),
    ("words-pipe", |run| pipe(&run.join("words.json")), "it is a named pipe"),
    ("words-zero", |run| link(run, "words.json", "/dev/zero"), "it is a link out of the run's folder"),
];

/// A named pipe in place of the file at `path`. Nobody writes to it.
fn pipe(path: &Path) {
    let _ = fs::remove_file(path);
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// A link to `target` in place of the file `name`.
fn link(folder: &Path, name: &str, target: &str) {
    let path = if name.is_empty() { folder.to_path_buf() } else { folder.join(name) };
    let _ = fs::remove_file(&path);
    symlink(target, path).unwrap();
}

/// A file of a terabyte of zeros that takes no space.
fn sparse(path: &Path) {
    let _ = fs::remove_file(path);
    File::create(path).unwrap().set_len(1 << 40).expect("the file system has sparse files");
}

/// Does `spoil` to all frames of a run.
fn frames(run: &Path, spoil: fn(&Path)) {
    names(&run.join("vectors")).iter().for_each(|name| spoil(&run.join("vectors").join(name)));
}

/// A whole frame with vectors so long that they take a gigabyte for each word.
fn huge_frame(path: &Path) {
    let _ = fs::remove_file(path);
    let header = |bytes: u64| {
        let shape = [4, bytes / 16];
        serde_json::json!({"wte.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, bytes]}}).to_string()
    };
    let header = header(4 << 30);
    let mut file = File::create(path).unwrap();
    file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    file.set_len(8 + header.len() as u64 + (4 << 30)).unwrap();
}

/// The run `from` once more, called `name`, and odd.
fn copy_and_spoil(from: &Path, to: &Path, spoil: Spoil) {
    fs::create_dir_all(to.join("vectors")).unwrap();
    let files = ["config.toml", "words.json", "tokenizer.json", "log.jsonl", "run.json"].map(String::from).into_iter();
    let frames = names(&from.join("vectors")).into_iter().map(|name| format!("vectors/{name}"));
    for name in files.chain(frames) {
        fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
    spoil(to);
}

/// A folder with a run called `a`, and the odd ones.
fn with_odd_runs() -> Folder {
    let folder = Folder::new();
    folder.train_small("a", &["--steps", "20"]).succeeds();
    folder.write("secret", SECRET);
    for (name, spoil, _) in ODD {
        copy_and_spoil(&folder.join("runs/a"), &folder.join("runs").join(name), spoil);
    }
    folder
}

/// The requests of the page about a run.
fn questions(id: usize) -> [String; 7] {
    let asked =
        ["", "/log", "/points/20", "/neighbours/20?word=1", "/pair?a=0&b=1", "/positions/20", "/sentence/20?text=cat"];
    asked.map(|question| format!("/api/runs/{id}{question}"))
}

/// Sets a flag when it is dropped, also when a test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The ids of the runs, by name.
fn ids(page: &Page) -> Vec<(String, usize)> {
    let list = page.json("/api/runs");
    let run =
        |run: &serde_json::Value| (run["name"].as_str().unwrap().to_string(), run["id"].as_u64().unwrap() as usize);
    list["runs"].as_array().unwrap().iter().map(run).collect()
}

#[track_caller]
fn answers_all(page: &Page, id: usize) {
    for question in questions(id) {
        let reply = page.ask(&question);
        assert_eq!(reply.status, 200, "{question}: {}", reply.text());
    }
}

#[test]
fn odd_runs_are_refused_with_the_reason_and_the_others_are_shown() {
    let folder = with_odd_runs();
    let page = Page::serve(&folder, &[]);
    let ids = ids(&page);
    assert_eq!(ids.len(), 1 + ODD.len(), "{ids:?}");
    for (name, id) in &ids {
        let replies = questions(*id).map(|question| page.ask(&question));
        for reply in &replies {
            assert!([200, 400, 404, 500].contains(&reply.status), "{name}: {}", reply.text());
            assert!(!reply.text().contains("nobody may read this"), "{name}: {}", reply.text());
        }
        let reason = ODD.iter().find(|(odd, ..)| odd == name).map_or("", |(.., reason)| reason);
        let said = replies.iter().any(|reply| reply.text().contains(reason));
        assert!(said, "{reason} is not in {:?}", replies.each_ref().map(Reply::text));
        answers_all(&page, 0);
    }
    let config = ids.iter().find(|(name, _)| name == "config-link").unwrap().1;
    let config = page.json(&format!("/api/runs/{config}"))["config"].clone();
    assert!(config.as_str().unwrap().starts_with("# ") && config.as_str().unwrap().contains("out of the run's folder"));
    #[cfg(target_os = "linux")]
    assert!(page.peak_memory() < MAX_MEMORY, "{}", page.peak_memory());
    assert!(!page.stop("INT").succeeds().stderr.contains("panicked"));
}

#[test]
fn a_report_of_an_odd_run_and_a_look_into_it_end_with_the_reason() {
    let folder = with_odd_runs();
    for (name, _, reason) in ODD {
        let run = format!("runs/{name}");
        for arguments in [["report", &run], ["inspect", &run], ["neighbors", &run]] {
            let word = if arguments[0] == "neighbors" { &["cat"][..] } else { &[] };
            let done = folder.run(&[&arguments[..], word].concat());
            assert!(!done.stderr.contains("panicked") && !done.stderr.contains("nobody may"), "{}", done.stderr);
            if !reason.is_empty() {
                done.fails(3, &[reason]);
            }
        }
    }
    // A report that is a pipe is not read to see whether it is one.
    pipe(&folder.join("runs/a/report.html"));
    folder.run(&["report", "runs/a"]).fails(6, &["report.html already exists"]);
    for path in ["pipe", "zeros"] {
        match path {
            "pipe" => pipe(&folder.join(path)),
            _ => link(folder.path(), path, "/dev/zero"),
        }
        folder.run(&["inspect", path]).fails(3, &["expected a regular file"]);
    }
}

#[test]
fn two_thousand_questions_are_answered_while_folders_change() {
    let folder = with_odd_runs();
    let page = Page::serve(&folder, &[]);
    let (whole, done) = (folder.join("runs/a"), AtomicBool::new(false));
    let ids = ids(&page);
    std::thread::scope(|scope| {
        // Runs come, go, change in place and are cut short while they are read.
        scope.spawn(|| {
            for round in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let (name, spoil, _) = ODD[round % ODD.len()];
                let run = folder.join("runs").join(name);
                fs::remove_dir_all(&run).unwrap();
                copy_and_spoil(&whole, &run, if round % 2 == 0 { |_| () } else { spoil });
                frames(&run, |frame| drop(File::options().write(true).open(frame).map(|file| file.set_len(100))));
            }
        });
        let _stop = Stop(&done);
        for nth in 0..QUESTIONS {
            let (_, id) = ids[(nth / 7) as usize % ids.len()];
            let question = &questions(id)[nth as usize % 7];
            let reply = page.ask(question);
            assert_ne!(reply.status, 503, "{question} waited too long");
            assert!(!reply.text().contains("a bug in wordspace"), "{question}");
            if let Some(reply) = Reply::of(&page.send(&request_number(nth, page.port))) {
                assert!(reply.status >= 400, "{}", reply.text());
            }
            if nth % 100 == 0 {
                answers_all(&page, 0);
            }
        }
    });
    answers_all(&page, 0);
    #[cfg(target_os = "linux")]
    assert!(page.peak_memory() < MAX_MEMORY, "{}", page.peak_memory());
    assert!(!page.stop("INT").succeeds().stderr.contains("panicked"));
}
