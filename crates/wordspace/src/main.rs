//! The command line: what is asked, what is done, what is printed, and how it exits.

mod args;
mod command;
mod failure;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command, TrainArgs};
use terminal::Terminal;

fn main() -> ExitCode {
    let args = Args::parse();
    let terminal = Terminal::new(args.color, args.quiet);
    let done = match args.command.unwrap_or_else(|| Command::Train(TrainArgs::default())) {
        Command::Train(args) => command::train::train(args, &terminal),
        Command::Resume(args) => command::train::resume(args, &terminal),
        Command::Tokens(args) => command::tokens::run(args),
        Command::Export(args) => command::export::run(args, &terminal),
        Command::Devices(args) => command::devices::run(args, &terminal),
        Command::Completions(args) => command::completions::run(args),
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            terminal.error(&failure);
            failure.exit_code()
        }
    }
}
