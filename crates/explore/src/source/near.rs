//! What a user may have meant who named something that is not there.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use super::run::is_run;
use crate::Error;

/// How like a name must be to be worth telling, from 0 to 1.
const LIKE: f64 = 0.5;

/// How many names a message lists.
const LISTED: usize = 5;

/// Endings that vector files usually have.
const ENDINGS: [&str; 8] = ["bin", "txt", "vec", "npy", "safetensors", "tsv", "csv", "nodims"];

/// The error of `text`, which names nothing.
pub(super) fn missing(text: &str) -> Error {
    let near = near_paths(Path::new(text));
    let meant = match near.as_slice() {
        [] => "expected a run's folder (runs/toy or runs/toy@500), a GPT-2 folder, a vector file, or gpt2".into(),
        some => format!("did you mean {}?", some.join(" or ")),
    };
    Error::Source { source_name: text.to_string(), problem: format!("there is no such file or folder; {meant}") }
}

/// What could be asked for in `folder`, which is no source itself.
pub(super) fn what_is_in(folder: &Path) -> String {
    let entries: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    let is_vectors = |path: &PathBuf| {
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
        path.is_file() && ENDINGS.contains(&ending.as_str())
    };
    let mut there: Vec<String> = entries
        .iter()
        .filter(|path| is_vectors(path) || is_run(path) || path.join("config.json").is_file())
        .map(|path| path.display().to_string())
        .collect();
    there.sort();
    there.truncate(LISTED);
    let expected = "it is neither a run (no config.toml) nor a GPT-2 folder (no config.json)";
    match there.is_empty() {
        true => expected.into(),
        false => format!("{expected}; in it there are {}", there.join(", ")),
    }
}

/// Paths that are there and differ from `path` in one part that is spelled otherwise.
fn near_paths(path: &Path) -> Vec<String> {
    let parts: Vec<Component<'_>> = path.components().collect();
    let mut there = PathBuf::new();
    for (nth, part) in parts.iter().enumerate() {
        let next = there.join(part);
        if next.exists() {
            there = next;
            continue;
        }
        let wanted = part.as_os_str().to_string_lossy().into_owned();
        let siblings = if nth == 0 { Path::new(".") } else { there.as_path() };
        let rest = &parts[nth + 1..];
        let found = names_like(&wanted, siblings).into_iter().map(|name| {
            let near = there.join(name);
            rest.iter().fold(near, |near, part| near.join(part))
        });
        return found.filter(|path| path.exists()).map(|path| path.display().to_string()).collect();
    }
    Vec::new()
}

/// The names in `folder` that are like `wanted`, the likest first.
fn names_like(wanted: &str, folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let wanted = wanted.to_lowercase();
    let mut like: Vec<(f64, String)> = names
        .map(|name| (strsim::normalized_damerau_levenshtein(&wanted, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .collect();
    like.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    like.into_iter().take(3).map(|(_, name)| name).collect()
}
