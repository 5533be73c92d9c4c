//! The runs there are: found in a folder, in an order that stays.

use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use crate::folder::Folder;
use crate::run::{Card, Run, lock};
use crate::{Error, Result};

/// How many runs are looked at; the others of a fuller folder are not served.
const MOST: usize = 256;

/// The runs in a folder, or the run that it is.
pub(crate) struct Runs {
    place: PathBuf,
    is_run: bool,
    all: RwLock<Vec<Arc<Run>>>,
}

impl Runs {
    /// The runs at `place`, which need not be there yet. None is known before the first look.
    pub fn of(place: &Path) -> Self {
        Self { place: place.to_path_buf(), is_run: Folder::is_run(place), all: RwLock::default() }
    }

    /// Looks for new runs and at all that are known. One thread at a time looks; who asks for a run meanwhile does not wait.
    pub fn look(&self) -> Vec<Card> {
        let mut all = self.all();
        for path in self.found() {
            let id = all.len();
            if id < MOST && !all.iter().any(|run| run.path == path) {
                all.push(Arc::new(Run::new(id, path, 0)));
            }
        }
        for run in all.iter_mut() {
            if !run.look() {
                let axes = lock(&run.turning).version();
                *run = Arc::new(Run::new(run.id, run.path.clone(), axes));
                run.look();
            }
        }
        let cards = all.iter().filter(|run| run.is_there()).map(|run| run.card()).collect();
        *self.all.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = all;
        cards
    }

    fn all(&self) -> Vec<Arc<Run>> {
        self.all.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// The run that has the number `id` in the list.
    ///
    /// # Errors
    ///
    /// If there is none, or none any more.
    pub fn get(&self, id: &str) -> Result<Arc<Run>> {
        let all = self.all();
        let run = id.parse().ok().and_then(|id: usize| all.get(id)).filter(|run| run.is_there());
        run.cloned()
            .ok_or_else(|| Error::NotFound("there is no run of that number; /api/runs lists those there are".into()))
    }

    /// The folders of runs, by name.
    fn found(&self) -> Vec<PathBuf> {
        if self.is_run {
            return vec![self.place.clone()];
        }
        let entries = std::fs::read_dir(&self.place).into_iter().flatten().flatten();
        let is_hidden = |path: &PathBuf| path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| !is_hidden(path)).collect();
        folders.retain(|path| Folder::is_run(path));
        folders.sort();
        folders
    }
}
