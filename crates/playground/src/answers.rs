//! What the page asks of a run in memory: the answers that `wordspace serve` gives for a run folder, by the same functions.

use burn::module::Module;
use serde_json::{Value, json};
use wordspace_data::{END_OF_TEXT, TextStream};
use wordspace_frames::points::{encode, points, scale};
use wordspace_frames::{
    Axes, DIMENSIONS, Description, Frame, Layout, PairCurves, Sentence, State, Summary, layout, pair_axes,
    position_map, principal_axes,
};
use wordspace_learn::{Generation, Sampling};
use wordspace_model::ModelConfig;

use crate::training::{SavedFrame, Training};
use crate::{Error, Result};

/// How many neighbours of a word are listed.
const NEIGHBOURS: usize = 10;

/// The answers about a run, and what is kept between them.
pub struct Answers {
    axes: Axes,
}

/// The projection that is asked for.
#[derive(serde::Deserialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum View {
    /// The principal axes.
    Pca,
    /// The axes on which a pair meets.
    Pair {
        /// One word.
        a: u32,
        /// The other.
        b: u32,
        /// The word they move away from.
        against: Option<u32>,
    },
    /// t-SNE.
    Tsne,
    /// UMAP.
    Umap,
}

impl Answers {
    /// Those about `training`, which has one frame.
    pub fn new(training: &Training) -> Self {
        let mut answers = Self { axes: Axes { version: 0, step: 0, directions: Vec::new() } };
        answers.turn_axes(training, None);
        answers
    }

    /// Computes the axes anew for the newest frame if they are old: at steps 1, 2, 4, …, and at the end.
    pub fn follow(&mut self, training: &Training) {
        let newest = training.frames.last().expect("there is a frame").frame.step;
        if newest > self.axes.step && (newest >= 2 * self.axes.step || training.is_complete()) {
            let before = Axes { directions: std::mem::take(&mut self.axes.directions), ..self.axes };
            self.turn_axes(training, Some(before));
        }
    }

    fn turn_axes(&mut self, training: &Training, before: Option<Axes>) {
        let frame = &training.frames.last().expect("there is a frame").frame;
        let directions = principal_axes(frame, &training.words.by_count, before.as_ref());
        self.axes = Axes { version: self.axes.version + 1, step: frame.step, directions };
    }

    /// The run in brief.
    pub fn summary(&self, training: &Training) -> Summary {
        Summary {
            id: 0,
            name: training.config.run.name.clone(),
            state: if training.is_complete() { State::Complete } else { State::Training },
            step: training.state.step,
            steps: training.config.train.steps,
            words: training.sizes.vocab_size,
            channels: training.sizes.channels,
            frames: training.frames.iter().map(|saved| saved.frame.step).collect(),
            axes: self.axes.version,
            log: training.log.lines().len() as u64,
        }
    }

    /// Everything about the run that does not change.
    pub fn description(&self, training: &Training) -> Value {
        let description = Description {
            summary: &self.summary(training),
            listed: &training.words.listed,
            plan: &training.plan,
            path: "this page".into(),
            provenance: Value::Null,
            limits: None,
        };
        description.json()
    }

    /// The points of the frame of `step` in `view`, in the page's format.
    ///
    /// # Errors
    ///
    /// If there is no such frame or word.
    pub fn points(&self, training: &Training, step: u64, view: &View) -> Result<Vec<u8>> {
        let frame = &saved(training, step)?.frame;
        match *view {
            View::Pca => Ok(points(frame, &self.axes)),
            View::Pair { a, b, against } => {
                let [first, last] = [0, self.axes.step].map(|step| saved(training, step));
                let directions = pair_axes(&first?.frame, &last?.frame, [a, b], against)?;
                Ok(points(frame, &Axes { directions, ..self.axes }))
            }
            View::Tsne => self.laid_out(training, frame, Layout::Tsne),
            View::Umap => self.laid_out(training, frame, Layout::Umap),
        }
    }

    fn laid_out(&self, training: &Training, frame: &Frame, by: Layout) -> Result<Vec<u8>> {
        let rows = training.words.by_importance();
        let found = layout(frame, &self.axes, &rows, by, training.config.run.seed)?;
        Ok(encode(self.axes.version, frame.step, scale(&found), found.chunks_exact(DIMENSIONS)))
    }
}

/// The words nearest to `word` in the frame of `step`.
///
/// # Errors
///
/// If there is no such frame or word.
pub fn neighbours(training: &Training, step: u64, word: u32) -> Result<Value> {
    Ok(json!(saved(training, step)?.frame.neighbours(word, NEIGHBOURS)?))
}

/// How close `a` and `b` are in each frame.
///
/// # Errors
///
/// If one of them is not a row.
pub fn pair(training: &Training, a: u32, b: u32) -> Result<Value> {
    let mut curves = PairCurves::new([a, b]);
    for SavedFrame { frame, .. } in &training.frames {
        curves.push(frame.step, frame.pair(a, b)?);
    }
    Ok(json!(curves))
}

/// The position table of the frame of `step`, in the page's format.
///
/// # Errors
///
/// If there is no such frame, or the run has no position table.
pub fn positions(training: &Training, step: u64) -> Result<Vec<u8>> {
    let none = || Error::Question("this run has no position table: its positions are not learned".into());
    let [asked, newest] = [saved(training, step)?, training.frames.last().expect("there is a frame")];
    let [asked, newest] = [asked, newest].map(|saved| saved.positions.as_ref().ok_or_else(none));
    Ok(position_map(step, asked?, newest?)?)
}

/// `text` as the model first sees it.
///
/// # Errors
///
/// If there is no such frame, or a word of the text has no row.
pub fn sentence(training: &Training, step: u64, text: &str) -> Result<Value> {
    let pieces = training.words.split(text, &training.config.run.name)?;
    let SavedFrame { frame, positions } = saved(training, step)?;
    Ok(json!(Sentence::new(pieces, frame, positions.as_ref())?))
}

/// `prompt`, continued by at most `tokens` tokens by the model as it stands.
///
/// # Errors
///
/// If the prompt is empty, or the model's logits are not finite.
pub fn continuation(training: &Training, prompt: &str, tokens: u32, sampling: Sampling) -> Result<String> {
    let tokenizer = &training.corpus.tokenizer;
    let ids: Vec<u32> = tokenizer.encode(prompt)?.iter().map(|token| token.id).collect();
    let ModelConfig { context, vocab_size, .. } = training.sizes;
    let mut generation = Generation::new(&ids, sampling, context, vocab_size)?;
    let (model, mut stream, mut text) =
        (training.model().valid(), TextStream::after(&ids, tokenizer), prompt.to_string());
    for _ in 0..tokens {
        let step = training.state.step;
        let next = generation.next_token(&model);
        let next = next.ok_or(Error::Diverged { step, problem: "the model's logits are not finite".into() })?;
        if Some(next) == tokenizer.id(END_OF_TEXT) {
            break;
        }
        text.push_str(&stream.push(next));
    }
    Ok(text + &stream.finish())
}

/// The frame of `step`.
fn saved(training: &Training, step: u64) -> Result<&SavedFrame> {
    let found = training.frames.binary_search_by_key(&step, |saved| saved.frame.step);
    let found = found.map(|at| &training.frames[at]);
    found.map_err(|_| Error::Question(format!("there is no frame of step {step}")))
}
