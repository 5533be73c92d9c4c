//! Which address gives which answer. No part of a request becomes a file path: runs, frames and words are looked up.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_lite::stream;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::time::timeout;
use wordspace_explore::Error as ExploreError;
use wordspace_frames::{Layout, PairCurves};

use crate::guard::{Guard, refuse};
use crate::page::{HTML, SCRIPT, STYLE};
use crate::playground::playground;
use crate::run::Run;
use crate::serving::{Serving, View};
use crate::worker::MAX_TIME;
use crate::{Error, Result};

/// A live page hears from the server at least this often.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The most neighbours in one answer.
const MAX_NEIGHBOURS: usize = 100;

const JSON: &str = "application/json";
const BINARY: &str = "application/octet-stream";

type Answer = Result<Response>;
type Shared = State<Arc<Serving>>;

/// All addresses of the server at `port`.
pub(crate) fn router(serving: Arc<Serving>, port: u16) -> Router {
    Router::new()
        .route("/", get(|asked: HeaderMap| async move { HTML.answer(&asked) }))
        .route("/app.js", get(|asked: HeaderMap| async move { SCRIPT.answer(&asked) }))
        .route("/app.css", get(|asked: HeaderMap| async move { STYLE.answer(&asked) }))
        .route("/playground", get(playground_page))
        .route("/api/runs", get(runs))
        .route("/api/live", get(live))
        .route("/api/runs/{run}", get(run))
        .route("/api/runs/{run}/log", get(log))
        .route("/api/runs/{run}/points/{step}", get(points))
        .route("/api/runs/{run}/neighbours/{step}", get(neighbours))
        .route("/api/runs/{run}/pair", get(pair))
        .route("/api/runs/{run}/positions/{step}", get(positions))
        .route("/api/runs/{run}/sentence/{step}", get(sentence))
        .fallback(async || refuse(StatusCode::NOT_FOUND, "there is nothing here"))
        .with_state(serving)
        .layer(from_fn_with_state(Arc::new(Guard::new(port)), Guard::admit))
}

/// The playground. Its own policy is in the page; the one that all other answers carry would forbid it to train.
async fn playground_page() -> Response {
    let policy = [(CONTENT_SECURITY_POLICY, "frame-ancestors 'none'")];
    (policy, answer("text/html; charset=utf-8", playground())).into_response()
}

async fn runs(State(serving): Shared) -> Response {
    let list = serving.news.borrow().clone();
    answer(JSON, list)
}

async fn run(State(serving): Shared, Path(run): Path<String>) -> Answer {
    compute(serving, &run, JSON, |serving, run| serving.description(run)).await
}

async fn log(State(serving): Shared, Path(run): Path<String>) -> Answer {
    compute(serving, &run, JSON, |serving, run| serving.log(run)).await
}

#[derive(Deserialize)]
struct PointsQuery {
    by: Option<String>,
    a: Option<u32>,
    b: Option<u32>,
    against: Option<u32>,
}

impl PointsQuery {
    fn view(self) -> Result<View> {
        match (self.by.as_deref(), self.a, self.b) {
            (None | Some("pca"), ..) => Ok(View::Principal),
            (Some("pair"), Some(a), Some(b)) => Ok(View::Pair([a, b], self.against)),
            (Some("tsne"), ..) => Ok(View::Layout(Layout::Tsne)),
            (Some("umap"), ..) => Ok(View::Layout(Layout::Umap)),
            _ => Err(Error::Question(
                "expected by=pca, by=tsne, by=umap, or by=pair&a=ID&b=ID after the ?, the last with or without against=ID"
                    .into(),
            )),
        }
    }
}

async fn points(State(serving): Shared, Path((run, step)): Path<(String, String)>, uri: Uri) -> Answer {
    let (step, asked): (_, PointsQuery) =
        (step_of(&step)?, query(&uri, "by=pca, by=tsne, by=umap or by=pair&a=ID&b=ID")?);
    let view = asked.view()?;
    compute(serving, &run, BINARY, move |serving, run| serving.points(run, step, view)).await
}

#[derive(Deserialize)]
struct NeighboursQuery {
    word: u32,
    #[serde(default = "ten")]
    top: usize,
}

fn ten() -> usize {
    10
}

async fn neighbours(State(serving): Shared, Path((run, step)): Path<(String, String)>, uri: Uri) -> Answer {
    let (step, NeighboursQuery { word, top }) = (step_of(&step)?, query(&uri, "word=ID and top=N")?);
    let top = top.clamp(1, MAX_NEIGHBOURS);
    compute(serving, &run, JSON, move |serving, run| serving.neighbours(run, step, word, top)).await
}

#[derive(Clone, Copy, Deserialize)]
struct PairQuery {
    a: u32,
    b: u32,
}

/// One job for each frame: all frames of a large run take a while, and other requests should get their turn in between. A
/// frame that cannot be read is left out of the curve.
async fn pair(State(serving): Shared, Path(run): Path<String>, uri: Uri) -> Answer {
    let PairQuery { a, b } = query(&uri, "a=ID and b=ID")?;
    let run = serving.runs.get(&run)?;
    let (mut curves, mut failed) = (PairCurves::new([a, b]), None);
    let deadline = Instant::now() + MAX_TIME;
    for &step in run.frames().iter() {
        if Instant::now() > deadline {
            return Err(Error::Late(MAX_TIME.as_secs()));
        }
        let (this, shared) = (run.clone(), serving.clone());
        match serving.worker.compute(&run.queue, move || shared.pair(&this, step, [a, b])).await {
            Ok(measured) => curves.push(step, measured),
            Err(error @ (Error::Busy | Error::Late(_) | Error::Question(_))) => return Err(error),
            Err(error) => failed = Some(error),
        }
    }
    match failed.filter(|_| curves.steps.is_empty()) {
        Some(error) => Err(error),
        None => Ok(answer(JSON, json!(curves).to_string())),
    }
}

async fn positions(State(serving): Shared, Path((run, step)): Path<(String, String)>) -> Answer {
    let step = step_of(&step)?;
    compute(serving, &run, BINARY, move |serving, run| serving.positions(run, step)).await
}

#[derive(Deserialize)]
struct SentenceQuery {
    text: String,
}

async fn sentence(State(serving): Shared, Path((run, step)): Path<(String, String)>, uri: Uri) -> Answer {
    let (step, SentenceQuery { text }) = (step_of(&step)?, query(&uri, "text=…")?);
    compute(serving, &run, JSON, move |serving, run| serving.sentence(run, step, &text)).await
}

/// The list of runs as server-sent events: at once, whenever it changes, and a comment as heartbeat.
async fn live(State(serving): Shared) -> Response {
    let mut news = serving.news.subscribe();
    news.mark_changed();
    let stream = stream::unfold(news, |mut news| async move {
        let event = match timeout(HEARTBEAT, news.changed()).await {
            Ok(Ok(())) => [b"data: ", news.borrow_and_update().as_ref(), b"\n\n"].concat(),
            Ok(Err(_)) => return None,
            Err(_) => b": nothing has changed\n\n".to_vec(),
        };
        Some((Ok::<_, Infallible>(event), news))
    });
    answer("text/event-stream", Body::from_stream(stream))
}

/// The answer of `find` about the run with index `run`, computed on a thread of the worker.
async fn compute(
    serving: Arc<Serving>,
    run: &str,
    content_type: &'static str,
    find: impl FnOnce(&Serving, &Run) -> Result<Bytes> + Send + 'static,
) -> Answer {
    let run = serving.runs.get(run)?;
    let (this, shared) = (run.clone(), serving.clone());
    Ok(answer(content_type, serving.worker.compute(&run.queue, move || find(&shared, &this)).await?))
}

fn answer(content_type: &'static str, body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, content_type)], body.into()).into_response()
}

fn step_of(step: &str) -> Result<u64> {
    step.parse().map_err(|_| Error::NotFound("a frame is named by its step, a whole number".into()))
}

/// The query of `uri`; `expected` says what it should be.
fn query<T: DeserializeOwned>(uri: &Uri, expected: &str) -> Result<T> {
    let query = Query::try_from_uri(uri).map(|Query(query)| query);
    query.map_err(|error| Error::Question(format!("expected {expected} after the ?; {}", error.body_text())))
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NotFound(_) | Self::NoRun { .. } => StatusCode::NOT_FOUND,
            Self::Question(_) | Self::Explore(ExploreError::Question(_) | ExploreError::UnknownWord { .. }) => {
                StatusCode::BAD_REQUEST
            }
            Self::Busy | Self::Late(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        refuse(status, self.to_string())
    }
}
