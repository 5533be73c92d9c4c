//! `wordspace similarity`

use std::process::ExitCode;

use serde_json::json;

use super::source::{open, rows, warn_of};
use super::{in_shell, print_json, program};
use crate::cli::args::SimilarityArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal, shown};
use crate::explore::Similarity;

pub fn run(args: SimilarityArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let opened = open(&args.source, terminal)?;
    let rows = rows(&opened, &[args.a.clone(), args.b.clone()], terminal)?;
    let bar = Bar::new(terminal, "computing the mean");
    let counts = opened.counts.as_deref();
    let Similarity { cosine, centred, percentile, not_finite } =
        Similarity::new(&opened.vectors, counts, rows[0], rows[1], &|done, all| bar.tell(done, all))?;
    drop(bar);
    warn_of(not_finite, &opened, terminal);
    if args.json {
        print_json(json!({
            "source": opened.name,
            "a": args.a,
            "b": args.b,
            "cosine": cosine,
            "centred": centred,
            "percentile": percentile,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let kind = if opened.counts.is_some() { " of similar frequency" } else { "" };
    println!("{} · {}", shown(&args.a), shown(&args.b));
    println!("{:<50}{cosine:+.4}", "cosine");
    println!("{:<50}{centred:+.4}", "mean-centred cosine");
    println!("{:<50}{percentile:.1}", format!("percentile among random pairs{kind}"));
    let source = in_shell(&args.source.source);
    terminal.hint(&format!("to see more similar words: {} neighbors {source} {}", program(), in_shell(&args.a)));
    Ok(ExitCode::SUCCESS)
}
