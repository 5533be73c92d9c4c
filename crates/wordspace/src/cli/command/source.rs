//! Opens the source that a command is asked about.

use std::ops::ControlFlow;

use crate::cli::args::{SourceArgs, TableName};
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal};
use crate::data::formats::Reading;
use crate::explore::{NotFinite, Opened, Source, TableChoice, not_finite_warning, rows_of};

/// Opens the source of `args`. Warns of rows that are left out.
pub fn open(args: &SourceArgs, terminal: &Terminal) -> Result<Opened, Failure> {
    read(&parse(args)?, args.limit, args.strict, terminal)
}

/// Finds the source of `args`.
pub fn parse(args: &SourceArgs) -> Result<Source, Failure> {
    let table = match args.table {
        TableName::Token => TableChoice::Token,
        TableName::Position => TableChoice::Position,
    };
    Ok(Source::parse(&args.source, table)?)
}

/// The rows of `words`.
pub fn rows(opened: &Opened, words: &[String], terminal: &Terminal) -> Result<Vec<u32>, Failure> {
    let bar = Bar::new(terminal, "looking for words");
    Ok(rows_of(&opened.vectors, &opened.name, words, &|done, all| bar.tell(done, all))?)
}

/// Warns of rows that an answer leaves out because they have NaN or infinity.
pub fn warn_of(not_finite: NotFinite, opened: &Opened, terminal: &Terminal) {
    if let Some(sentence) = not_finite_warning(not_finite, &opened.vectors) {
        terminal.warning(&format!("{}: {sentence}", opened.name));
    }
}

/// Reads `source`, or its first `limit` rows. Warns of rows that are left out.
pub fn read(source: &Source, limit: Option<usize>, strict: bool, terminal: &Terminal) -> Result<Opened, Failure> {
    let bar = Bar::new(terminal, "reading vectors");
    let tell = |_, done, total| {
        bar.tell(done, total);
        ControlFlow::Continue(())
    };
    let opened = source.open_as(&Reading { limit, strict, progress: Some(&tell) })?;
    drop(bar);
    for sentence in opened.report.sentences() {
        terminal.warning(&format!("{}: {sentence}", opened.name));
    }
    Ok(opened)
}
