//! `wordspace analogy`

use std::process::ExitCode;

use serde_json::json;

use super::nearest::nearest_to;
use super::neighbors::to_json;
use super::source::{open, rows};
use super::{in_shell, print_json, program};
use crate::cli::args::AnalogyArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Terminal, ranking, shown};
use crate::explore::{Centre, Query};

pub fn run(args: AnalogyArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let opened = open(&args.source, terminal)?;
    let vectors = &opened.vectors;
    let rows = rows(&opened, &[args.a.clone(), args.b.clone(), args.c.clone()], terminal)?;
    let centre = Centre::origin(vectors);
    let query = Query::new(vectors, &centre, &rows[1..], &rows[..1])?;
    let answers = nearest_to(&opened, &centre, query, args.top, terminal);
    if args.json {
        print_json(json!({
            "source": opened.name,
            "a": args.a,
            "b": args.b,
            "c": args.c,
            "answers": answers.iter().map(to_json).collect::<Vec<_>>(),
        }));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} is to {} as {} is to", shown(&args.a), shown(&args.b), shown(&args.c));
    print!("{}", ranking(&answers));
    if let Some(best) = answers.first() {
        let source = in_shell(&args.source.source);
        terminal.hint(&format!("what is similar to it? {} neighbors {source} {}", program(), in_shell(&best.word)));
    }
    Ok(ExitCode::SUCCESS)
}
