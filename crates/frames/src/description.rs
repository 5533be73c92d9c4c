//! What the page is told of a run: a summary that changes while it trains, and a description that does not.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::plan::Plan;
use crate::words::WordList;

/// What a run is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A process trains it.
    Training,
    /// All its updates were made, or it ended early because it no longer improved.
    Complete,
    /// It can be resumed.
    Stopped,
    /// It has no frame yet.
    Waiting,
}

/// A run in brief: what changes while one watches, and what tells it from other runs. `/api/runs` lists them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Its index in the list of runs.
    pub id: usize,
    /// The name of its folder.
    pub name: String,
    /// What it is doing.
    pub state: State,
    /// The newest update that is known of.
    pub step: u64,
    /// How many updates there will be.
    pub steps: u64,
    /// V.
    pub words: usize,
    /// C.
    pub channels: usize,
    /// The steps that have frames, in order.
    pub frames: Vec<u64>,
    /// The version of its [`Axes`](crate::Axes).
    pub axes: u32,
    /// The size of its log in bytes: it grows when there is news.
    pub log: u64,
}

/// Everything about a run that does not change from frame to frame: `/api/runs/R`.
pub struct Description<'a> {
    /// Its summary, of which `words` is told as `count`.
    pub summary: &'a Summary,
    /// Its words.
    pub listed: &'a WordList,
    /// Its configuration.
    pub plan: &'a Plan,
    /// Where it lies.
    pub path: String,
    /// What is known of the process that trained it last; null if nothing is.
    pub provenance: Value,
    /// Says what is missing, in a report that holds a part of the run.
    pub limits: Option<String>,
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    summary: Map<String, Value>,
    /// V; `words` are the words themselves.
    count: usize,
    #[serde(flatten)]
    listed: &'a WordList,
    path: &'a str,
    seed: u64,
    positions: &'a str,
    tied: bool,
    context: usize,
    layers: usize,
    heads: usize,
    tokenizer: &'a str,
    text: &'a str,
    config: &'a str,
    provenance: &'a Value,
    limits: &'a Option<String>,
}

impl Description<'_> {
    /// It as one JSON object.
    pub fn json(&self) -> Value {
        let Self { summary, listed, plan, path, provenance, limits } = self;
        let Value::Object(mut fields) = json!(summary) else { unreachable!("a summary is an object") };
        fields.remove("words");
        json!(Answer {
            summary: fields,
            count: summary.words,
            listed,
            path,
            seed: plan.run.seed,
            positions: &plan.model.positions,
            tied: plan.model.tied,
            context: plan.model.context,
            layers: plan.model.layers,
            heads: plan.model.heads,
            tokenizer: &plan.data.tokenizer,
            text: &plan.data.text,
            config: &plan.text,
            provenance,
            limits,
        })
    }
}
