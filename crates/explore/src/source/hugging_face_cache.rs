//! GPT-2 in the cache of Hugging Face's tools.
//!
//! ```text
//! HUB/models--openai-community--gpt2/refs/main                 the name of the newest snapshot
//! HUB/models--openai-community--gpt2/snapshots/NAME/config.json, model.safetensors, …
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The command that downloads the files of GPT-2 that are needed, 548 MB.
const COMMAND: &str = "hf download openai-community/gpt2 config.json model.safetensors tokenizer.json";

/// GPT-2's folder in the cache.
pub(super) fn gpt2() -> Result<PathBuf> {
    let hub = hub(|name| std::env::var_os(name).filter(|value| !value.is_empty()));
    hub.as_deref().and_then(find).ok_or_else(|| {
        let cache = hub.map_or("no home folder was found for it".into(), |hub| hub.display().to_string());
        let problem = format!("it is not in the Hugging Face cache ({cache}); this fetches it: {COMMAND}");
        Error::Source { source_name: "gpt2".into(), problem }
    })
}

/// The folder of the cache, found as `huggingface_hub` does (`constants.py`).
fn hub(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |name: &str| variable(name).map(PathBuf::from);
    path("HF_HUB_CACHE")
        .or_else(|| path("HF_HOME").map(|home| home.join("hub")))
        .or_else(|| path("XDG_CACHE_HOME").map(|cache| cache.join("huggingface/hub")))
        .or_else(|| Some(path("HOME").or_else(|| path("USERPROFILE"))?.join(".cache/huggingface/hub")))
}

/// The newest snapshot of GPT-2 in `hub`, if it has a model in it.
fn find(hub: &Path) -> Option<PathBuf> {
    let snapshot = |name: &str| {
        let folder = hub.join(name);
        let newest = std::fs::read_to_string(folder.join("refs/main")).ok()?;
        let newest = newest.trim();
        (!newest.is_empty() && !newest.contains(['/', '\\', '.'])).then(|| folder.join("snapshots").join(newest))
    };
    let is_model = |folder: &PathBuf| {
        let models = ["model.safetensors", "model.safetensors.index.json"];
        folder.join("config.json").is_file() && models.iter().any(|name| folder.join(name).is_file())
    };
    ["models--openai-community--gpt2", "models--gpt2"].into_iter().filter_map(snapshot).find(is_model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn hub_is(variables: &[(&str, &str)], expected: Option<&str>) {
        let variable = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into());
        assert_eq!(hub(variable), expected.map(PathBuf::from));
    }

    #[test]
    fn the_cache_is_found_as_hugging_faces_tools_do() {
        hub_is(&[("HF_HUB_CACHE", "/a"), ("HF_HOME", "/b"), ("HOME", "/c")], Some("/a"));
        hub_is(&[("HF_HOME", "/b"), ("HOME", "/c")], Some("/b/hub"));
        hub_is(&[("XDG_CACHE_HOME", "/x"), ("HOME", "/c")], Some("/x/huggingface/hub"));
        hub_is(&[("HOME", "/c")], Some("/c/.cache/huggingface/hub"));
        hub_is(&[], None);
    }

    #[test]
    fn only_the_newest_snapshot_with_a_model_is_found() {
        let hub = tempfile::tempdir().unwrap();
        let old = hub.path().join("models--gpt2");
        std::fs::create_dir_all(old.join("refs")).unwrap();
        std::fs::create_dir_all(old.join("snapshots/abc")).unwrap();
        std::fs::write(old.join("refs/main"), "abc\n").unwrap();
        std::fs::write(old.join("snapshots/abc/config.json"), "{}").unwrap();
        assert_eq!(find(hub.path()), None);
        std::fs::write(old.join("snapshots/abc/model.safetensors"), "").unwrap();
        assert_eq!(find(hub.path()), Some(old.join("snapshots/abc")));
    }
}
