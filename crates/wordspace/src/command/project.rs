//! `wordspace project`

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;
use wordspace::data::WordVectors;
use wordspace::data::publish::publish_bytes;
use wordspace::explore::projection::{Chosen, Method, Points, Projection};
use wordspace::explore::{Opened, check_finite, frames};
use wordspace::serve::projection_page;

use super::source::{open, rows};
use super::{in_shell, print_json, program};
use crate::args::{MethodChoice, ProjectArgs};
use crate::failure::Failure;
use crate::picture::{self, Theme};
use crate::terminal::{Bar, Terminal};

pub fn run(args: ProjectArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let form = Form::of(&args.to)?;
    if args.to.exists() {
        return Err(Failure::is_there(&args.to));
    }
    let opened = open(&args.source, terminal)?;
    let bar = Bar::new(terminal, "projecting");
    let progress = |done, total| bar.tell(done as u64, total as u64);
    let rows = match args.words.is_empty() {
        true => foremost(&opened, args.top, terminal),
        false => named(&opened, &args.words, terminal)?,
    };
    let mut chosen = chosen(&opened, &rows);
    if args.trail {
        let Some((run, step)) = &opened.run else {
            let problem = format!("--trail shows the steps of a run, and {} is none", opened.name);
            return Err(Failure::usage(problem));
        };
        chosen.frames = frames(run, &rows, Some(*step), &progress)?;
    }
    let method = match args.method {
        MethodChoice::Pca => Method::Pca,
        MethodChoice::Tsne => Method::Tsne,
        MethodChoice::Umap => Method::Umap,
    };
    let projection = Projection::of(&chosen, method, args.dims.into(), args.seed, &progress)?;
    drop(bar);
    publish_bytes(&args.to, &form.write(&projection, &chosen, &opened.name, args.theme))?;
    if args.json {
        let mut json = json(&projection);
        json["file"] = args.to.to_string_lossy().into();
        print_json(json);
    } else {
        print!("{}", summary(&projection, &args.to));
    }
    if let (Form::Png, Some(letters)) = (form, boxes(&projection.words)) {
        let svg = args.to.with_extension("svg");
        let svg = in_shell(&svg.to_string_lossy());
        terminal.warning(&format!("a .png draws boxes for {letters} and the like: its font has no such letters"));
        terminal.hint(&format!("an .svg takes them from the viewer's fonts: the same command with --to {svg}"));
    }
    if args.words.is_empty() {
        let source = in_shell(&args.source.source);
        terminal.hint(&format!("choose the words: {} project {source} WORD… --to FILE", program()));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is written, by the file's ending.
#[derive(Clone, Copy)]
enum Form {
    Svg,
    Png,
    Csv,
    Json,
    Html,
}

impl Form {
    fn of(path: &Path) -> Result<Self, Failure> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("svg") => Ok(Self::Svg),
            Some("png") => Ok(Self::Png),
            Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            Some("html") => Ok(Self::Html),
            _ => {
                let path = path.display();
                Err(Failure::usage(format!(
                    "--to {path}: expected a file that ends in .svg, .png, .csv, .json or .html"
                )))
            }
        }
    }

    fn write(self, projection: &Projection, chosen: &Chosen, source: &str, theme: Theme) -> Vec<u8> {
        match self {
            Self::Svg => picture::svg(&picture::projection::picture(projection, source), theme).into_bytes(),
            Self::Png => picture::png(&picture::projection::picture(projection, source), theme),
            Self::Csv => csv(projection).into_bytes(),
            Self::Json => {
                let mut json = json(projection);
                json["schema"] = 1.into();
                format!("{json}\n").into_bytes()
            }
            Self::Html => projection_page(projection, chosen, source).into_bytes(),
        }
    }
}

/// The rows of `words`, each once.
fn named(opened: &Opened, words: &[String], terminal: &Terminal) -> Result<Vec<u32>, Failure> {
    let mut rows = rows(opened, words, terminal)?;
    let mut seen = HashSet::new();
    rows.retain(|row| seen.insert(*row));
    rows.iter().try_for_each(|&row| check_finite(&opened.vectors, row))?;
    Ok(rows)
}

/// The rows of the `top` most frequent words of letters, of those with a class where classes are known. Where nothing is
/// known of frequencies, the first in the file count as the most frequent.
fn foremost(opened: &Opened, top: usize, terminal: &Terminal) -> Vec<u32> {
    let vectors = &opened.vectors;
    let class_of = class_of(opened);
    let is_word = |row: &u32| {
        let word = vectors.word(*row);
        let letters = word.trim();
        match class_of.is_empty() {
            true => letters.chars().count() > 1 && letters.chars().all(char::is_alphabetic),
            false => class_of.contains_key(letters),
        }
    };
    let all = || 0..vectors.len() as u32;
    let mut rows: Vec<u32> = all().filter(is_word).collect();
    // A vocabulary of single characters has no such words.
    if rows.len() < top.min(4) {
        rows = all().collect();
    }
    if let Some(counts) = &opened.counts {
        rows.sort_by_key(|&row| (std::cmp::Reverse(counts[row as usize]), row));
    }
    let (mut chosen, mut passed) = (Vec::new(), Vec::new());
    for row in rows {
        if chosen.len() == top {
            break;
        }
        let into = if check_finite(vectors, row).is_ok() { &mut chosen } else { &mut passed };
        into.push(row);
    }
    if let Some(&first) = passed.first() {
        let (count, word) = (passed.len(), vectors.word(first));
        terminal.warning(&format!(
            "{}: {count} of the foremost words have NaN or infinity and are not shown; the first is {word:?}",
            opened.name
        ));
    }
    chosen
}

/// The class of every word that has one; of several the first by name.
fn class_of(opened: &Opened) -> HashMap<&str, &str> {
    let classes = opened.classes.iter().rev();
    classes.flat_map(|(class, words)| words.iter().map(|word| (word.as_str(), class.as_str()))).collect()
}

fn chosen(opened: &Opened, rows: &[u32]) -> Chosen {
    let vectors: &WordVectors = &opened.vectors;
    let words: Vec<String> = rows.iter().map(|&row| vectors.word(row).into_owned()).collect();
    let class_of = class_of(opened);
    let classes = words.iter().map(|word| class_of.get(word.trim()).map(|class| class.to_string())).collect();
    let values = rows.iter().flat_map(|&row| vectors.row(row).iter().map(|&x| x as f64).collect::<Vec<_>>()).collect();
    Chosen { words, classes, vectors: Points::new(values, vectors.dimension()), frames: Vec::new() }
}

fn json(projection: &Projection) -> Value {
    serde_json::to_value(projection).expect("words and numbers can always be written as JSON")
}

/// A row a word, and with trails a row a word and step.
fn csv(projection: &Projection) -> String {
    let axes = ["x", "y", "z"][..projection.dims()].join(",");
    let row = |point: &[f64]| point.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
    let names = projection.words.iter().zip(&projection.classes);
    let names = names.map(|(word, class)| format!("{},{}", quoted(word), quoted(class.as_deref().unwrap_or(""))));
    let names: Vec<String> = names.collect();
    let mut csv = String::new();
    if projection.trails.is_empty() {
        csv += &format!("word,class,{axes}\n");
        for (name, point) in names.iter().zip(projection.points.rows()) {
            csv += &format!("{name},{}\n", row(point));
        }
    } else {
        csv += &format!("word,class,step,{axes}\n");
        for (name, trail) in names.iter().zip(&projection.trails) {
            for (step, point) in projection.steps.iter().zip(trail.points.rows()) {
                csv += &format!("{name},{step},{}\n", row(point));
            }
        }
    }
    csv
}

/// A few of the letters in `words` that a .png cannot draw.
fn boxes(words: &[String]) -> Option<String> {
    let letters: BTreeSet<char> = words.iter().flat_map(|word| word.chars()).filter(|&c| picture::lacks(c)).collect();
    let few: Vec<String> =
        letters.iter().filter(|c| !c.is_whitespace() && !c.is_control()).take(3).map(char::to_string).collect();
    (!few.is_empty()).then(|| few.join(" "))
}

/// As RFC 4180 has it.
fn quoted(field: &str) -> String {
    let is_plain = !field.contains([',', '"', '\n', '\r']) && field.trim() == field;
    if is_plain { field.to_string() } else { format!("\"{}\"", field.replace('"', "\"\"")) }
}

fn summary(projection: &Projection, to: &Path) -> String {
    let mut lines = vec![format!("{}: {} words", to.display(), projection.words.len())];
    if let Some(shares) = &projection.explained_variance {
        let kept = 100.0 * shares.iter().sum::<f64>();
        let axes: Vec<String> = shares.iter().map(|share| format!("{:.1}", 100.0 * share)).collect();
        lines.push(format!("variance kept     {kept:.1} % ({})", axes.join(" + ")));
    }
    if let Some(trust) = projection.trustworthiness {
        lines.push(format!("trustworthiness   {trust:.3}"));
    }
    if let (Some(first), Some(last)) = (projection.steps.first(), projection.steps.last()) {
        lines.push(format!("trails            {} steps, {first} to {last}", projection.steps.len()));
    }
    lines.join("\n") + "\n"
}
