//! The names of files that belong together.

use std::path::{Path, PathBuf};

/// The file in the folder of `path` whose name is that of `path` with `ending` in place of its extension.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}{ending}"))
}
