//! The program `wordspace`: its allocator, and a call of [`wordspace::cli`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: wordspace::Allocator = wordspace::Allocator;

fn main() -> ExitCode {
    wordspace::cli::run(std::env::args_os())
}
