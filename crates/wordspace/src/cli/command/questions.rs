//! Questions from a file or from stdin, one a line. They are read and answered in blocks, which share their passes over the
//! vectors, so that a pipe is answered while it is written.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::source::made_of_subwords;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Terminal, shown};
use crate::explore::{Opened, Word};

/// Questions of a block.
const BLOCK: usize = 256;
/// Bytes of a line, at most.
const MAX_LINE: u64 = 1 << 16;

/// A file of questions with the same number of words each.
pub struct Questions {
    input: Box<dyn BufRead>,
    /// The file's name in errors.
    name: String,
    words: usize,
    line: usize,
    asked: usize,
    unanswered: usize,
    /// Why the first of them has no answer.
    problem: Option<String>,
    /// The sentence about the first word whose vector is made of its subwords.
    made_of_subwords: Option<String>,
}

/// One question.
pub struct Question<A> {
    /// Its words.
    pub words: Vec<String>,
    /// The result of `ask`, if all words have vectors and these a direction.
    pub asked: Option<A>,
}

impl Questions {
    /// Opens the file at `path`, or stdin if that is `-`. A line is `words` words, separated by tabs, or else by spaces; if it
    /// is one word, that may contain spaces.
    pub fn open(path: &Path, words: usize) -> Result<Self, Failure> {
        let (input, name): (Box<dyn BufRead>, _) = match path.as_os_str() == "-" {
            true => (Box::new(BufReader::new(std::io::stdin())), "stdin".into()),
            false => {
                let file = File::open(path).map_err(|source| crate::data::Error::read(path, source))?;
                (Box::new(BufReader::new(file)), path.display().to_string())
            }
        };
        Ok(Self { input, name, words, line: 0, asked: 0, unanswered: 0, problem: None, made_of_subwords: None })
    }

    /// The next block, each question with the result of `ask` for its words; empty at the end.
    pub fn next_block<A>(
        &mut self,
        opened: &Opened,
        ask: impl Fn(&[Word<'_>]) -> crate::explore::Result<A>,
    ) -> Result<Vec<Question<A>>, Failure> {
        let mut block = Vec::new();
        while block.len() < BLOCK {
            let Some(line) = self.next_line()? else { break };
            let words = self.split(&line)?;
            let found =
                |word| opened.word(word).ok_or_else(|| format!("{} does not have {}", opened.name, shown(word)));
            let found = words.iter().map(|word| found(word)).collect::<Result<Vec<Word<'_>>, String>>();
            if let Some(word) = found.iter().flatten().find(|word| word.row.is_none()) {
                self.made_of_subwords.get_or_insert_with(|| made_of_subwords(&word.text, opened));
            }
            let asked = found.and_then(|found| ask(&found).map_err(|error| error.to_string()));
            self.asked += 1;
            if let Err(problem) = &asked {
                self.unanswered += 1;
                self.problem.get_or_insert_with(|| format!("line {}: {problem}", self.line));
            }
            block.push(Question { words, asked: asked.ok() });
        }
        Ok(block)
    }

    /// Warns of the questions that have no answer.
    ///
    /// # Errors
    ///
    /// If there was no question, or none has an answer.
    pub fn finish(self, terminal: &Terminal) -> Result<(), Failure> {
        let Self { name, asked, unanswered, problem, made_of_subwords, .. } = self;
        if let Some(sentence) = made_of_subwords {
            terminal.hint(&format!("{sentence}; so are those of other unknown words"));
        }
        match problem {
            _ if asked == 0 => Err(Failure::data(format!("{name}: expected a question on each line, found none"))),
            None => Ok(()),
            Some(problem) if asked == unanswered => {
                Err(Failure::data(format!("{name}: no question has an answer; {problem}")))
            }
            Some(problem) => {
                terminal.warning(&format!("{name}: {unanswered} of {asked} questions have no answer; {problem}"));
                Ok(())
            }
        }
    }

    /// The next line that is not empty.
    fn next_line(&mut self) -> Result<Option<String>, Failure> {
        loop {
            let mut line = Vec::new();
            let read = self.input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
            let read = read.map_err(|source| Failure::data(format!("{}: {source}", self.name)))?;
            self.line += 1;
            if read == 0 {
                return Ok(None);
            }
            if read as u64 == MAX_LINE && !line.ends_with(b"\n") {
                return Err(self.bad(format!("expected a line of less than {MAX_LINE} bytes")));
            }
            let line = String::from_utf8(line).map_err(|_| self.bad("expected text in UTF-8".into()))?;
            if !line.trim().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    fn split(&self, line: &str) -> Result<Vec<String>, Failure> {
        let line = line.trim_end_matches(['\n', '\r']);
        let words: Vec<String> = match (self.words, line.contains('\t')) {
            (1, _) => vec![line.trim().to_string()],
            (_, true) => line.split('\t').map(|word| word.trim().to_string()).collect(),
            (_, false) => line.split_whitespace().map(String::from).collect(),
        };
        match words.len() == self.words {
            true => Ok(words),
            false => Err(self.bad(format!(
                "expected {} words, separated by tabs or spaces, found {}",
                self.words,
                words.len()
            ))),
        }
    }

    fn bad(&self, problem: String) -> Failure {
        Failure::data(format!("{}, line {}: {problem}", self.name, self.line))
    }
}

/// The numbers of a vector in the file at `path`, or in stdin if that is `-`: separated by spaces, commas or line ends, with or
/// without brackets.
pub fn read_vector(path: &Path) -> Result<Vec<f32>, Failure> {
    /// More than any vector takes.
    const MAX_BYTES: u64 = 16 << 20;
    let mut text = String::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin().take(MAX_BYTES).read_to_string(&mut text),
        false => File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text)),
    };
    read.map_err(|source| crate::data::Error::read(path, source))?;
    let numbers = text.split(|c: char| c.is_whitespace() || ",[]".contains(c)).filter(|number| !number.is_empty());
    let parse = |number: &str| {
        let problem = || format!("{}: expected numbers, found {}", path.display(), shown(number));
        number.parse().map_err(|_| Failure::data(problem()))
    };
    numbers.map(parse).collect()
}
