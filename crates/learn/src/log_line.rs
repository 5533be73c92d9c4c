//! A line of a run's log, `log.jsonl`.

use serde::Serialize;

/// The version of the format.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Line<'a, T: Serialize> {
    schema: u32,
    event: &'static str,
    #[serde(flatten)]
    content: &'a T,
    seconds: f64,
}

/// The line for `event` with this `content`, `seconds` after its process began, with a line break. Everything but the seconds is
/// determined by the run.
pub fn log_line<T: Serialize>(event: &'static str, content: &T, seconds: f64) -> Vec<u8> {
    let seconds = (seconds * 1e3).round() / 1e3;
    let line = Line { schema: SCHEMA, event, content, seconds };
    let mut text = serde_json::to_vec(&line).expect("an event can always be written as JSON");
    text.push(b'\n');
    text
}
