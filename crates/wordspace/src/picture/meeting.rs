//! The picture of a run, `meeting.svg` in its folder: how the watched words found each other.
//!
//! On the left, the mean-centred cosine of the watched pairs by training step, with the band that random pairs fall into. On the
//! right, the nearest neighbours of the first watched word before and after training.

use std::fmt::Write;
use std::path::Path;

use serde::Deserialize;

use super::svg::escape;
use crate::data::{Error, RunFiles, VectorTable, Vocabulary, read_tensors};
use crate::learn::watch::Measurement;

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 340.0;
/// The plot area: left, top, right, bottom.
const PLOT: [f64; 4] = [56.0, 56.0, 520.0, 290.0];
/// The range of the cosine axis, from the top.
const COSINES: [f64; 2] = [1.0, -0.5];
/// Colours that the colour-blind can tell apart (Okabe and Ito), on light and dark backgrounds.
const COLOURS: [&str; 5] = ["#d55e00", "#0072b2", "#8a8a8a", "#009e73", "#cc79a7"];
/// Neighbours listed per step.
const NEAREST: usize = 8;

/// Draws the run in the folder `run`, or nothing if it watched no pair.
///
/// # Errors
///
/// If the log or a table of the run cannot be read.
pub fn meeting(run: &Path) -> Result<Option<String>, Error> {
    let measurements = measurements(run)?;
    let Some(pair) = measurements.first().and_then(|at| at.pairs.first()) else { return Ok(None) };
    let last = measurements[measurements.len() - 1].step;
    let mut svg = String::new();
    frame(&mut svg, &format!("{} and {} find each other", pair.a, pair.b));
    axes(&mut svg, last);
    curves(&mut svg, &measurements);
    let x = PLOT[2] + 140.0;
    text(&mut svg, x, 28.0, "strong", &format!("Nearest to {}", pair.a));
    for (nth, step) in [0, last].into_iter().enumerate() {
        let x = x + 110.0 * nth as f64;
        text(&mut svg, x, PLOT[1] + 12.0, "small", &format!("step {step}"));
        for (line, word) in nearest(run, step, &pair.a)?.iter().enumerate() {
            text(&mut svg, x, PLOT[1] + 40.0 + 24.0 * line as f64, "", word);
        }
    }
    svg.push_str("</svg>\n");
    Ok(Some(svg))
}

/// The words nearest to `word` in the token table after `step`, nearest first; empty if the word is not one token.
pub fn nearest(run: &Path, step: u64, word: &str) -> Result<Vec<String>, Error> {
    let vocabulary = Vocabulary::open(&run.join("words.json"))?;
    let path = RunFiles::of(run).vectors_path(step);
    let Some(table) = read_tensors(&path)?.remove("wte.weight") else {
        return Err(Error::BadFile { path, problem: "it has no token table".into() });
    };
    let spelling = word.replace(' ', "Ġ");
    let Some(row) = vocabulary.words.iter().position(|known| *known == spelling) else { return Ok(Vec::new()) };
    let directions = VectorTable::new(table.values, table.shape[1]).centred_directions();
    let neighbours = directions.neighbours(row as u32, NEAREST).into_iter();
    Ok(neighbours.map(|(row, _)| vocabulary.words[row as usize].replace('Ġ', " ")).collect())
}

/// The watch entries of the run's log.
fn measurements(run: &Path) -> Result<Vec<Measurement>, Error> {
    #[derive(Deserialize)]
    struct Line {
        event: String,
        #[serde(flatten)]
        rest: serde_json::Value,
    }
    let path = run.join("log.jsonl");
    let log = std::fs::read_to_string(&path).map_err(|source| Error::read(&path, source))?;
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    Ok(lines.filter(|line| line.event == "watch").filter_map(|line| serde_json::from_value(line.rest).ok()).collect())
}

fn frame(svg: &mut String, title: &str) {
    let style = "text{font:15px system-ui,sans-serif;fill:#1c1c1c}.small{font-size:13px;fill:#606060}\
        .strong{font-weight:600;font-size:17px}.grid{stroke:#00000018}.tick{stroke:#00000060}.chance{fill:#00000012}\
        @media(prefers-color-scheme:dark){text{fill:#ececec}.small{fill:#a8a8a8}.grid{stroke:#ffffff22}.tick{stroke:#ffffff70}.chance{fill:#ffffff18}}";
    add(
        svg,
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{}">"#,
            escape(title)
        ),
    );
    add(svg, format!("<style>{style}</style>"));
    text(svg, PLOT[0], 28.0, "strong", title);
}

fn axes(svg: &mut String, last: u64) {
    let [left, _, right, bottom] = PLOT;
    for cosine in [-0.5, 0.0, 0.5, 1.0] {
        let y = y(cosine);
        add(svg, format!(r#"<line class="grid" x1="{left}" x2="{right}" y1="{y:.1}" y2="{y:.1}"/>"#));
        text(svg, left - 40.0, y + 4.0, "small", &format!("{cosine:+.1}"));
    }
    // A tick every tenth of the run: they lie closer together to the right, so that the axis is seen to be uneven.
    for tenth in 0..=10 {
        let x = x(tenth * last / 10, last);
        add(svg, format!(r#"<line class="tick" x1="{x:.1}" x2="{x:.1}" y1="{bottom}" y2="{}"/>"#, bottom + 5.0));
    }
    for tenth in [0, 1, 2, 4, 6, 8, 10] {
        let step = tenth * last / 10;
        text(svg, x(step, last) - 8.0, bottom + 20.0, "small", &step.to_string());
    }
    let axes = "mean-centred cosine by training step, square-root scale; shaded: 90 % of random pairs";
    text(svg, left, bottom + 40.0, "small", axes);
}

fn curves(svg: &mut String, measurements: &[Measurement]) {
    let last = measurements[measurements.len() - 1].step;
    let line = |value: &dyn Fn(&Measurement) -> f32| -> Vec<String> {
        measurements.iter().map(|at| format!("{:.1},{:.1}", x(at.step, last), y(value(at) as f64))).collect()
    };
    let (low, mut high) = (line(&|at| at.chance[0]), line(&|at| at.chance[2]));
    high.reverse();
    add(svg, format!(r#"<polygon class="chance" points="{} {}"/>"#, low.join(" "), high.join(" ")));
    let mut labels: Vec<(f64, usize)> = measurements[measurements.len() - 1]
        .pairs
        .iter()
        .take(COLOURS.len())
        .enumerate()
        .map(|(nth, pair)| (y(pair.centred as f64), nth))
        .collect();
    for &(_, nth) in &labels {
        let points = line(&|at| at.pairs[nth].centred).join(" ");
        let colour = COLOURS[nth];
        add(
            svg,
            format!(
                r#"<polyline fill="none" stroke="{colour}" stroke-width="2.5" stroke-linejoin="round" points="{points}"/>"#
            ),
        );
    }
    // A label stands where its curve ends, or lower where it would overlap another.
    labels.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut lowest = f64::MIN;
    for (wanted, nth) in labels {
        let pair = &measurements[measurements.len() - 1].pairs[nth];
        lowest = wanted.max(lowest + 19.0);
        let label = escape(&format!("{} · {}", pair.a.trim(), pair.b.trim()));
        let (x, y) = (PLOT[2] + 8.0, lowest + 5.0);
        add(svg, format!(r#"<text x="{x}" y="{y:.1}" style="fill:{}">{label}</text>"#, COLOURS[nth]));
    }
}

/// The x coordinate of a step, on a square-root scale, because most happens early.
fn x(step: u64, last: u64) -> f64 {
    PLOT[0] + (PLOT[2] - PLOT[0]) * (step as f64 / last.max(1) as f64).sqrt()
}

/// The y coordinate of a cosine.
fn y(cosine: f64) -> f64 {
    let cosine = cosine.clamp(COSINES[1], COSINES[0]);
    PLOT[1] + (PLOT[3] - PLOT[1]) * (COSINES[0] - cosine) / (COSINES[0] - COSINES[1])
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, words: &str) {
    let class = if class.is_empty() { String::new() } else { format!(r#" class="{class}""#) };
    add(svg, format!(r#"<text x="{x:.1}" y="{y:.1}"{class}>{}</text>"#, escape(words)));
}

fn add(svg: &mut String, element: String) {
    writeln!(svg, "{element}").expect("writing to a string cannot fail");
}
