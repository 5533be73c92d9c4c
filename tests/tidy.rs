//! What the code must not do: the invariants of ARCHITECTURE.md that are absences.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The longest a file may be; one that outgrows it holds two ideas.
const LONGEST: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The Rust files below `folder`, by their path from the root.
fn sources(folder: &str) -> Vec<(String, String)> {
    fn collect(folder: &Path, all: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match entry.is_dir() {
                true => collect(&entry, all),
                false if entry.extension().is_some_and(|extension| extension == "rs") => all.push(entry),
                false => {}
            }
        }
    }
    let mut all = Vec::new();
    collect(&root().join(folder), &mut all);
    all.sort();
    let name = |path: &PathBuf| path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
    all.iter().map(|path| (name(path), read(path))).collect()
}

/// The code of a file without its tests and comments.
fn code(source: &str) -> String {
    before_tests(source).lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn before_tests(source: &str) -> &str {
    source.split("\nmod tests {").next().unwrap()
}

/// No file below `folder`, but those that `may`, contains any of `words`.
#[track_caller]
fn absent(folder: &str, words: &[&str], may: impl Fn(&str) -> bool) {
    for (name, source) in sources(folder) {
        if !may(&name) {
            let code = code(&source);
            let found: Vec<_> = words.iter().filter(|word| code.contains(**word)).collect();
            assert!(found.is_empty(), "{name} contains {found:?}");
        }
    }
}

/// Whether it is the part of the tests that says so where there is no GPU for them.
fn says_what_was_not_tested(name: &str) -> bool {
    name == "crates/kernels/src/testing.rs"
}

/// The dependencies of every package, from the lock file.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in read(&root().join("Cargo.lock")).split("[[package]]").skip(1) {
        let name = package.lines().find_map(|line| line.strip_prefix("name = ")).unwrap().trim_matches('"').to_string();
        let listed = package.split("dependencies = [").nth(1).unwrap_or("").split(']').next().unwrap();
        let names = listed.lines().filter_map(|line| line.trim().trim_matches([',', '"']).split(' ').next());
        let names = names.filter(|name| !name.is_empty()).map(String::from);
        all.entry(name).or_default().extend(names);
    }
    all
}

#[test]
fn arrows_only_point_down() {
    let all = dependencies();
    for (name, below) in [
        ("wordspace-data", &["wordspace-similarity"][..]),
        ("wordspace-explore", &["wordspace-data", "wordspace-similarity"]),
        ("wordspace-frames", &["wordspace-data", "wordspace-explore", "wordspace-similarity"]),
        ("wordspace-gemm", &[]),
        ("wordspace-kernels", &["wordspace-gemm"]),
        ("wordspace-learn", &["wordspace-data", "wordspace-kernels", "wordspace-model", "wordspace-similarity"]),
        ("wordspace-model", &["wordspace-kernels"]),
        (
            "wordspace-playground",
            &["wordspace-data", "wordspace-frames", "wordspace-kernels", "wordspace-learn", "wordspace-model"],
        ),
        ("wordspace-python", &["wordspace", "wordspace-similarity"]),
        ("wordspace-serve", &["wordspace-data", "wordspace-explore", "wordspace-frames"]),
        ("wordspace-similarity", &[]),
        ("wordspace-train", &["wordspace-data", "wordspace-kernels", "wordspace-learn", "wordspace-model"]),
    ] {
        let ours: Vec<&String> = all[name].iter().filter(|name| name.starts_with("wordspace")).collect();
        assert_eq!(ours, below, "{name}");
    }
}

#[test]
fn crates_without_burn_have_none_in_their_dependency_trees() {
    let all = dependencies();
    for ours in ["wordspace-data", "wordspace-explore", "wordspace-serve", "wordspace-similarity"] {
        let (mut reached, mut waiting) = (BTreeSet::new(), vec![ours.to_string()]);
        while let Some(name) = waiting.pop() {
            waiting.extend(all[&name].iter().filter(|name| reached.insert((*name).clone())).cloned());
        }
        let burn: Vec<_> = reached.iter().filter(|name| name.starts_with("burn") || name.starts_with("cube")).collect();
        assert!(burn.is_empty() && reached.len() > 20, "{ours}: {burn:?}");
    }
}

#[test]
fn crates_that_only_compute_use_no_file_clock_or_terminal() {
    let words = ["std::fs", "std::io", "std::path", "std::time", "std::env", "std::process", "println!", "print!"];
    absent("crates/model/src", &words, |_| false);
    // A checkpoint is written to whatever takes bytes, and its files have names.
    absent("crates/learn/src", &words, |name| name.ends_with("learn/src/checkpoint.rs"));
    absent("crates/learn/src", &["std::fs", "std::time", "std::env", "std::process", "println!"], |_| false);
    absent("crates/learn/src", &["std::thread", "std::sync"], |_| false);
    absent("crates/kernels/src", &words, says_what_was_not_tested);
    absent("crates/similarity/src", &words, |_| false);
}

#[test]
fn frames_has_no_file_clock_thread_or_socket() {
    let words =
        ["std::fs", "std::io", "std::path", "std::time", "std::env", "std::thread", "std::net", "tokio", "axum"];
    absent("crates/frames/src", &words, |_| false);
}

#[test]
fn the_playground_has_no_file_clock_thread_or_socket() {
    let words =
        ["std::fs", "std::time", "std::env", "std::thread", "std::sync", "std::net", "std::process", "println!"];
    absent("crates/playground/src", &words, |_| false);
}

#[test]
fn only_the_command_line_prints_and_exits() {
    let words = ["println!", "print!", "stdout()", "stderr()", "process::exit", "dbg!"];
    absent("crates", &words, |name| name.starts_with("crates/wordspace/") || says_what_was_not_tested(name));
    absent("crates/wordspace/src", &["process::exit"], |name| name.ends_with("command/interrupt.rs"));
}

#[test]
fn nothing_opens_a_connection_and_only_the_page_listens_on_localhost() {
    // The page has to be reached by a browser beside it, so its two files about sockets may name them.
    let sockets = ["serve/src/server.rs", "serve/src/connections.rs"];
    absent("crates", &["std::net", "TcpStream", "TcpListener", "TcpSocket", "tokio::net"], |name| {
        sockets.iter().any(|file| name.ends_with(file))
    });
    absent("crates", &["connect(", "UdpSocket", "0.0.0.0", "UNSPECIFIED", "IpAddr::from", "reqwest", "ureq"], |_| {
        false
    });
    let server = code(&read(&root().join("crates/serve/src/server.rs")));
    assert_eq!(server.matches("::bind(").count(), server.matches("::LOCALHOST, port").count());
}

#[test]
fn the_page_writes_nothing() {
    let words =
        ["fs::write", "File::create", "OpenOptions", "publish", "remove_", "rename(", "create_dir", "write_tensors"];
    absent("crates/serve/src", &words, |_| false);
}

#[test]
fn one_file_decides_how_files_and_folders_appear_and_go() {
    for folder in ["crates/data/src", "crates/explore/src", "crates/train/src", "crates/wordspace/src"] {
        let words = ["create_dir", "remove_dir", "File::create", "fs::write", "create_new", "partial\""];
        absent(folder, &words, |name| name.ends_with("/publish.rs") || name.ends_with("/tests.rs"));
        // What makes way for something new keeps its content.
        let aside = ["train/src/checkpoint/mod.rs", "train/src/run_folder.rs"];
        absent(folder, &["fs::rename"], |name| {
            name.ends_with("/publish.rs") || aside.iter().any(|file| name.ends_with(file))
        });
    }
}

#[test]
fn unsafe_code_is_where_the_architecture_says_and_argues_why() {
    absent("crates", &["unsafe "], |name| {
        let mapping = ["token_file.rs", "tensors.rs", "mapped_file.rs"];
        let computing = [
            "kernels/src/attention/cpu.rs",
            "kernels/src/cross_entropy/cpu.rs",
            "kernels/src/dropout/cpu.rs",
            "kernels/src/embed/cpu.rs",
            "kernels/src/embed/gradient.rs",
            "kernels/src/gelu/cpu.rs",
            "kernels/src/gelu/tests.rs",
            "kernels/src/layer_norm/cpu.rs",
            "kernels/src/mlp/cpu.rs",
            "wordspace/src/allocator.rs", // the allocator's option
        ];
        name.starts_with("crates/gemm/") || mapping.iter().chain(&computing).any(|file| name.ends_with(file))
    });
    for (name, source) in sources("crates") {
        let code = code(&source);
        let blocks = code.matches("unsafe {").count() + code.matches("unsafe impl").count();
        assert_eq!(blocks, before_tests(&source).matches("// SAFETY:").count(), "{name}");
    }
}

#[test]
fn no_file_holds_two_ideas() {
    for folder in ["crates", "fuzz", "tests"] {
        for (name, source) in sources(folder) {
            let lines = source.lines().count();
            assert!(lines <= LONGEST, "{name} has {lines} lines");
        }
    }
}

#[test]
fn nothing_is_left_for_later_and_no_test_is_switched_off() {
    let words = [concat!("to", "do!("), concat!("unimpl", "emented!("), concat!("#[ig", "nore"), concat!("TO", "DO")];
    for folder in ["crates", "tests"] {
        for (name, source) in sources(folder) {
            assert!(!words.iter().any(|word| source.contains(word)), "{name}");
        }
    }
}

#[test]
fn burn_is_pinned_exactly_and_named_rightly_in_every_run() {
    let manifest = read(&root().join("Cargo.toml"));
    let pins: Vec<&str> = manifest.lines().filter(|line| line.starts_with("burn")).collect();
    assert!(!pins.is_empty() && pins.iter().all(|line| line.contains("version = \"=0.22.1\"")), "{pins:?}");
    assert!(read(&root().join("crates/train/src/provenance.rs")).contains("\"0.22.1\""));
}

/// Every `.md` file in the root, `docs` and `configs`, with its text.
fn documents() -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for folder in ["", "docs", "configs"] {
        let entries = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        all.extend(entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    all.into_iter().map(|path| (path.clone(), read(&path))).collect()
}

#[test]
fn every_file_that_the_documents_name_exists() {
    for (document, text) in documents() {
        for name in text.split('`').skip(1).step_by(2).filter(|name| !name.contains([' ', '\n', '{'])) {
            let is_path =
                ["crates/", "docs/", "tests/", "scripts/", "configs/", "benches/"].iter().any(|f| name.starts_with(f));
            assert!(!is_path || root().join(name).exists(), "{} names {name}", document.display());
        }
    }
}

#[test]
fn every_link_in_the_documents_resolves() {
    for (document, text) in documents() {
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let file = document.parent().unwrap().join(target.split('#').next().unwrap());
            assert!(file.exists(), "{} links {target}", document.display());
        }
    }
}

/// The folders of the repository as ARCHITECTURE.md shows them: without `src`, and closed where their content is data or
/// has a README of its own.
fn folders() -> BTreeSet<String> {
    let (mut found, mut waiting) = (BTreeSet::new(), vec![(root(), String::new())]);
    while let Some((folder, shown)) = waiting.pop() {
        let is_crate = shown.starts_with("crates/") && shown.matches('/').count() == 1;
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            let is_closed =
                ["crates/serve/page", "fuzz/corpus", "tests/golden", "scripts/peers"].contains(&shown.as_str());
            let is_skipped = name.starts_with('.') || ["target", "runs", "shared", "__pycache__"].contains(&&*name);
            let is_for_tests = is_crate && ["tests", "benches", "examples"].contains(&&*name);
            match (is_closed || is_skipped || is_for_tests || !entry.is_dir(), is_crate && name == "src") {
                (true, _) => {}
                (_, true) => waiting.push((entry, shown.clone())),
                _ => {
                    let shown = if shown.is_empty() { name } else { format!("{shown}/{name}") };
                    found.insert(shown.clone());
                    waiting.push((entry, shown));
                }
            }
        }
    }
    found
}

#[test]
fn architecture_shows_every_folder_with_a_short_caption() {
    let text = read(&root().join("ARCHITECTURE.md"));
    let tree = text.split("```text\n").find(|block| block.starts_with("crates/")).expect("a tree in ARCHITECTURE.md");
    let (mut parents, mut shown): (Vec<&str>, _) = (Vec::new(), BTreeSet::new());
    for line in tree.split("```").next().unwrap().lines() {
        let (name, caption) = line.trim_start().split_once('/').expect("every line of the tree names a folder");
        parents.truncate((line.len() - line.trim_start().len()) / 2);
        parents.push(name);
        shown.insert(parents.join("/"));
        assert!((1..=9).contains(&caption.split_whitespace().count()), "the caption of {name}: {caption}");
    }
    assert_eq!(shown, folders());
}
