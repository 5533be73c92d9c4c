//! The command line: parses the arguments, runs the command, prints its result and turns failures into exit codes.

mod args;
// Before the commands, which print by its macros.
#[macro_use]
mod terminal;
mod command;
mod failure;
mod panics;

use std::any::Any;
use std::borrow::Cow;
use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use serde_json::Value;

use crate::train::Outcome;
use args::{Args, Command, TrainArgs};
pub use failure::{Failure, INTERRUPTED};
use terminal::{Terminal, Unwritten, printable};

/// Runs the command that `arguments` ask for, the first of them the program's name, and returns its exit code.
///
/// Results go to stdout, everything else to stderr. Panics of the process print nothing from now on, except one that ends the
/// command, if `RUST_BACKTRACE` is set.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    panics::keep();
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(problem) => {
            report_usage(&problem);
            return ExitCode::from(problem.exit_code() as u8);
        }
    };
    let terminal = Terminal::new(args.color, args.quiet);
    let command = AssertUnwindSafe(|| dispatch(args.command, &terminal));
    let done = catch_unwind(command);
    // Rust does it at the end of its own programs, but this may run in Python's.
    let _ = io::stdout().flush();
    match done.unwrap_or_else(|panic| ended_by(&*panic)) {
        Ok(code) => code,
        Err(failure) => {
            terminal.error(&failure);
            failure.exit_code()
        }
    }
}

/// The outcome of the run in `folder`, as `train --json` prints it, without the neighbours of words.
pub fn outcome_json(folder: &Path, outcome: &Outcome) -> Value {
    terminal::to_json(folder, outcome, None)
}

/// How a command ended that was left by a panic.
fn ended_by(panic: &(dyn Any + Send)) -> Result<ExitCode, Failure> {
    match panic.downcast_ref::<Unwritten>() {
        Some(unwritten) if unwritten.is_closed_pipe() => Ok(ExitCode::SUCCESS),
        Some(unwritten) => {
            Err(Failure::disk(format!("the result cannot be written to stdout: {}", unwritten.reason())))
        }
        None => {
            if let Some(report) = panics::newest() {
                eprintln!("{report}");
            }
            Err(Failure::bug())
        }
    }
}

fn dispatch(command: Option<Command>, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let command = command.unwrap_or_else(|| Command::Train(TrainArgs::default()));
    if matches!(command, Command::Train(_) | Command::Resume(_) | Command::Generate(_) | Command::Bench(_)) {
        crate::keep_freed_memory();
    }
    match command {
        Command::Train(args) => command::train::train(args, terminal),
        Command::Resume(args) => command::train::resume(args, terminal),
        Command::Tokens(args) => command::tokens::run(args),
        Command::Embed(args) => command::embed::run(args, terminal),
        Command::Generate(args) => command::generate::run(args, terminal),
        Command::Inspect(args) => command::inspect::run(args, terminal),
        Command::Convert(args) => command::convert::run(args, terminal),
        Command::Neighbors(args) => command::neighbors::run(args, terminal),
        Command::Similarity(args) => command::similarity::run(args, terminal),
        Command::Analogy(args) => command::analogy::run(args, terminal),
        Command::OddOneOut(args) => command::odd_one_out::run(args, terminal),
        Command::Project(args) => command::project::run(args, terminal),
        Command::Evaluate(args) => command::evaluate::run(args, terminal),
        Command::Serve(args) => command::serve::run(args, terminal),
        Command::Playground(args) => command::playground::run(args, terminal),
        Command::Report(args) => command::report::run(args, terminal),
        Command::Export(args) => command::export::run(args, terminal),
        Command::Bench(args) => command::bench::run(args, terminal),
        Command::Devices(args) => command::devices::run(args, terminal),
        Command::Completions(args) => command::completions::run(args),
        Command::Man(args) => command::man::run(args, terminal),
        Command::Licences(args) => command::licences::run(args),
    }
}

/// Prints the error in the arguments, or the help text.
fn report_usage(problem: &clap::Error) {
    let plain = problem.render().to_string();
    match printable(&plain) {
        // Nobody reads stdout or stderr if this fails.
        Cow::Borrowed(_) => drop(problem.print()),
        // It quotes an argument that would steer the terminal; colours are left out with it.
        Cow::Owned(safe) => eprintln!("{}", safe.trim_end()),
    }
}
