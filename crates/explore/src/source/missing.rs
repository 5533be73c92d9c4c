//! What a user may have meant by a source that does not exist.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use wordspace_data::RunFiles;
use wordspace_similarity::closest_spellings;

use crate::Error;

/// How many sources in a folder a message lists.
const LISTED: usize = 5;
/// How many names of similar spelling a message lists.
const SUGGESTIONS: usize = 3;

/// The usual extensions of vector files.
const EXTENSIONS: [&str; 8] = ["bin", "txt", "vec", "npy", "safetensors", "tsv", "csv", "nodims"];

/// The files by which the folder of a model is known.
const MODELS: [&str; 2] = ["config.json", "modules.json"];

/// The error for `text`, which names no file or folder.
pub(super) fn error(text: &str) -> Error {
    let similar = similar_paths(Path::new(text));
    let meant = match similar.as_slice() {
        [] => "expected a run's folder (runs/toy or runs/toy@500), a GPT-2 folder, a vector file, or gpt2".into(),
        some => format!("did you mean {}?", some.join(" or ")),
    };
    // A relative path depends on where the program was started.
    let place = std::env::current_dir().ok().filter(|_| Path::new(text).is_relative());
    let place = place.map_or(String::new(), |folder| format!(" in {}", folder.display()));
    Error::Source { source_name: text.to_string(), problem: format!("there is no such file or folder{place}; {meant}") }
}

/// What is wrong with `folder`, which is no source, and the sources in it.
pub(super) fn what_is_in(folder: &Path) -> String {
    let entries: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
    let is_vectors = |path: &PathBuf| {
        let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
        path.is_file() && EXTENSIONS.contains(&extension.as_str())
    };
    let mut there: Vec<String> = entries
        .iter()
        .filter(|path| {
            is_vectors(path) || RunFiles::are_in(path) || MODELS.iter().any(|name| path.join(name).is_file())
        })
        .map(|path| path.display().to_string())
        .collect();
    there.sort();
    there.truncate(LISTED);
    let expected = match folder.join("modules.json").is_file() {
        true => {
            "it is a model of sentence-transformers, but no static embedding (its modules.json does not begin with one)"
        }
        false => "it is neither a run (no config.toml) nor a GPT-2 folder (no config.json)",
    };
    match there.is_empty() {
        true => expected.into(),
        false => format!("{expected}; in it there are {}", there.join(", ")),
    }
}

/// Paths that exist and differ from `path` in the spelling of one component.
fn similar_paths(path: &Path) -> Vec<String> {
    let parts: Vec<Component<'_>> = path.components().collect();
    let mut parent = PathBuf::new();
    for (nth, part) in parts.iter().enumerate() {
        let next = parent.join(part);
        if next.exists() {
            parent = next;
            continue;
        }
        let wanted = part.as_os_str().to_string_lossy().into_owned();
        let siblings = if nth == 0 { Path::new(".") } else { parent.as_path() };
        let rest = &parts[nth + 1..];
        let found = similar_names(&wanted, siblings).into_iter().map(|name| {
            let similar = parent.join(name);
            rest.iter().fold(similar, |path, part| path.join(part))
        });
        return found.filter(|path| path.exists()).map(|path| path.display().to_string()).collect();
    }
    Vec::new()
}

/// The names in `folder` that are spelled most like `wanted`.
fn similar_names(wanted: &str, folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    closest_spellings(wanted, names, SUGGESTIONS)
}
