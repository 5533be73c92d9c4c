//! The result of a run, as a table and as JSON.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};

use super::{left, shown};
use crate::learn::Ending;
use crate::learn::watch::{Measurement, PairMeasurement};
use crate::model::summary::thousands;
use crate::train::Outcome;

/// Says how the columns of pairs are computed.
const EXPLANATION: &str = "\
Centred: the mean of all vectors is subtracted first. Rank (each word among the other's nearest, the worse of the two)
and percentile (among random pairs of similar frequency) are by centred cosine.";

/// The table at the end of a run.
pub fn report(run: &Path, outcome: &Outcome) -> String {
    let mut text = String::new();
    heading(&mut text, run, outcome);
    losses(&mut text, outcome);
    let before = outcome.state.first_measurement.as_ref();
    if !outcome.measurement.pairs.is_empty() {
        let [cosine, centred, rank, percentile] = ["cosine", "centred cosine", "rank", "percentile"];
        line(&mut text, &format!("{:<24}{cosine:>20}{centred:>20}{rank:>16}{percentile:>16}", ""));
    }
    for pair in &outcome.measurement.pairs {
        line(&mut text, &pair_line(same_pair(before, pair), pair));
    }
    if let Some(after) = outcome.measurement.purity {
        let before =
            before.and_then(|before| before.purity).map_or("?".into(), |purity| format!("{:.0} %", 100.0 * purity));
        let what = "purity: of the ten nearest words, those of the same class";
        line(&mut text, &format!("{what:<66}{before:>14} → {:.0} %", 100.0 * after));
    }
    if !outcome.measurement.pairs.is_empty() {
        line(&mut text, "");
        line(&mut text, EXPLANATION);
    }
    text
}

fn heading(text: &mut String, run: &Path, outcome: &Outcome) {
    let speed = outcome.tokens_per_second.map(|speed| format!(", {} tokens/s", thousands(speed as usize)));
    let ending = match outcome.ending {
        Ending::Complete => "",
        Ending::NoLongerBetter => " (stopped early: the held-out loss no longer fell)",
        Ending::Interrupted => " (interrupted)",
    };
    let seconds = outcome.elapsed.as_secs_f64();
    line(
        text,
        &format!(
            "{}: {} steps{ending}, {seconds:.0} s on {}{}",
            run.display(),
            outcome.state.step,
            outcome.device,
            speed.unwrap_or_default()
        ),
    );
    line(text, "");
}

fn losses(text: &mut String, outcome: &Outcome) {
    let Some(after) = outcome.evaluation else { return };
    let when = if after.step == outcome.state.step { String::new() } else { format!(", step {}", after.step) };
    let row = |name: &str, before: Option<f64>, after: f64, digits: usize| {
        let before = before.map_or("?".into(), |before| format!("{before:.digits$}"));
        format!("{:<66}{before:>14} → {after:.digits$}", format!("{name}{when}"))
    };
    let first = outcome.state.first_loss;
    line(text, &row("held-out loss, nats per token", first, after.loss, 3));
    line(text, &row("perplexity (effective number of choices)", first.map(f64::exp), after.perplexity, 1));
    let per_loss = after.bits_per_character / after.loss;
    line(text, &row("bits per character", first.map(|loss| loss * per_loss), after.bits_per_character, 3));
    line(text, "");
}

/// The measures of the words of `pair` in `before`; a resumed run may watch other pairs than it began with.
fn same_pair<'a>(before: Option<&'a Measurement>, pair: &PairMeasurement) -> Option<&'a PairMeasurement> {
    before?.pairs.iter().find(|before| (&before.a, &before.b) == (&pair.a, &pair.b))
}

fn pair_line(before: Option<&PairMeasurement>, after: &PairMeasurement) -> String {
    let from_to = |show: &dyn Fn(&PairMeasurement) -> String| match before {
        Some(before) => format!("{} → {}", show(before), show(after)),
        None => show(after),
    };
    format!(
        "{}{:>20}{:>20}{:>16}{:>16}",
        left(&format!("{} · {}", shown(&after.a), shown(&after.b)), 24),
        from_to(&|pair| format!("{:+.2}", pair.cosine)),
        from_to(&|pair| format!("{:+.2}", pair.centred)),
        from_to(&|pair| pair.mutual_rank().to_string()),
        from_to(&|pair| format!("{:.0}", pair.percentile)),
    )
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{}", line.trim_end()).expect("writing to a string cannot fail");
}

/// The result as JSON.
pub fn to_json(run: &Path, outcome: &Outcome) -> Value {
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
