//! What each address of a run answers. All of it runs on threads of the worker.

use axum::body::Bytes;
use serde::Serialize;
use serde_json::Value;
use wordspace_frames::points::{encode, points, scale};
use wordspace_frames::{Axes, DIMENSIONS, Description, Sentence, WordList, layout, pair_axes, position_map};

use crate::folder::newest_session;
use crate::frames::Key;
use crate::lock::lock;
use crate::run::Run;
use crate::serving::{Question, Serving, View};
use crate::{Error, Result};

impl Serving {
    /// `/api/runs/R`. A run that has no words yet is described without them.
    pub fn description(&self, run: &Run) -> Result<Bytes> {
        let described = match self.words(run) {
            Err(Error::NotFound(_)) => describe(run, &WordList::default(), None),
            words => describe(run, &words?.listed, None),
        };
        Ok(described.to_string().into())
    }

    /// `/api/runs/R/log`.
    pub fn log(&self, run: &Run) -> Result<Bytes> {
        Ok(json(&lock(&run.log).read()?))
    }

    /// `/api/runs/R/points/S`.
    pub fn points(&self, run: &Run, step: u64, view: View) -> Result<Bytes> {
        let (key, axes) = (Key::of(run, step)?, self.axes(run)?);
        let version = (!matches!(view, View::Layout(_))).then_some(axes.version);
        self.answer((key, Question::Points(view, version)), || Ok(self.compute_points(run, step, view, &axes)?.into()))
    }

    fn compute_points(&self, run: &Run, step: u64, view: View, axes: &Axes) -> Result<Vec<u8>> {
        let frame = self.frames.open(run, step)?;
        match view {
            View::Principal => Ok(points(&frame, axes)),
            View::Pair(pair, against) => {
                let (first, last) = (self.frames.oldest(run)?, self.frames.open(run, axes.step)?);
                let directions = pair_axes(&first, &last, pair, against)?;
                Ok(points(&frame, &Axes { directions, ..*axes }))
            }
            View::Layout(by) => {
                let rows = self.words(run)?.by_importance();
                let found = layout(&frame, axes, &rows, by, run.plan().run.seed)?;
                Ok(encode(axes.version, step, scale(&found), found.chunks_exact(DIMENSIONS)))
            }
        }
    }

    /// `/api/runs/R/neighbours/S`.
    pub fn neighbours(&self, run: &Run, step: u64, word: u32, top: usize) -> Result<Bytes> {
        self.answer((Key::of(run, step)?, Question::Neighbours(word, top)), || {
            Ok(json(&self.frames.open(run, step)?.neighbours(word, top)?))
        })
    }

    /// `/api/runs/R/positions/S`.
    pub fn positions(&self, run: &Run, step: u64) -> Result<Bytes> {
        let newest = run.frames().last().copied().unwrap_or(step);
        self.answer((Key::of(run, step)?, Question::Positions(newest)), || {
            let none = || Error::NotFound(format!("{} has no position table: its positions are not learned", run.name));
            let table = self.frames.positions(run, step)?.ok_or_else(none)?;
            let end = if newest == step { None } else { self.frames.positions(run, newest).ok().flatten() };
            Ok(position_map(step, &table, end.as_ref().unwrap_or(&table))?.into())
        })
    }

    /// `/api/runs/R/sentence/S`.
    pub fn sentence(&self, run: &Run, step: u64, text: &str) -> Result<Bytes> {
        let pieces = self.words(run)?.split(text, &run.name)?;
        let (frame, positions) = (self.frames.open(run, step)?, self.frames.positions(run, step)?);
        Ok(json(&Sentence::new(pieces, &frame, positions.as_ref())?))
    }
}

/// The description of `run` with the words that are `listed`; `limits` says what a report leaves out.
pub(crate) fn describe(run: &Run, listed: &WordList, limits: Option<String>) -> Value {
    let description = Description {
        summary: &run.summary(),
        listed,
        plan: &run.plan(),
        path: run.files.folder().display().to_string(),
        provenance: newest_session(&run.files),
        limits,
    };
    description.json()
}

fn json(answer: &impl Serialize) -> Bytes {
    serde_json::to_vec(answer).expect("words and numbers can always be written as JSON").into()
}
