//! `wordspace odd-one-out`

use std::process::ExitCode;

use serde_json::json;

use super::source::{open, rows};
use super::{in_shell, print_json, program};
use crate::cli::args::OddOneOutArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Terminal, ranking, shown};
use crate::explore::{Neighbour, cosines_with_mean};

pub fn run(args: OddOneOutArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let opened = open(&args.source, terminal)?;
    let rows = rows(&opened, &args.words, terminal)?;
    let cosines = cosines_with_mean(&opened.vectors, &rows)?;
    let named =
        |((&row, word), &cosine): ((&u32, &String), &f64)| Neighbour { row, word: word.clone(), cosine: cosine as f32 };
    let mut words: Vec<Neighbour> = rows.iter().zip(&args.words).zip(&cosines).map(named).collect();
    words.sort_by(|a, b| a.cosine.total_cmp(&b.cosine));
    let odd = &words[0].word;
    if args.json {
        let cosines = args.words.iter().zip(&cosines).map(|(word, cosine)| json!({ "word": word, "cosine": cosine }));
        print_json(json!({ "source": opened.name, "odd": odd, "words": cosines.collect::<Vec<_>>() }));
        return Ok(ExitCode::SUCCESS);
    }
    let heading = format!("{} is the odd one out; the cosine of each word with the mean of all:", shown(odd));
    print!("{}", ranking(&heading, &words));
    let (source, other) = (args.source.in_shell(), in_shell(&words[words.len() - 1].word));
    terminal.hint(&format!("to compare two words: {} similarity {source} {} {other}", program(), in_shell(odd)));
    Ok(ExitCode::SUCCESS)
}
