//! `wordspace completions`

use std::process::ExitCode;

use clap::CommandFactory;

use crate::cli::args::{Args, CompletionsArgs};
use crate::cli::failure::Failure;

pub fn run(args: CompletionsArgs) -> Result<ExitCode, Failure> {
    clap_complete::generate(args.shell, &mut Args::command(), "wordspace", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}
