//! `wordspace odd-one-out`

use std::process::ExitCode;

use serde_json::json;

use super::source::{open, words};
use super::{in_shell, print_json, program};
use crate::cli::args::OddOneOutArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Terminal, ranking, shown};
use crate::explore::cosines_with_mean_of;

pub fn run(args: OddOneOutArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let opened = open(&args.source, terminal)?;
    let cosines = cosines_with_mean_of(&words(&opened, &args.words, terminal)?)?;
    let named = args.words.iter().zip(&cosines).map(|(word, &cosine)| (word.as_str(), cosine as f32));
    let mut words: Vec<(&str, f32)> = named.collect();
    words.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let (odd, _) = words[0];
    if args.json {
        let cosines = args.words.iter().zip(&cosines).map(|(word, cosine)| json!({ "word": word, "cosine": cosine }));
        print_json(json!({ "source": opened.name, "odd": odd, "words": cosines.collect::<Vec<_>>() }));
        return Ok(ExitCode::SUCCESS);
    }
    let heading = format!("{} is the odd one out; the cosine of each word with the mean of all:", shown(odd));
    print!("{}", ranking(&heading, &words));
    let (source, other) = (args.source.in_shell(), in_shell(words[words.len() - 1].0));
    terminal.hint(&format!("to compare two words: {} similarity {source} {} {other}", program(), in_shell(odd)));
    Ok(ExitCode::SUCCESS)
}
