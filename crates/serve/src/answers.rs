//! What is answered to each question about a run. Everything here is computed on the worker's thread.

use axum::body::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};
use wordspace_explore::embed::{Embedding, PlacedToken};
use wordspace_explore::{Direction, Viewpoint, nearest};

use crate::folder::newest_session;
use crate::frame::{Frame, Key};
use crate::points::points;
use crate::positions::positions;
use crate::run::{Run, lock};
use crate::serving::{Serving, What};
use crate::words::Listed;
use crate::{Error, Result};

/// Everything about a run that does not change with its frames.
#[derive(Serialize)]
struct Description<'a> {
    #[serde(flatten)]
    card: Map<String, Value>,
    /// V; `words` are the words themselves.
    count: usize,
    #[serde(flatten)]
    listed: &'a Listed,
    path: String,
    seed: u64,
    positions: &'a str,
    tied: bool,
    context: usize,
    layers: usize,
    heads: usize,
    tokenizer: &'a str,
    text: &'a str,
    config: &'a str,
    provenance: Value,
    limits: Option<String>,
}

/// The words nearest to a word, as seen from the origin and from the mean.
#[derive(Serialize)]
struct Neighbours {
    step: u64,
    word: u32,
    raw: Vec<(u32, f32)>,
    centred: Vec<(u32, f32)>,
}

/// A text as a model first sees it.
#[derive(Serialize)]
struct Sentence {
    step: u64,
    channels: usize,
    tokens: Vec<Token>,
}

/// A token with its vector, that of its place, and their sum.
#[derive(Serialize)]
struct Token {
    id: u32,
    piece: String,
    position: usize,
    token: Vec<f32>,
    place: Option<Vec<f32>>,
    sum: Vec<f32>,
}

impl Serving {
    /// `/api/runs/R`. A run that has no words yet is described without.
    pub fn description(&self, run: &Run) -> Result<Bytes> {
        let described = match self.words(run) {
            Err(Error::NotFound(_)) => describe(run, &Listed::default(), None),
            words => describe(run, &words?.listed, None),
        };
        Ok(described.to_string().into())
    }

    /// `/api/runs/R/log`.
    pub fn log(&self, run: &Run) -> Result<Bytes> {
        Ok(written(&lock(&run.log).read()?))
    }

    /// `/api/runs/R/points/S`.
    pub fn points(&self, run: &Run, step: u64) -> Result<Bytes> {
        let (key, axes) = (Key::of(run, step)?, self.axes(run)?);
        self.answer((key, What::Points(axes.version)), || Ok(points(&*self.frames.open(run, step)?, &axes).into()))
    }

    /// `/api/runs/R/neighbours/S`.
    pub fn neighbours(&self, run: &Run, step: u64, word: u32, top: usize) -> Result<Bytes> {
        self.answer((Key::of(run, step)?, What::Neighbours(word, top)), || {
            let frame = self.frames.open(run, step)?;
            check_row(&frame, word)?;
            let near = |from: &Viewpoint| -> Result<Vec<(u32, f32)>> {
                let direction = Direction::new(&frame.vectors, from, &[word], &[])?;
                let found = nearest(&frame.vectors, from, &[direction], top, &|_, _| ());
                Ok(found.answers[0].iter().map(|near| (near.row, near.cosine)).collect())
            };
            let (raw, centred) = (near(&Viewpoint::origin(&frame.vectors))?, near(&frame.known.mean)?);
            Ok(written(&Neighbours { step, word, raw, centred }))
        })
    }

    /// One step of `/api/runs/R/pair`: the cosine, the cosine seen from the mean, and those of random pairs.
    pub fn pair(&self, run: &Run, step: u64, a: u32, b: u32) -> Result<[f32; 5]> {
        let frame = self.frames.open(run, step)?;
        check_row(&frame, a)?;
        check_row(&frame, b)?;
        let cosine = |from: &Viewpoint| from.cosine(&frame.vectors, a, b) as f32;
        let [low, middle, high] = frame.known.chance;
        Ok([cosine(&Viewpoint::origin(&frame.vectors)), cosine(&frame.known.mean), low, middle, high])
    }

    /// `/api/runs/R/positions/S`.
    pub fn positions(&self, run: &Run, step: u64) -> Result<Bytes> {
        let newest = run.frames().last().copied().unwrap_or(step);
        self.answer((Key::of(run, step)?, What::Positions(newest)), || {
            let none = || Error::NotFound(format!("{} has no table of positions: they are not learned", run.name));
            let table = self.frames.positions(run, step)?.ok_or_else(none)?;
            let end = if newest == step { None } else { self.frames.positions(run, newest).ok().flatten() };
            Ok(positions(step, &table, end.as_ref().unwrap_or(&table))?.into())
        })
    }

    /// `/api/runs/R/sentence/S`.
    pub fn sentence(&self, run: &Run, step: u64, text: &str) -> Result<Bytes> {
        let pieces = self.words(run)?.split(text, &run.name)?;
        let (frame, positions) = (self.frames.open(run, step)?, self.frames.positions(run, step)?);
        pieces.iter().try_for_each(|(id, _)| check_row(&frame, *id))?;
        let embedding = Embedding::new(&[pieces], &frame.vectors, positions.as_ref(), None)?;
        let token = |token: PlacedToken| {
            let PlacedToken { id, piece, position, token_vector: token, position_vector: place, sum, .. } = token;
            Token { id, piece, position, token, place, sum }
        };
        let tokens = embedding.tokens.into_iter().map(token).collect();
        Ok(written(&Sentence { step, channels: embedding.dimension, tokens }))
    }
}

/// The run with the words that are `listed`; `limits` says what is not in a report.
pub(crate) fn describe(run: &Run, listed: &Listed, limits: Option<String>) -> Value {
    let (plan, card) = (run.plan(), run.card());
    let count = card.words;
    let Value::Object(mut card) = json!(card) else { unreachable!("a card is an object") };
    card.remove("words");
    json!(Description {
        card,
        count,
        listed,
        path: run.path.display().to_string(),
        seed: plan.run.seed,
        positions: &plan.model.positions,
        tied: plan.model.tied,
        context: plan.model.context,
        layers: plan.model.layers,
        heads: plan.model.heads,
        tokenizer: &plan.data.tokenizer,
        text: &plan.data.text,
        config: &plan.text,
        provenance: newest_session(&run.path.join("run.json")),
        limits,
    })
}

fn written(answer: &impl Serialize) -> Bytes {
    serde_json::to_vec(answer).expect("words and numbers can always be written as JSON").into()
}

fn check_row(frame: &Frame, row: u32) -> Result<()> {
    let rows = frame.vectors.len();
    if (row as usize) < rows {
        return Ok(());
    }
    Err(Error::Question(format!("there is no word {row}: the words of this run are 0 to {}", rows - 1)))
}
