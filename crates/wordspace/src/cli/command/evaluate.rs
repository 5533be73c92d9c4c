//! `wordspace evaluate`

use std::process::ExitCode;

use super::print_json;
use super::source::{open, warn_of};
use crate::cli::args::EvaluateArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal, columns, left, row_break, wrapped};
use crate::explore::evaluation::{
    Analogies, Benchmarks, Categories, Evaluation, Similarity, evaluate, read_analogies, read_categories,
    read_similarity,
};
use crate::model::summary::thousands;

pub fn run(args: EvaluateArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    // Read the small files first: a mistake in one should fail before a large file is opened.
    let mut benchmarks = Benchmarks {
        similarity: args.similarity.as_deref().map(read_similarity).transpose()?,
        analogies: args.analogies.as_deref().map(read_analogies).transpose()?,
        categories: args.categories.as_deref().map(read_categories).transpose()?,
    };
    let opened = open(&args.source, terminal)?;
    let is_asked = args.similarity.is_some() || args.analogies.is_some() || args.categories.is_some();
    if !is_asked && opened.classes.is_empty() {
        let name = &opened.name;
        return Err(Failure::usage(format!(
            "{name} has no word classes; expected --similarity, --analogies or --categories with a FILE"
        )));
    }
    if !is_asked {
        benchmarks.categories = Some(opened.classes.clone());
    }
    let bar = Bar::new(terminal, "evaluating");
    let evaluation = evaluate(&opened.vectors, &benchmarks, &|done, total| bar.tell(done, total))?;
    drop(bar);
    warn_of(evaluation.not_finite, &opened, terminal);
    match args.json {
        true => print_json(serde_json::to_value(&evaluation).expect("an evaluation is valid JSON")),
        false => print!("{}", report(&evaluation)),
    }
    Ok(ExitCode::SUCCESS)
}

fn report(evaluation: &Evaluation) -> String {
    let mut lines = vec![format!("{}{}{:>9}{:>9}  covered", left("", 34), row_break(), "cosine", "centred")];
    if let Some(found) = &evaluation.similarity {
        lines.push(similarity(found));
        lines.extend(no_better_than_chance(found));
    }
    lines.extend(evaluation.analogies.iter().flat_map(analogies));
    lines.extend(evaluation.categories.iter().flat_map(categories));
    wrapped(&(lines.join("\n") + "\n"), columns())
}

fn similarity(found: &Similarity) -> String {
    let correlation = |x: Option<f64>| x.map_or("–".to_string(), |x| format!("{x:+.4}"));
    let both = [correlation(found.spearman), correlation(found.spearman_centred)];
    line("similarity, Spearman", both, found.covered, found.pairs, "pairs")
}

/// Says so if a correlation is one that a random order has too.
fn no_better_than_chance(found: &Similarity) -> Option<String> {
    let random = found.random_correlation?;
    let is_chance = |x: Option<f64>| x.is_some_and(|x| x.abs() <= random);
    let which = match [found.spearman, found.spearman_centred].map(is_chance) {
        [true, true] => "no better than chance",
        [true, false] => "cosine: no better than chance",
        [false, true] => "centred cosine: no better than chance",
        [false, false] => return None,
    };
    Some(format!("  {which} (of random orders, 95 % are within ±{random:.2})"))
}

fn analogies(found: &Analogies) -> Vec<String> {
    let all = ("analogies, accuracy", [found.correct, found.correct_centred], found.covered, found.total);
    let sections = found.sections.iter().map(|section| {
        (section.section.as_str(), [section.correct, section.correct_centred], section.covered, section.total)
    });
    let sections = sections.map(|(name, correct, covered, total)| (format!("  {name}"), correct, covered, total));
    std::iter::once((all.0.to_string(), all.1, all.2, all.3))
        .chain(sections)
        .map(|(name, correct, covered, total)| {
            let share = |correct: usize| match covered {
                0 => "–".to_string(),
                _ => format!("{:.1} %", 100.0 * correct as f64 / covered as f64),
            };
            line(&name, correct.map(share), covered, total, "questions")
        })
        .collect()
}

fn categories(found: &Categories) -> Vec<String> {
    let percent = |x: Option<f64>| x.map_or("–".to_string(), |x| format!("{:.1} %", 100.0 * x));
    [
        ("categories, ten nearest", found.purity, found.purity_centred),
        ("categories, clustered", found.clustering_purity, found.clustering_purity_centred),
    ]
    .map(|(name, raw, centred)| line(name, [raw, centred].map(percent), found.covered, found.words, "words"))
    .to_vec()
}

fn line(name: &str, [raw, centred]: [String; 2], covered: usize, all: usize, what: &str) -> String {
    let (covered, all) = (thousands(covered), thousands(all));
    format!("{}{}{raw:>9}{centred:>9}  {covered} of {all} {what}", left(name, 34), row_break())
}
