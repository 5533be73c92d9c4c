//! `wordspace analogy`

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::form::{Form, csv_field};
use super::nearest::{nearest_to, nearest_to_each, ranked};
use super::neighbors::to_json;
use super::questions::{Question, Questions};
use super::source::{open, words};
use super::{in_shell, program};
use crate::cli::args::AnalogyArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Terminal, ranking, shown};
use crate::explore::{Centre, Neighbour, Opened, Query, Word};

pub fn run(args: AnalogyArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let opened = open(&args.source, terminal)?;
    let form = Form::of(args.json, args.csv);
    form.begin("a,b,c,rank,word,cosine,row");
    if let Some(file) = &args.from {
        each_of(file, &opened, args.top, form, terminal)?;
        return Ok(ExitCode::SUCCESS);
    }
    let words = words(&opened, &args.words, terminal)?;
    let centre = Centre::origin(&opened.vectors);
    let answers = nearest_to(&opened, &centre, query(&centre, &words)?, args.top, terminal);
    print(&opened, &args.words, Some(&answers), form);
    if let (Some(best), Form::Table) = (answers.first(), form) {
        let (source, best) = (args.source.in_shell(), in_shell(&best.word));
        terminal.hint(&format!("what is similar to it? {} neighbors {source} {best}", program()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Answers the questions in `file`, a block in each pass over the vectors.
fn each_of(file: &Path, opened: &Opened, top: u32, form: Form, terminal: &Terminal) -> Result<(), Failure> {
    let centre = Centre::origin(&opened.vectors);
    let mut questions = Questions::open(file, 3)?;
    loop {
        let block = questions.next_block(opened, |words| query(&centre, words))?;
        if block.is_empty() {
            return questions.finish(terminal);
        }
        let queries: Vec<Query> = block.iter().filter_map(|question| question.asked.clone()).collect();
        let mut answers = nearest_to_each(opened, &centre, &queries, top, terminal).into_iter();
        for Question { words, asked } in block {
            let answers = asked.and_then(|_| answers.next());
            print(opened, &words, answers.as_deref(), form);
        }
    }
}

/// B − A + C.
fn query(centre: &Centre, words: &[Word<'_>]) -> crate::explore::Result<Query> {
    Query::of_words(centre, &words[1..], &words[..1])
}

/// Prints the answers to one question, if it has any.
fn print(opened: &Opened, words: &[String], answers: Option<&[Neighbour]>, form: Form) {
    let [a, b, c] = [0, 1, 2].map(|nth| words[nth].as_str());
    let table = || match answers {
        Some(answers) => ranking(&format!("{} is to {} as {} is to", shown(a), shown(b), shown(c)), &ranked(answers)),
        None => String::new(),
    };
    let json = || -> Value {
        let answers = answers.map(|found| found.iter().map(to_json).collect::<Vec<_>>());
        json!({ "source": opened.name, "a": a, "b": b, "c": c, "answers": answers })
    };
    let csv = || {
        let question = [a, b, c].map(csv_field).join(",");
        let line = |(nth, near): (usize, &Neighbour)| {
            format!("{question},{},{},{},{}", nth + 1, csv_field(&near.word), near.cosine, near.row)
        };
        answers.unwrap_or(&[]).iter().enumerate().map(line).collect()
    };
    form.print(table, json, csv);
}
