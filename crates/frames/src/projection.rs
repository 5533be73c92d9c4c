//! A projection as the data of a page: words of any source as points that a reader can turn, search and ask for neighbours.

use std::collections::BTreeMap;

use serde::Serialize;
use wordspace_explore::projection::{Chosen, Method, Points, Projection};

use crate::axes::DIMENSIONS;
use crate::embedded::{EmbeddedFrame, base64, half_floats};
use crate::points::{encode, scale};
use crate::words::{Class, WordList};

/// Everything in the page of a projection.
#[derive(Serialize)]
struct Page<'a> {
    schema: u32,
    kind: &'static str,
    method: Method,
    explained_variance: Option<&'a [f64]>,
    trustworthiness: Option<f64>,
    run: Run<'a>,
    log: Option<()>,
    frames: Vec<EmbeddedFrame>,
    positions: [(); 0],
}

/// The fields of a run's description; a projection leaves most of them empty.
#[derive(Default, Serialize)]
struct Run<'a> {
    id: usize,
    name: &'a str,
    state: &'static str,
    step: u64,
    steps: u64,
    channels: usize,
    frames: Vec<u64>,
    axes: u32,
    log: u64,
    count: usize,
    #[serde(flatten)]
    listed: WordList,
    path: &'a str,
    seed: u64,
    positions: &'static str,
    tied: bool,
    context: usize,
    layers: usize,
    heads: usize,
    tokenizer: &'static str,
    text: &'static str,
    config: &'static str,
    provenance: Option<()>,
    limits: Option<String>,
}

/// The page's data for `projection`, made of `chosen` from the source called `name`: a frame for each step of its trails, or
/// the only one.
pub fn projection_json(projection: &Projection, chosen: &Chosen, name: &str) -> String {
    let step = projection.steps.last().copied().unwrap_or(0);
    let frames = frames(projection, chosen, step);
    let run = Run {
        name,
        state: "projection",
        step,
        steps: step,
        channels: chosen.vectors.dimension(),
        frames: frames.iter().map(|frame| frame.step).collect(),
        axes: 1,
        count: projection.words.len(),
        listed: WordList {
            words: projection.words.clone(),
            classes: classes(&projection.classes),
            ..WordList::default()
        },
        path: name,
        positions: "none",
        ..Run::default()
    };
    let page = Page {
        schema: 1,
        kind: "projection",
        method: projection.method,
        explained_variance: projection.explained_variance.as_deref(),
        trustworthiness: projection.trustworthiness,
        run,
        log: None,
        frames,
        positions: [],
    };
    serde_json::to_string(&page).expect("words and numbers can always be written as JSON")
}

/// The frames of its trails, or, without trails, the one of `step`.
fn frames(projection: &Projection, chosen: &Chosen, step: u64) -> Vec<EmbeddedFrame> {
    let frame = |step: u64, vectors: &Points, coordinates: Vec<f32>| EmbeddedFrame {
        step,
        points: base64(&encode(1, step, scale(&coordinates), coordinates.chunks_exact(DIMENSIONS))),
        vectors: half_floats(vectors.as_slice().iter().map(|&x| x as f32)),
    };
    if projection.trails.is_empty() {
        return vec![frame(step, &chosen.vectors, in_space(projection.points.rows()))];
    }
    let at = |nth: usize| in_space(projection.trails.iter().map(|trail| trail.points.row(nth)));
    chosen.frames.iter().enumerate().map(|(nth, (step, vectors))| frame(*step, vectors, at(nth))).collect()
}

/// Points of two or three coordinates as points of three, `[n, 3]`.
fn in_space<'a>(points: impl Iterator<Item = &'a [f64]>) -> Vec<f32> {
    points.flat_map(|point| (0..DIMENSIONS).map(|axis| point.get(axis).map_or(0.0, |&x| x as f32))).collect()
}

/// The words of each class, by the class of each word.
fn classes(classes: &[Option<String>]) -> Vec<Class> {
    let mut rows: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (class, row) in classes.iter().zip(0..) {
        if let Some(class) = class {
            rows.entry(class).or_default().push(row);
        }
    }
    rows.into_iter().map(|(name, words)| Class { name: name.into(), words }).collect()
}
