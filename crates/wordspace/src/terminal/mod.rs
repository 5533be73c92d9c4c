//! What goes to the terminal: results to stdout, everything else to stderr.

mod bar;
mod progress;
mod ranking;
mod report;

use std::fmt::Display;
use std::io::IsTerminal;

use clap::ColorChoice;

use crate::failure::Failure;

pub use bar::Bar;
pub use progress::Progress;
pub use ranking::{ranking, shown};
pub use report::{report, to_json};

/// How to speak on stderr.
#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    /// Whether colour is wanted there.
    pub color: bool,
    /// Whether somebody is looking.
    pub interactive: bool,
    /// Whether nothing but the result is wanted.
    pub quiet: bool,
}

impl Terminal {
    /// Follows `--color` and `--quiet`, and the `NO_COLOR` convention (no-color.org).
    pub fn new(color: ColorChoice, quiet: bool) -> Self {
        let interactive = std::io::stderr().is_terminal();
        let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => interactive && !is_refused,
        };
        Self { color, interactive, quiet }
    }

    /// Something that helps, in passing.
    pub fn hint(&self, text: &str) {
        if !self.quiet {
            eprintln!("{}", self.paint(text, "2"));
        }
    }

    /// Something that is not as it was asked for.
    pub fn warning(&self, text: &str) {
        if !self.quiet {
            eprintln!("{} {text}", self.paint("warning:", "1;33"));
        }
    }

    /// What a command failed with, and what would help.
    pub fn error(&self, failure: &Failure) {
        eprintln!("{} {failure}", self.paint("error:", "1;31"));
        for hint in &failure.hints {
            eprintln!("  {} {hint}", self.paint("try:", "1;36"));
        }
    }

    /// `text` in an ANSI style, if colour is wanted.
    fn paint(&self, text: impl Display, style: &str) -> String {
        if self.color { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_string() }
    }
}
