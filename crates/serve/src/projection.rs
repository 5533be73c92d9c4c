//! A projection as one file: words of any source as points that one can turn, search and ask for neighbours.

use std::collections::BTreeMap;

use serde::Serialize;
use wordspace_explore::projection::{Chosen, Method, Points, Projection};

use crate::axes::DIMS;
use crate::embedded::{EmbeddedFrame, base64, document, halves};
use crate::points::{encode, scale};
use crate::words::{Class, Listed};

/// Everything in the page of a projection.
#[derive(Serialize)]
struct Page<'a> {
    schema: u32,
    kind: &'static str,
    method: Method,
    explained_variance: Option<&'a [f64]>,
    trustworthiness: Option<f64>,
    run: Shown<'a>,
    log: Option<()>,
    frames: Vec<EmbeddedFrame>,
    positions: [(); 0],
}

/// What stands where the page of a run tells of it.
#[derive(Serialize)]
struct Shown<'a> {
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
    listed: Listed,
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

/// The page of `projection`, which was made of `chosen` from the source called `name`: a frame for each step of its trails, or
/// the one there is.
pub fn projection_page(projection: &Projection, chosen: &Chosen, name: &str) -> String {
    let step = projection.steps.last().copied().unwrap_or(0);
    let frame = |step: u64, vectors: &Points, places: Vec<f32>| EmbeddedFrame {
        step,
        points: base64(&encode(1, step, scale(&places), places.chunks_exact(DIMS))),
        vectors: halves(vectors.as_slice().iter().map(|&x| x as f32)),
    };
    let frames: Vec<EmbeddedFrame> = match projection.trails.is_empty() {
        true => vec![frame(step, &chosen.vectors, in_three(projection.points.rows()))],
        false => {
            let at = |nth: usize| in_three(projection.trails.iter().map(|trail| trail.points.row(nth)));
            chosen.frames.iter().enumerate().map(|(nth, (step, vectors))| frame(*step, vectors, at(nth))).collect()
        }
    };
    let listed = Listed { words: projection.words.clone(), classes: classes(&projection.classes), ..Listed::default() };
    let shown = Shown {
        id: 0,
        name,
        state: "projection",
        step,
        steps: step,
        channels: chosen.vectors.dimension(),
        frames: frames.iter().map(|frame| frame.step).collect(),
        axes: 1,
        log: 0,
        count: projection.words.len(),
        listed,
        path: name,
        seed: 0,
        positions: "none",
        tied: false,
        context: 0,
        layers: 0,
        heads: 0,
        tokenizer: "",
        text: "",
        config: "",
        provenance: None,
        limits: None,
    };
    let page = Page {
        schema: 1,
        kind: "projection",
        method: projection.method,
        explained_variance: projection.explained_variance.as_deref(),
        trustworthiness: projection.trustworthiness,
        run: shown,
        log: None,
        frames,
        positions: [],
    };
    document(&serde_json::to_string(&page).expect("words and numbers can always be written as JSON"))
}

/// Places on a plane or in space, as the page has them: in space.
fn in_three<'a>(places: impl Iterator<Item = &'a [f64]>) -> Vec<f32> {
    places.flat_map(|place| (0..DIMS).map(|at| place.get(at).map_or(0.0, |&x| x as f32))).collect()
}

/// The words of each class.
fn classes(classes: &[Option<String>]) -> Vec<Class> {
    let mut rows: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (class, row) in classes.iter().zip(0..) {
        if let Some(class) = class {
            rows.entry(class).or_default().push(row);
        }
    }
    rows.into_iter().map(|(name, words)| Class { name: name.into(), words }).collect()
}
