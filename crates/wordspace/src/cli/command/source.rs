//! Opens the source that a command is asked about.

use std::ops::ControlFlow;

use crate::cli::args::{SourceArgs, TableName};
use crate::cli::failure::Failure;
use crate::cli::terminal::shown;
use crate::cli::terminal::{Bar, Terminal};
use crate::data::formats::Reading;
use crate::explore::{NotFinite, Opened, Source, TableChoice, Word, not_finite_warning, rows_of};
use crate::model::summary::thousands;

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

/// The rows of `words`. Says where words without a row have a vector too.
pub fn rows(opened: &Opened, words: &[String], terminal: &Terminal) -> Result<Vec<u32>, Failure> {
    let bar = Bar::new(terminal, "looking for words");
    let found = rows_of(&opened.vectors, &opened.name, words, &|done, all| bar.tell(done, all));
    drop(bar);
    if found.is_err() && words.iter().all(|word| opened.word(word).is_some()) {
        terminal.hint(
            "here a word must be in the vocabulary; neighbors, similarity, analogy and odd-one-out also make words of subwords",
        );
    }
    Ok(found?)
}

/// Each of `words` with its vector. Says which vectors are made of subwords.
pub fn words<'a>(opened: &'a Opened, words: &'a [String], terminal: &Terminal) -> Result<Vec<Word<'a>>, Failure> {
    let bar = Bar::new(terminal, "looking for words");
    let found = opened.words(words, &|done, all| bar.tell(done, all))?;
    drop(bar);
    for word in found.iter().filter(|word| word.row.is_none()) {
        terminal.hint(&made_of_subwords(&word.text, opened));
    }
    Ok(found)
}

/// The sentence about a word whose vector is made of its subwords.
pub fn made_of_subwords(word: &str, opened: &Opened) -> String {
    let (word, words) = (shown(word), thousands(opened.vectors.len()));
    format!("{word} is not among the {words} words of {}; its vector is made of its subwords", opened.name)
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
