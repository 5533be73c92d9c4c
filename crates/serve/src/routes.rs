//! What is answered to which address. A request never becomes a path: runs, frames and words are looked up.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::CONTENT_TYPE;
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

use crate::guard::{Guard, refuse};
use crate::page::{HTML, SCRIPT, STYLE};
use crate::run::Run;
use crate::serving::Serving;
use crate::{Error, Result};

/// After how long a live page hears that nothing has changed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The most neighbours that are asked for at once.
const MOST_NEIGHBOURS: usize = 100;

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

async fn runs(State(serving): Shared) -> Response {
    let cards = serving.news.borrow().clone();
    answer(JSON, cards)
}

async fn run(State(serving): Shared, Path(run): Path<String>) -> Answer {
    compute(serving, &run, JSON, |serving, run| serving.description(run)).await
}

async fn log(State(serving): Shared, Path(run): Path<String>) -> Answer {
    compute(serving, &run, JSON, |serving, run| serving.log(run)).await
}

async fn points(State(serving): Shared, Path((run, step)): Path<(String, String)>) -> Answer {
    let step = step_of(&step)?;
    compute(serving, &run, BINARY, move |serving, run| serving.points(run, step)).await
}

#[derive(Deserialize)]
struct Near {
    word: u32,
    #[serde(default = "ten")]
    top: usize,
}

fn ten() -> usize {
    10
}

async fn neighbours(State(serving): Shared, Path((run, step)): Path<(String, String)>, uri: Uri) -> Answer {
    let (step, Near { word, top }) = (step_of(&step)?, asked(&uri, "word=ID and top=N")?);
    let top = top.clamp(1, MOST_NEIGHBOURS);
    compute(serving, &run, JSON, move |serving, run| serving.neighbours(run, step, word, top)).await
}

#[derive(Clone, Copy, Deserialize)]
struct Pair {
    a: u32,
    b: u32,
}

/// All frames of a large run take a while, so that other questions have their turn between them. A frame that cannot be
/// read is left out of the curve.
async fn pair(State(serving): Shared, Path(run): Path<String>, uri: Uri) -> Answer {
    let Pair { a, b } = asked(&uri, "a=ID and b=ID")?;
    let run = serving.runs.get(&run)?;
    let (mut steps, mut curves, mut failed) = (Vec::new(), [const { Vec::new() }; 5], None);
    for &step in run.frames().iter() {
        let (of, from) = (run.clone(), serving.clone());
        match serving.worker.compute(move || from.pair(&of, step, a, b)).await {
            Ok(numbers) => {
                steps.push(step);
                curves.iter_mut().zip(numbers).for_each(|(curve, number)| curve.push(number));
            }
            Err(error @ (Error::Busy | Error::Late(_) | Error::Question(_))) => return Err(error),
            Err(error) => failed = Some(error),
        }
    }
    let [raw, centred, low, middle, high] = curves;
    match failed.filter(|_| steps.is_empty()) {
        Some(error) => Err(error),
        None => {
            let pair = json!({"a": a, "b": b, "steps": steps, "raw": raw, "centred": centred,
                              "low": low, "middle": middle, "high": high});
            Ok(answer(JSON, pair.to_string()))
        }
    }
}

async fn positions(State(serving): Shared, Path((run, step)): Path<(String, String)>) -> Answer {
    let step = step_of(&step)?;
    compute(serving, &run, BINARY, move |serving, run| serving.positions(run, step)).await
}

#[derive(Deserialize)]
struct Sentence {
    text: String,
}

async fn sentence(State(serving): Shared, Path((run, step)): Path<(String, String)>, uri: Uri) -> Answer {
    let (step, Sentence { text }) = (step_of(&step)?, asked(&uri, "text=…")?);
    compute(serving, &run, JSON, move |serving, run| serving.sentence(run, step, &text)).await
}

/// The cards at once, and again whenever something has changed; a sign of life where nothing does.
async fn live(State(serving): Shared) -> Response {
    let mut news = serving.news.subscribe();
    news.mark_changed();
    let stream = stream::unfold(news, |mut news| async move {
        let piece = match timeout(HEARTBEAT, news.changed()).await {
            Ok(Ok(())) => [b"data: ", news.borrow_and_update().as_ref(), b"\n\n"].concat(),
            Ok(Err(_)) => return None,
            Err(_) => b": nothing has changed\n\n".to_vec(),
        };
        Some((Ok::<_, Infallible>(piece), news))
    });
    answer("text/event-stream", Body::from_stream(stream))
}

/// What `find` finds of the run of number `run`, on the thread that computes.
async fn compute(
    serving: Arc<Serving>,
    run: &str,
    kind: &'static str,
    find: impl FnOnce(&Serving, &Run) -> Result<Bytes> + Send + 'static,
) -> Answer {
    let (run, from) = (serving.runs.get(run)?, serving.clone());
    Ok(answer(kind, serving.worker.compute(move || find(&from, &run)).await?))
}

fn answer(kind: &'static str, body: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, kind)], body.into()).into_response()
}

fn step_of(step: &str) -> Result<u64> {
    step.parse().map_err(|_| Error::NotFound("a frame is named by its step, a number".into()))
}

/// What the part of `uri` behind the question mark asks.
fn asked<T: DeserializeOwned>(uri: &Uri, expected: &str) -> Result<T> {
    let asked = Query::try_from_uri(uri).map(|Query(asked)| asked);
    asked.map_err(|error| Error::Question(format!("expected {expected} behind the ?; {}", error.body_text())))
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
