//! `wordspace inspect`

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::print_json;
use super::source::{open, warn_of};
use crate::cli::args::InspectArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal, columns, left, row_break, wrapped};
use crate::data::formats::{Parameter, Report};
use crate::explore::inspect::Norms;
use crate::explore::{Opened, SourceKind};
use crate::model::summary::thousands;

/// Words shown from each end of the vocabulary.
const SHOWN: usize = 8;

pub fn run(args: InspectArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let opened = open(&args.source, terminal)?;
    let bar = Bar::new(terminal, "measuring vectors");
    let (norms, not_finite) = Norms::of(&opened.vectors, &|done, all| bar.tell(done, all));
    drop(bar);
    warn_of(not_finite, &opened, terminal);
    match args.json {
        true => print_json(to_json(&opened, norms)),
        false => print(&opened, norms),
    }
    Ok(ExitCode::SUCCESS)
}

fn print(opened: &Opened, norms: Option<Norms>) {
    let (rows, dimension) = (opened.vectors.len(), opened.vectors.dimension());
    let (first, last) = ends(opened);
    let say = |line: String| println!("{}", wrapped(&line, columns()));
    say(opened.name.clone());
    say(format!("  kind        {}", kind_text(opened.kind)));
    say(format!("  words       {}", thousands(rows)));
    say(format!("  dimension   {dimension}"));
    say(format!("  shape       [{rows}, {dimension}]"));
    say(format!("  type        {}", opened.dtype));
    if let Some(norms) = norms {
        say(format!("  norms       {:.4} to {:.4}, median {:.4}", norms.min, norms.max, norms.median));
    }
    say(format!("  first       {}", quoted(&first)));
    say(format!("  last        {}", quoted(&last)));
    if let Some((subwords, lengths)) = opened.subwords.as_ref().and_then(|own| Some((own, own.lengths()?))) {
        let (least, most, rows) = (lengths.start(), lengths.end(), thousands(subwords.buckets() as usize));
        say(format!("  subwords    n-grams of {least} to {most} characters, {rows} rows; any word has a vector"));
    }
    if let Some(positions) = &opened.positions {
        say(format!("  positions   [{}, {}]", positions.len(), positions.dimension()));
    }
    if !opened.parameters.is_empty() {
        println!();
        print!("{}", table(&opened.parameters));
    }
}

/// One line per parameter with its share of all values. The same parameter of all blocks takes one line.
fn table(parameters: &[Parameter]) -> String {
    let all: usize = parameters.iter().map(Parameter::count).sum();
    let mut lines: Vec<(String, String, usize, usize)> = Vec::new();
    for parameter in parameters {
        let name = of_any_block(&parameter.name);
        let shape = parameter.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
        match lines.iter_mut().find(|line| (&line.0, &line.1) == (&name, &shape)) {
            Some(line) => (line.2, line.3) = (line.2 + 1, line.3 + parameter.count()),
            None => lines.push((name, shape, 1, parameter.count())),
        }
    }
    lines.push(("all".into(), String::new(), 1, all));
    let line = |(name, shape, times, count): (String, String, usize, usize)| {
        let shape = if times > 1 { format!("{times} x {shape}") } else { shape };
        let name = left(&name, 34);
        format!("{name}{} {shape:>18} {:>14} {:>6.1} %\n", row_break(), thousands(count), share(count, all))
    };
    wrapped(&lines.into_iter().map(line).collect::<String>(), columns())
}

/// `h.11.ln_1.bias` as `h.*.ln_1.bias`.
fn of_any_block(name: &str) -> String {
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = name.split('.').map(|part| if is_number(&part) { "*" } else { part }).collect();
    parts.join(".")
}

fn share(count: usize, all: usize) -> f64 {
    100.0 * count as f64 / all.max(1) as f64
}

fn kind_text(kind: SourceKind) -> String {
    match kind {
        SourceKind::Run => "the table of a run".into(),
        SourceKind::Gpt2 => "the table of a GPT-2 model".into(),
        SourceKind::StaticEmbedding => "the table of a static embedding".into(),
        SourceKind::Vectors(format) => format!("a vector file, {format}"),
    }
}

/// The first and the last words.
fn ends(opened: &Opened) -> (Vec<String>, Vec<String>) {
    let rows = opened.vectors.len();
    let words = |rows: std::ops::Range<usize>| rows.map(|row| opened.vectors.word(row as u32).into_owned()).collect();
    (words(0..rows.min(SHOWN)), words(rows.saturating_sub(SHOWN)..rows))
}

fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" ")
}

fn to_json(opened: &Opened, norms: Option<Norms>) -> Value {
    let (rows, dimension) = (opened.vectors.len(), opened.vectors.dimension());
    let (first, last) = ends(opened);
    let all: usize = opened.parameters.iter().map(Parameter::count).sum();
    let parameter = |parameter: &Parameter| {
        let count = parameter.count();
        json!({
            "name": parameter.name,
            "shape": parameter.shape,
            "dtype": parameter.dtype,
            "count": count,
            "share": share(count, all) / 100.0,
        })
    };
    json!({
        "source": opened.name,
        "kind": opened.kind.to_string(),
        "step": opened.run.as_ref().map(|(_, step)| step),
        "vocab_size": rows,
        "dimension": dimension,
        "shape": [rows, dimension],
        "dtype": opened.dtype.to_string(),
        "norms": norms.map(|norms| json!({ "min": norms.min, "median": norms.median, "max": norms.max })),
        "first_words": first,
        "last_words": last,
        "positions": opened.positions.as_ref().map(|table| [table.len(), table.dimension()]),
        "subwords": opened.subwords.as_ref().and_then(|subwords| {
            let lengths = subwords.lengths()?;
            Some(json!({ "minn": lengths.start(), "maxn": lengths.end(), "buckets": subwords.buckets() }))
        }),
        "parameters": opened.parameters.iter().map(parameter).collect::<Vec<_>>(),
        "parameter_count": all,
        "report": report(&opened.report),
    })
}

fn report(report: &Report) -> Value {
    let reasons: BTreeMap<_, _> = report.reasons.iter().map(|(reason, count)| (reason.name(), count)).collect();
    json!({
        "rows_read": report.rows_read,
        "skipped": report.skipped,
        "reasons": reasons,
        "first_bad_offset": report.first_bad_offset,
        "first_bad": report.first_bad,
        "words_not_utf8": report.words_not_utf8,
        "words_without_row": report.words_without_row,
        "labels": report.labels,
        "rows_promised": report.promised,
        "bytes_left_over": report.bytes_left_over,
    })
}
