//! `wordspace neighbors`

use std::process::ExitCode;

use serde_json::{Value, json};
use wordspace::explore::{Direction, Neighbour, Viewpoint};
use wordspace::model::summary::thousands;

use super::nearest::nearest_to;
use super::source::{open, rows};
use super::{in_shell, print_json, program};
use crate::args::{NeighborsArgs, TableName};
use crate::failure::Failure;
use crate::terminal::{Bar, Terminal, ranking, shown};

pub fn run(args: NeighborsArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let opened = open(&args.source, terminal)?;
    let vectors = &opened.vectors;
    let rows = rows(&opened, &args.words, terminal)?;
    let bar = Bar::new(terminal, "taking the mean");
    let from = match args.centred {
        true => Viewpoint::mean(vectors, &|done, all| bar.tell(done, all)),
        false => Viewpoint::origin(vectors),
    };
    drop(bar);
    let direction = Direction::new(vectors, &from, &rows, &[])?;
    let neighbours = nearest_to(&opened, &from, direction, args.top, terminal);
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
    let seen = if args.centred { ", seen from the mean" } else { "" };
    let kind = match args.source.table {
        TableName::Token => "words",
        TableName::Position => "positions",
    };
    println!("nearest to {} of {} {kind}, by cosine{seen}", words.join(" + "), thousands(vectors.len()));
    print!("{}", ranking(&neighbours));
    let (source, asked) = (in_shell(&args.source.source), args.words.iter().map(|word| in_shell(word)));
    let asked: Vec<String> = asked.collect();
    match neighbours.first() {
        Some(first) if args.centred || asked.len() > 1 => terminal.hint(&format!(
            "how near is that? {} similarity {source} {} {}",
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

/// A neighbour as JSON; of its cosine as many digits as tell it from the next number.
pub fn to_json(near: &Neighbour) -> Value {
    json!({ "word": near.word, "cosine": near.cosine, "row": near.row })
}
