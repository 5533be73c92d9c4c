//! `wordspace project`

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;

use super::form::csv_field;
use super::source::{open, rows};
use super::{in_shell, print_json, program};
use crate::cli::args::{MethodChoice, ProjectArgs};
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal};
use crate::data::publish::publish_bytes;
use crate::explore::projection::{Chosen, Method, MostFrequent, Projection};
use crate::explore::{Opened, check_finite, saved_frames};
use crate::model::summary::thousands;
use crate::picture::{self, Theme};
use crate::serve::projection_page;

pub fn run(args: ProjectArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let format = FileFormat::of(&args.to)?;
    if args.to.exists() {
        return Err(Failure::exists(&args.to));
    }
    let opened = open(&args.source, terminal)?;
    let bar = Bar::new(terminal, "projecting");
    let progress = |done, total| bar.tell(done, total);
    let rows = match args.words.is_empty() {
        true => most_frequent(&opened, args.top, terminal),
        false => named(&opened, &args.words, terminal)?,
    };
    let mut chosen = Chosen::of(&opened.vectors, &opened.classes, &rows);
    if args.trail {
        let Some((run, step)) = &opened.run else {
            let problem = format!("--trail shows the steps of a run, but {} is not a run", opened.name);
            return Err(Failure::usage(problem));
        };
        chosen.frames = saved_frames(run, &rows, Some(*step), &progress)?;
    }
    let method = match args.method {
        MethodChoice::Pca => Method::Pca,
        MethodChoice::Tsne => Method::Tsne,
        MethodChoice::Umap => Method::Umap,
    };
    let projection = Projection::of(&chosen, method, args.dims.into(), args.seed, &progress)?;
    drop(bar);
    publish_bytes(&args.to, &format.write(&projection, &chosen, &opened.name, args.theme))?;
    if args.json {
        let mut json = json(&projection);
        json["file"] = args.to.to_string_lossy().into();
        print_json(json);
    } else {
        print!("{}", summary(&projection, &args.to));
    }
    if let (FileFormat::Png, Some(letters)) = (format, boxes(&projection.words)) {
        let svg = args.to.with_extension("svg");
        let svg = in_shell(&svg.to_string_lossy());
        terminal.warning(&format!(
            "the font of .png pictures has no glyphs for {letters} and similar characters; they are drawn as boxes"
        ));
        terminal.hint(&format!("an .svg uses the viewer's fonts: the same command with --to {svg}"));
    }
    if args.words.is_empty() {
        let source = in_shell(&args.source.source);
        terminal.hint(&format!("to choose the words: {} project {source} WORD… --to FILE", program()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The format of the file, by its ending.
#[derive(Clone, Copy)]
enum FileFormat {
    Svg,
    Png,
    Csv,
    Json,
    Html,
}

impl FileFormat {
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

/// The rows of `words` without repetitions.
fn named(opened: &Opened, words: &[String], terminal: &Terminal) -> Result<Vec<u32>, Failure> {
    let mut rows = rows(opened, words, terminal)?;
    let mut seen = HashSet::new();
    rows.retain(|row| seen.insert(*row));
    rows.iter().try_for_each(|&row| check_finite(&opened.vectors, row))?;
    Ok(rows)
}

/// The rows of the `top` most frequent words, see [`MostFrequent`]. Says how many words that leaves out.
fn most_frequent(opened: &Opened, top: usize, terminal: &Terminal) -> Vec<u32> {
    let (vectors, counts) = (&opened.vectors, opened.counts.as_deref());
    let found = MostFrequent::of(vectors, counts, &opened.classes, top);
    if found.left_out > 0 {
        let left_out = thousands(found.left_out);
        let what = match opened.classes.is_empty() {
            true => "single Latin letters, and words with digits or signs",
            false => "those without a class",
        };
        terminal.hint(&format!("{left_out} words are left out: {what}; a word that is named is drawn whatever it is"));
    }
    if let Some(&first) = found.not_finite.first() {
        let (count, word) = (found.not_finite.len(), vectors.word(first));
        terminal.warning(&format!(
            "{}: {count} of the most frequent words have NaN or infinity and are not shown; the first is {word:?}",
            opened.name
        ));
    }
    found.rows
}

fn json(projection: &Projection) -> Value {
    serde_json::to_value(projection).expect("a projection is valid JSON")
}

/// One row per word, or with trails one row per word and step.
fn csv(projection: &Projection) -> String {
    let axes = ["x", "y", "z"][..projection.dims()].join(",");
    let row = |point: &[f64]| point.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
    let names = projection.words.iter().zip(&projection.classes);
    let names = names.map(|(word, class)| format!("{},{}", csv_field(word), csv_field(class.as_deref().unwrap_or(""))));
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

/// Up to three of the characters in `words` that a .png cannot draw.
fn boxes(words: &[String]) -> Option<String> {
    let letters: BTreeSet<char> = words.iter().flat_map(|word| word.chars()).filter(|&c| picture::lacks(c)).collect();
    let few: Vec<String> =
        letters.iter().filter(|c| !c.is_whitespace() && !c.is_control()).take(3).map(char::to_string).collect();
    (!few.is_empty()).then(|| few.join(" "))
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
