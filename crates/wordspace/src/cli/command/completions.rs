//! `wordspace completions`

use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::args::{Args, CompletionsArgs};
use crate::cli::failure::Failure;

pub fn run(args: CompletionsArgs) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "wordspace", &mut script);
    print!("{}", String::from_utf8_lossy(&script));
    Ok(ExitCode::SUCCESS)
}
