//! Files of judgements: one a line, in columns separated by tabs, commas or spaces.

use std::collections::BTreeMap;
use std::path::Path;

use wordspace_data::Error::BadFile;
use wordspace_data::regular_file;

use super::benchmarks::{AnalogySection, JudgedPair};
use crate::Result;

/// The largest file of judgements; published ones have less than a megabyte.
const MAX_BYTES: u64 = 256 << 20;

/// Judged pairs: two words, then the first column that is a number.
///
/// A first line without a number is a header. Empty lines and lines that begin with # are skipped.
///
/// # Errors
///
/// If the file cannot be read, is not UTF-8, has no pair, or has a line of another form, which the error names.
pub fn read_similarity(path: &Path) -> Result<Vec<JudgedPair>> {
    let mut pairs = Vec::new();
    for (nth, (line, columns)) in lines(path)?.into_iter().enumerate() {
        match columns.as_slice() {
            [a, b, rest @ ..] if !a.is_empty() && !b.is_empty() => match rest.iter().find_map(|text| number(text)) {
                Some(score) => pairs.push(JudgedPair { words: [a.clone(), b.clone()], score }),
                None if nth == 0 => {}
                None => return Err(unexpected(path, line, "two words and a number", &columns)),
            },
            _ => return Err(unexpected(path, line, "two words and a number", &columns)),
        }
    }
    if pairs.is_empty() { Err(empty(path, "a pair of words with a score")) } else { Ok(pairs) }
}

/// Analogy questions in word2vec's format: four words a line; a line `: NAME` begins a section.
///
/// # Errors
///
/// As [`read_similarity`].
pub fn read_analogies(path: &Path) -> Result<Vec<AnalogySection>> {
    let mut sections: Vec<AnalogySection> = Vec::new();
    let begin = |section: &str| AnalogySection { section: section.to_string(), questions: Vec::new() };
    for (line, columns) in lines(path)? {
        if columns[0].starts_with(':') {
            sections.push(begin(columns.join(" ").trim_start_matches(':').trim()));
            continue;
        }
        let words: [String; 4] =
            columns.try_into().map_err(|columns: Vec<String>| unexpected(path, line, "four words", &columns))?;
        if sections.is_empty() {
            sections.push(begin("questions"));
        }
        sections.last_mut().expect("a section was pushed if there was none").questions.push(words);
    }
    let is_empty = sections.iter().all(|section| section.questions.is_empty());
    if is_empty { Err(empty(path, "a question of four words")) } else { Ok(sections) }
}

/// Words by category: the columns that a header names `category` and `word`; without a header a category and a word, with or
/// without a number before them. A line with a category but no word is skipped.
///
/// # Errors
///
/// As [`read_similarity`].
pub fn read_categories(path: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut categories = BTreeMap::<String, Vec<String>>::new();
    let mut named: Option<(usize, usize)> = None;
    for (nth, (line, columns)) in lines(path)?.into_iter().enumerate() {
        if nth == 0 {
            let column = |name: &str| columns.iter().position(|column| column.eq_ignore_ascii_case(name));
            named = column("category").zip(column("word"));
            if named.is_some() {
                continue;
            }
        }
        let is_numbered = columns.len() == 3 && number(&columns[0]).is_some();
        let (category, word) = match (named, columns.len()) {
            (Some(columns), _) => columns,
            (None, 2) => (0, 1),
            (None, _) if is_numbered => (1, 2),
            _ => return Err(unexpected(path, line, "a category and a word", &columns)),
        };
        match (columns.get(category), columns.get(word)) {
            // Published lists have gaps.
            (Some(_), Some(word)) if word.is_empty() => {}
            (Some(category), Some(word)) if !category.is_empty() => {
                categories.entry(category.clone()).or_default().push(word.clone());
            }
            _ => return Err(unexpected(path, line, "a category and a word", &columns)),
        }
    }
    if categories.is_empty() { Err(empty(path, "a category and a word")) } else { Ok(categories) }
}

/// The lines that are not empty and no comment, with their numbers from 1, split into columns.
fn lines(path: &Path) -> Result<Vec<(usize, Vec<String>)>> {
    if path.is_dir() {
        return Err(wordspace_data::Error::IsDirectory { path: path.to_path_buf(), wanted: "a file of words" }.into());
    }
    let bytes = regular_file::read(path, MAX_BYTES)?;
    let text = String::from_utf8(bytes).map_err(|error| wordspace_data::Error::NotUtf8 {
        name: path.display().to_string(),
        offset: error.utf8_error().valid_up_to() as u64,
    })?;
    let lines = text.trim_start_matches('\u{feff}').lines().zip(1..).map(|(line, number)| (number, line.trim_end()));
    let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    Ok(lines.map(|(number, line)| (number, columns(line))).collect())
}

/// The name of a section may contain commas, and words separated by tabs may contain spaces.
fn columns(line: &str) -> Vec<String> {
    let clean = |column: &str| column.trim().trim_matches('"').to_string();
    if line.contains('\t') {
        line.split('\t').map(clean).collect()
    } else if line.contains(',') && !line.starts_with(':') {
        line.split(',').map(clean).collect()
    } else {
        line.split_whitespace().map(clean).collect()
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn unexpected(path: &Path, line: usize, expected: &str, found: &[String]) -> crate::Error {
    // A file of another kind may be a single line of a gigabyte.
    let found: String = found.join(" ").chars().take(60).collect();
    BadFile { path: path.to_path_buf(), problem: format!("line {line}: expected {expected}, found {found:?}") }.into()
}

fn empty(path: &Path, expected: &str) -> crate::Error {
    BadFile { path: path.to_path_buf(), problem: format!("it is empty; expected {expected} on each line") }.into()
}
