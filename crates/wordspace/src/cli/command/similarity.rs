//! `wordspace similarity`

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::form::{Form, csv_field};
use super::questions::{Question, Questions};
use super::source::{open, warn_of, words};
use super::{in_shell, program};
use crate::cli::args::SimilarityArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal, columns, left, shortened, shown};
use crate::explore::{Centre, Opened, Similarity, Word};

pub fn run(args: SimilarityArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let opened = open(&args.source, terminal)?;
    let form = Form::of(args.json, args.csv);
    if let Some(file) = &args.from {
        each_of(file, &opened, form, terminal)?;
        return Ok(ExitCode::SUCCESS);
    }
    let asked = words(&opened, &args.words, terminal)?;
    let (found, words) = (similarity(&opened, &mean(&opened, terminal), &asked)?, &args.words);
    form.begin(COLUMNS);
    form.print(|| table(&opened, words, found), || to_json(&opened, words, Some(found)), || csv(words, found));
    if form == Form::Table {
        let (source, word) = (args.source.in_shell(), in_shell(&words[0]));
        terminal.hint(&format!("to see more similar words: {} neighbors {source} {word}", program()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Answers the questions in `file`, with one mean for all.
fn each_of(file: &Path, opened: &Opened, form: Form, terminal: &Terminal) -> Result<(), Failure> {
    let mut questions = Questions::open(file, 2)?;
    let mean = mean(opened, terminal);
    form.begin(COLUMNS);
    if form == Form::Table {
        println!("{}{:>10}{:>10}{:>12}", left("", pair_cells()), "cosine", "centred", "percentile");
    }
    loop {
        let block = questions.next_block(opened, |words| similarity(opened, &mean, words))?;
        if block.is_empty() {
            return questions.finish(terminal);
        }
        for Question { words, asked: found } in block {
            form.print(
                || found.map(|found| line(&words, found)).unwrap_or_default(),
                || to_json(opened, &words, found),
                || found.map(|found| csv(&words, found)).unwrap_or_default(),
            );
        }
    }
}

/// The mean of all vectors. Warns of rows that are not finite.
fn mean(opened: &Opened, terminal: &Terminal) -> Centre {
    let bar = Bar::new(terminal, "computing the mean");
    let mean = Centre::mean(&opened.vectors, &|done, all| bar.tell(done, all));
    drop(bar);
    warn_of(mean.not_finite(), opened, terminal);
    mean
}

fn similarity(opened: &Opened, mean: &Centre, words: &[Word<'_>]) -> crate::explore::Result<Similarity> {
    Similarity::of_words(&opened.vectors, mean, opened.counts.as_deref(), &words[0], &words[1])
}

const COLUMNS: &str = "a,b,cosine,centred,percentile";

fn table(opened: &Opened, words: &[String], found: Similarity) -> String {
    let Similarity { cosine, centred, percentile } = found;
    let kind = if opened.counts.is_some() { " of similar frequency" } else { "" };
    let random = format!("percentile among random pairs{kind}");
    let cells = 50.min(columns() - 8);
    let row = |name: &str, value: String| format!("{}{value}\n", left(&shortened(name, cells - 1), cells));
    [
        format!("{} · {}\n", shown(&words[0]), shown(&words[1])),
        row("cosine", format!("{cosine:+.4}")),
        row("mean-centred cosine", format!("{centred:+.4}")),
        row(&random, format!("{percentile:.1}")),
    ]
    .concat()
}

/// One of many pairs, in the columns of the table.
fn line(words: &[String], found: Similarity) -> String {
    let Similarity { cosine, centred, percentile } = found;
    let pair = shortened(&format!("{} · {}", shown(&words[0]), shown(&words[1])), pair_cells() - 1);
    format!("{}{cosine:>+10.4}{centred:>+10.4}{percentile:>12.1}\n", left(&pair, pair_cells()))
}

/// Cells of the names of a pair.
fn pair_cells() -> usize {
    28.min(columns() - 32)
}

fn to_json(opened: &Opened, words: &[String], found: Option<Similarity>) -> Value {
    json!({
        "source": opened.name,
        "a": words[0],
        "b": words[1],
        "cosine": found.map(|found| found.cosine),
        "centred": found.map(|found| found.centred),
        "percentile": found.map(|found| found.percentile),
    })
}

fn csv(words: &[String], found: Similarity) -> Vec<String> {
    let Similarity { cosine, centred, percentile } = found;
    vec![format!("{},{},{cosine},{centred},{percentile}", csv_field(&words[0]), csv_field(&words[1]))]
}
