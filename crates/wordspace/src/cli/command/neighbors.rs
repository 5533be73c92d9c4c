//! `wordspace neighbors`

use std::process::ExitCode;

use serde_json::{Value, json};

use super::nearest::nearest_to;
use super::source::{open, rows};
use super::{in_shell, print_json, program};
use crate::cli::args::{NeighborsArgs, TableName};
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal, ranking, shown};
use crate::explore::{Centre, Neighbour, Query};
use crate::model::summary::thousands;

pub fn run(args: NeighborsArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let opened = open(&args.source, terminal)?;
    let vectors = &opened.vectors;
    let rows = rows(&opened, &args.words, terminal)?;
    let bar = Bar::new(terminal, "computing the mean");
    let centre = match args.centred {
        true => Centre::mean(vectors, &|done, all| bar.tell(done, all)),
        false => Centre::origin(vectors),
    };
    drop(bar);
    let query = Query::new(vectors, &centre, &rows, &[])?;
    let neighbours = nearest_to(&opened, &centre, query, args.top, terminal);
    if args.json {
        print_json(json!({
            "source": opened.name,
            "query": args.words,
            "centred": args.centred,
            "neighbors": neighbours.iter().map(to_json).collect::<Vec<_>>(),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let words: Vec<String> = args.words.iter().map(|word| shown(word)).collect();
    let measure = if args.centred { "mean-centred cosine" } else { "cosine" };
    let kind = match args.source.table {
        TableName::Token => "words",
        TableName::Position => "positions",
    };
    println!("nearest to {} among {} {kind}, by {measure}", words.join(" + "), thousands(vectors.len()));
    print!("{}", ranking(&neighbours));
    let (source, asked) = (in_shell(&args.source.source), args.words.iter().map(|word| in_shell(word)));
    let asked: Vec<String> = asked.collect();
    match neighbours.first() {
        Some(first) if args.centred || asked.len() > 1 => terminal.hint(&format!(
            "to judge that cosine: {} similarity {source} {} {}",
            program(),
            asked[0],
            in_shell(&first.word)
        )),
        _ => terminal.hint(&format!(
            "without what all words share: {} neighbors {source} {} --centred",
            program(),
            asked.join(" ")
        )),
    }
    Ok(ExitCode::SUCCESS)
}

/// A neighbour as JSON, its cosine with the fewest digits that identify the float.
pub fn to_json(near: &Neighbour) -> Value {
    json!({ "word": near.word, "cosine": near.cosine, "row": near.row })
}
