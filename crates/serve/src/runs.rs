//! The runs in a folder, each at an index that stays.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use wordspace_data::RunFiles;
use wordspace_frames::Summary;

use crate::lock::lock;
use crate::run::Run;
use crate::{Error, Result};

/// How many runs are served; a folder with more has the first of them, by name.
const MAX_RUNS: usize = 256;

/// The runs in a folder, or the one run that it is.
pub(crate) struct Runs {
    folder: PathBuf,
    is_run: bool,
    all: RwLock<Vec<Arc<Run>>>,
}

impl Runs {
    /// The runs in `folder`, which need not exist yet. None is known before the first refresh.
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), is_run: RunFiles::are_in(folder), all: RwLock::default() }
    }

    /// Looks for new runs and at all known ones. One thread refreshes at a time; requests for a run do not wait for it.
    pub fn refresh(&self) -> Vec<Summary> {
        let mut all = self.all();
        for path in self.found() {
            let id = all.len();
            if id < MAX_RUNS && !all.iter().any(|run| run.files.folder() == path) {
                all.push(Arc::new(Run::new(id, path, 0)));
            }
        }
        for run in all.iter_mut() {
            if !run.refresh() {
                let axes = lock(&run.axes).version();
                *run = Arc::new(Run::new(run.id, run.files.folder().to_path_buf(), axes));
                run.refresh();
            }
        }
        let summaries = all.iter().filter(|run| run.exists()).map(|run| run.summary()).collect();
        *self.all.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = all;
        summaries
    }

    fn all(&self) -> Vec<Arc<Run>> {
        self.all.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// The run with index `id`.
    ///
    /// # Errors
    ///
    /// If there is none, or its folder has been removed.
    pub fn get(&self, id: &str) -> Result<Arc<Run>> {
        let all = self.all();
        let run = id.parse().ok().and_then(|id: usize| all.get(id)).filter(|run| run.exists());
        run.cloned().ok_or_else(|| Error::NotFound("there is no run of that number; /api/runs lists the runs".into()))
    }

    /// The folders of runs, by name.
    fn found(&self) -> Vec<PathBuf> {
        if self.is_run {
            return vec![self.folder.clone()];
        }
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let is_hidden = |path: &PathBuf| path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| !is_hidden(path)).collect();
        folders.retain(|path| RunFiles::are_in(path));
        folders.sort();
        folders
    }
}
