//! `wordspace neighbors`

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::form::{Form, csv_field};
use super::nearest::{nearest_to, nearest_to_each, ranked};
use super::questions::{Question, Questions, read_vector};
use super::source::{open, words};
use super::{in_shell, program};
use crate::cli::args::{NeighborsArgs, TableName};
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal, ranking, shown};
use crate::explore::{Centre, Neighbour, Opened, Query, Word};
use crate::model::summary::thousands;

pub fn run(args: NeighborsArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let opened = open(&args.source, terminal)?;
    let bar = Bar::new(terminal, "computing the mean");
    let centre = match args.centred {
        true => Centre::mean(&opened.vectors, &|done, all| bar.tell(done, all)),
        false => Centre::origin(&opened.vectors),
    };
    drop(bar);
    let asked = Asked { opened: &opened, centre: &centre, args: &args, form: Form::of(args.json, args.csv) };
    asked.form.begin("query,rank,word,cosine,row");
    match (&args.from, &args.vector) {
        (Some(file), _) => asked.each_of(file, terminal)?,
        (None, Some(file)) => {
            let query = Query::of_vector(&opened.vectors, &centre, &read_vector(file)?)?;
            let name = file.to_string_lossy().into_owned();
            asked.answer(&[name], &nearest_to(&opened, &centre, query, args.top, terminal));
        }
        (None, None) => {
            let positive = words(&opened, &args.words, terminal)?;
            let negative = words(&opened, &args.negative, terminal)?;
            let query = Query::of_words(&centre, &positive, &negative)?;
            let neighbours = nearest_to(&opened, &centre, query, args.top, terminal);
            let minus = args.negative.iter().map(|word| format!("-{word}"));
            let words: Vec<String> = args.words.iter().cloned().chain(minus).collect();
            asked.answer(&words, &neighbours);
            if asked.form == Form::Table {
                hint(&args, neighbours.first(), terminal);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Asked<'a> {
    opened: &'a Opened,
    centre: &'a Centre,
    args: &'a NeighborsArgs,
    form: Form,
}

impl Asked<'_> {
    /// Answers the questions in `file`, a block in each pass over the vectors.
    fn each_of(&self, file: &Path, terminal: &Terminal) -> Result<(), Failure> {
        let mut questions = Questions::open(file, 1)?;
        loop {
            let query = |words: &[Word<'_>]| Query::of_words(self.centre, words, &[]);
            let block = questions.next_block(self.opened, query)?;
            if block.is_empty() {
                return questions.finish(terminal);
            }
            let queries: Vec<Query> = block.iter().filter_map(|question| question.asked.clone()).collect();
            let mut answers = nearest_to_each(self.opened, self.centre, &queries, self.args.top, terminal).into_iter();
            for Question { words, asked } in block {
                match asked.and_then(|_| answers.next()) {
                    Some(neighbours) => self.answer(&words, &neighbours),
                    None => self.form.print(String::new, || self.json(&words, None), Vec::new),
                }
            }
        }
    }

    fn answer(&self, query: &[String], neighbours: &[Neighbour]) {
        self.form.print(
            || self.table(query, neighbours),
            || self.json(query, Some(neighbours)),
            || csv(query, neighbours),
        );
    }

    fn table(&self, query: &[String], neighbours: &[Neighbour]) -> String {
        let words: Vec<String> = query.iter().map(|word| shown(word)).collect();
        let measure = if self.args.centred { "mean-centred cosine" } else { "cosine" };
        let kind = match self.args.source.table {
            TableName::Token => "words",
            TableName::Position => "positions",
        };
        let all = thousands(self.opened.vectors.len());
        ranking(&format!("nearest to {} among {all} {kind}, by {measure}", words.join(" + ")), &ranked(neighbours))
    }

    /// The answer as JSON; without neighbours if the question has no answer.
    fn json(&self, query: &[String], neighbours: Option<&[Neighbour]>) -> Value {
        json!({
            "source": self.opened.name,
            "query": query,
            "centred": self.args.centred,
            "neighbors": neighbours.map(|found| found.iter().map(to_json).collect::<Vec<_>>()),
        })
    }
}

/// A line for each neighbour.
fn csv(query: &[String], neighbours: &[Neighbour]) -> Vec<String> {
    let query = csv_field(&query.join(" "));
    let line = |(nth, near): (usize, &Neighbour)| {
        format!("{query},{},{},{},{}", nth + 1, csv_field(&near.word), near.cosine, near.row)
    };
    neighbours.iter().enumerate().map(line).collect()
}

/// The next question to ask, with the options that were given.
fn hint(args: &NeighborsArgs, first: Option<&Neighbour>, terminal: &Terminal) {
    let program = program();
    let source = args.source.in_shell();
    let words: Vec<String> = args.words.iter().map(|word| in_shell(word)).collect();
    match first {
        Some(first) if args.centred || words.len() > 1 => {
            let nearest = in_shell(&first.word);
            terminal.hint(&format!("to judge that cosine: {program} similarity {source} {} {nearest}", words[0]));
        }
        _ => {
            let words = words.join(" ");
            terminal.hint(&format!("without what all words share: {program} neighbors {source} {words} --centred"));
        }
    }
}

/// A neighbour as JSON, its cosine with the fewest digits that identify the float.
pub fn to_json(near: &Neighbour) -> Value {
    json!({ "word": near.word, "cosine": near.cosine, "row": near.row })
}
