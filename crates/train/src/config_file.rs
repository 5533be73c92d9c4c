//! Reads a configuration from a TOML file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use toml::Table;
use wordspace_learn::config::Config;

use crate::Result;

/// The largest configuration that is read; one with every key is a page.
const MAX_BYTES: u64 = 1 << 20;

/// Reads the configuration in the TOML file at `path` and applies `changes`, as [`Config::from_toml`] does. If the file does
/// not name the run, the run gets the name of the file.
///
/// # Errors
///
/// As [`Config::from_toml`], or if the file cannot be read.
pub fn open_config(path: &Path, changes: &[(String, String)]) -> Result<Config> {
    if path.is_dir() {
        let problem = "expected a TOML file; to continue a run, use `wordspace resume`";
        return Err(wordspace_learn::Error::Config(format!("{} is a directory; {problem}", path.display())).into());
    }
    let text = read(path)?;
    let mut changes = changes.to_vec();
    let table = text.parse::<Table>().unwrap_or_default();
    let is_named = table.get("run").is_some_and(|run| run.get("name").is_some());
    if let (false, Some(stem)) = (is_named, path.file_stem()) {
        changes.insert(0, ("run.name".into(), stem.to_string_lossy().into_owned()));
    }
    Ok(Config::from_toml(&text, &path.display().to_string(), &changes)?)
}

/// The text of the configuration at `path`, which may be a pipe.
fn read(path: &Path) -> Result<String> {
    let failed = |source| wordspace_data::Error::read(path, source);
    let (file, mut text) = (File::open(path).map_err(failed)?, String::new());
    file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
    match text.len() as u64 > MAX_BYTES {
        true => {
            let problem = format!("it has more than {MAX_BYTES} bytes; expected a configuration in TOML");
            Err(wordspace_data::Error::bad_file(path, problem).into())
        }
        false => Ok(text),
    }
}
