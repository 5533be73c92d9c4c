//! The result of a run, as a table and as JSON.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::{columns, left, right, shortened, shown, wrapped};
use crate::learn::Ending;
use crate::learn::watch::{Measurement, PairMeasurement};
use crate::model::summary::thousands;
use crate::train::Outcome;

/// Cells of a row's name, and of its value before training. A row has 60 cells, if the terminal has them.
const COLUMNS: [usize; 2] = [34, 10];

/// Cells of a row beside its name.
const BESIDE_NAME: usize = 26;

/// The nearest neighbours of a word before and after training.
pub struct Neighbours {
    /// The word.
    pub word: String,
    /// Its neighbours at step 0, nearest first.
    pub before: Vec<String>,
    /// Its neighbours after the last step, nearest first.
    pub after: Vec<String>,
}

/// The table at the end of a run.
pub fn report(run: &Path, outcome: &Outcome, neighbours: Option<&Neighbours>) -> String {
    let mut text = heading(run, outcome);
    losses(&mut text, outcome);
    let before = outcome.state.first_measurement.as_ref();
    pairs(&mut text, before, &outcome.measurement.pairs);
    if let Some(after) = outcome.measurement.purity {
        section(&mut text, "purity");
        let percent = |purity: f64| format!("{:.0} %", 100.0 * purity);
        let before = before.and_then(|before| before.purity).map(percent);
        row(&mut text, "same class", before, percent(after));
        line(&mut text, "  The share of a word's ten nearest words that have its class.");
    }
    if let Some(neighbours) = neighbours {
        section(&mut text, &format!("nearest to {}", shown(&neighbours.word)));
        for (when, words) in [("before", &neighbours.before), ("after", &neighbours.after)] {
            let words = words.iter().map(|word| shown(word)).collect::<Vec<_>>().join(", ");
            line(&mut text, &format!("  {}{}", left(when, 8), shortened(&words, columns() - 12)));
        }
    }
    wrapped(&text, columns())
}

fn heading(run: &Path, outcome: &Outcome) -> String {
    let speed = outcome.tokens_per_second.map(|speed| format!(", {} tokens/s", thousands(speed as usize)));
    let ending = match outcome.ending {
        Ending::Complete => "",
        Ending::NoLongerBetter => " (stopped early: the held-out loss no longer fell)",
        Ending::Interrupted => " (interrupted)",
    };
    let (run, steps, device) = (run.display(), outcome.state.step, &outcome.device);
    let seconds = outcome.elapsed.as_secs_f64();
    format!("{run}: {steps} steps{ending}, {seconds:.0} s on {device}{}\n", speed.unwrap_or_default())
}

fn losses(text: &mut String, outcome: &Outcome) {
    let Some(after) = outcome.evaluation else { return };
    let when = if after.step == outcome.state.step { String::new() } else { format!(", step {}", after.step) };
    section(text, &format!("held-out text{when}"));
    let first = outcome.state.first_loss;
    let loss = |loss: f64| format!("{loss:.3}");
    row(text, "loss, nats per token", first.map(loss), loss(after.loss));
    let per_loss = after.bits_per_character / after.loss;
    row(text, "bits per character", first.map(|first| loss(first * per_loss)), loss(after.bits_per_character));
    let perplexity = |perplexity: f64| format!("{perplexity:.1}");
    row(text, "perplexity", first.map(|first| perplexity(first.exp())), perplexity(after.perplexity));
    line(text, "  Perplexity is the effective number of choices for the next token.");
}

/// The watched pairs, a section for each measure.
fn pairs(text: &mut String, before: Option<&Measurement>, pairs: &[PairMeasurement]) {
    if pairs.is_empty() {
        return;
    }
    let mut measure = |title: &str, show: &dyn Fn(&PairMeasurement) -> String, explanation: &str| {
        section(text, title);
        for after in pairs {
            let name = format!("{} · {}", shown(&after.a), shown(&after.b));
            row(text, &name, same_pair(before, after).map(show), show(after));
        }
        line(text, explanation);
    };
    measure(
        "cosine",
        &|pair| format!("{:+.2}", pair.cosine),
        "  1 means the same direction, 0 a right angle. The table's drift raises it.",
    );
    measure(
        "centred cosine",
        &|pair| format!("{:+.2}", pair.centred),
        "  The cosine without the drift: the mean of all vectors is subtracted first.",
    );
    measure(
        "percentile among random pairs",
        &|pair| format!("{:.0}", pair.percentile),
        "  The percentage of random pairs of similar frequency that are less similar.",
    );
    section(text, "rank");
    for after in pairs {
        let before = same_pair(before, after);
        for (nth, [word, from]) in [[&after.b, &after.a], [&after.a, &after.b]].into_iter().enumerate() {
            let name = format!("{} from {}", shown(word), shown(from));
            row(text, &name, before.map(|before| before.ranks[nth].to_string()), after.ranks[nth].to_string());
        }
    }
    line(text, "  1 means the nearest of all words, by centred cosine.");
}

/// The measures of the words of `pair` in `before`; a resumed run may watch other pairs than it began with.
fn same_pair<'a>(before: Option<&'a Measurement>, pair: &PairMeasurement) -> Option<&'a PairMeasurement> {
    before?.pairs.iter().find(|before| (&before.a, &before.b) == (&pair.a, &pair.b))
}

fn section(text: &mut String, title: &str) {
    line(text, &format!("\n{title}"));
}

/// What something was before training, if that was measured, and is now.
fn row(text: &mut String, name: &str, before: Option<String>, after: String) {
    let [most, before_cells] = COLUMNS;
    let name_cells = most.min(columns() - BESIDE_NAME);
    let name = left(&shortened(name, name_cells - 1), name_cells);
    let before = right(&before.unwrap_or_else(|| "?".into()), before_cells);
    line(text, &format!("  {name}{before} → {after}"));
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{}", line.trim_end()).expect("writing to a string cannot fail");
}

/// The result as JSON.
pub fn to_json(run: &Path, outcome: &Outcome, neighbours: Option<&Neighbours>) -> Value {
    let before = outcome.state.first_measurement.as_ref();
    let pairs = outcome.measurement.pairs.iter().map(|after| pair_json(same_pair(before, after), after));
    json!({
        "run": run,
        "steps": outcome.state.step,
        "ending": match outcome.ending {
            Ending::Complete => "complete",
            Ending::NoLongerBetter => "no_longer_better",
            Ending::Interrupted => "interrupted",
        },
        "device": outcome.device,
        "parameters": outcome.parameters,
        "train_loss": outcome.state.smoothed_loss,
        "val_loss_before": outcome.state.first_loss,
        "val_loss": outcome.evaluation.map(|evaluation| evaluation.loss),
        "val_perplexity": outcome.evaluation.map(|evaluation| evaluation.perplexity),
        "val_bits_per_character": outcome.evaluation.map(|evaluation| evaluation.bits_per_character),
        "best_val_loss": outcome.state.best.map(|best| best.loss),
        "best_step": outcome.state.best.map(|best| best.step),
        "tokens_per_second": outcome.tokens_per_second,
        "seconds": outcome.elapsed.as_secs_f64(),
        "checkpoint": outcome.checkpoint,
        "weights_sha256": outcome.weights_sha256,
        "pairs": pairs.collect::<Vec<_>>(),
        "purity_before": before.and_then(|before: &Measurement| before.purity),
        "purity_after": outcome.measurement.purity,
        "nearest": neighbours.map(|near| json!({ "word": near.word, "before": near.before, "after": near.after })),
    })
}

fn pair_json(before: Option<&PairMeasurement>, after: &PairMeasurement) -> Value {
    json!({
        "a": after.a,
        "b": after.b,
        "cosine_before": before.map(|pair| pair.cosine),
        "cosine_after": after.cosine,
        "centred_before": before.map(|pair| pair.centred),
        "centred_after": after.centred,
        "rank_before": before.map(PairMeasurement::mutual_rank),
        "rank_after": after.mutual_rank(),
        "ranks_before": before.map(|pair| pair.ranks),
        "ranks_after": after.ranks,
        "percentile_before": before.map(|pair| pair.percentile),
        "percentile_after": after.percentile,
    })
}
