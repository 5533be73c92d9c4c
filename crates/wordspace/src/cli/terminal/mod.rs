//! Output to the terminal: results go to stdout, everything else to stderr.

// First, since all print by its macros.
#[macro_use]
mod output;
mod bar;
mod columns;
mod printable;
mod progress;
mod ranking;
mod report;

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};
use clap::ColorChoice;

use crate::cli::failure::Failure;

pub use bar::Bar;
pub use columns::{columns, left, right, row_break, shortened, shown, wrapped};
pub use output::{Unwritten, write_result};
pub use printable::printable;
pub use progress::Progress;
pub use ranking::ranking;
pub use report::{Neighbours, report, to_json};

const HINT: Style = Style::new().dimmed();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const TRY: Style = AnsiColor::Cyan.on_default().bold();

/// How to write to stderr.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Whether stderr is a terminal.
    pub interactive: bool,
    /// Whether only the result is printed.
    pub quiet: bool,
}

impl Terminal {
    /// Follows `--color` and `--quiet`. With `--color auto`, anstream follows `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb`.
    pub fn new(color: ColorChoice, quiet: bool) -> Self {
        let color = match color {
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
            ColorChoice::Auto => anstream::ColorChoice::Auto,
        };
        color.write_global();
        Self { interactive: std::io::stderr().is_terminal(), quiet }
    }

    /// Prints a suggestion or a remark.
    pub fn hint(&self, text: &str) {
        if !self.quiet {
            eprintln!("{HINT}{}{HINT:#}", printable(text));
        }
    }

    /// Prints that something differs from what was asked for.
    pub fn warning(&self, text: &str) {
        if !self.quiet {
            eprintln!("{WARNING}warning:{WARNING:#} {}", printable(text));
        }
    }

    /// Prints why a command failed, and the commands that may help.
    pub fn error(&self, failure: &Failure) {
        eprintln!("{ERROR}error:{ERROR:#} {}", printable(&failure.to_string()));
        for hint in &failure.hints {
            eprintln!("  {TRY}try:{TRY:#} {}", printable(hint));
        }
    }
}
