//! A measurement as a table, as Markdown and as CSV.

use super::form::csv_field;
use crate::bench::{Compared, Ids, Measured, Row, Verdict, fastest};
use crate::cli::terminal::{columns, row_break, wrapped};
use crate::model::summary::thousands;

/// The table for a terminal of 80 columns, and which device is the fastest at which work.
pub fn table(measured: &Measured, compared: Option<&[Compared]>) -> String {
    let mut lines = machine(measured);
    let last = if compared.is_some() { "  than before" } else { " rows/s     reached limit" };
    lines.push(format!(
        "\n{:<9}{:<8}{:>6}{:>4}{:>6} {:<7}{}{:>8}{:>6}{last}",
        "work",
        "device",
        "V",
        "C",
        "N",
        "ids",
        row_break(),
        "ms",
        "±"
    ));
    for (nth, row) in measured.results.iter().enumerate() {
        let what =
            format!("{:<9}{:<8}{:>6}{:>4}{:>6} {:<7}", row.work.name(), row.device, row.v, row.c, row.n, ids(row));
        let (Some(milliseconds), Some(spread), Some(rate)) = (row.milliseconds, row.spread, row.rows_per_second) else {
            lines.push(format!("{what}  {}", row.error.as_deref().unwrap_or("no time")));
            continue;
        };
        let last = match compared {
            Some(compared) => format!("  {}", verdict(&compared[nth])),
            None => {
                let [reached, share] = reached(row);
                format!("{:>7}{reached:>12}{share:>6}", millions(rate))
            }
        };
        let spread = format!("{:.0} %", 100.0 * spread / milliseconds);
        lines.push(format!("{what}{}{milliseconds:>8.3}{spread:>6}{last}", row_break()).trim_end().to_string());
    }
    if measured.results.iter().any(|row| reached(row)[1] == "cache") {
        lines.push("\ncache: faster than a memory copy, because the rows come from a cache".into());
    }
    let fastest = fastest(measured);
    if !fastest.is_empty() {
        lines.push("\nFastest device for each kind of work (geometric mean over its rows):".into());
        lines.extend(fastest.iter().map(|fastest| format!("  {fastest}")));
    }
    wrapped(&(lines.join("\n") + "\n"), columns())
}

/// The same as Markdown.
pub fn markdown(measured: &Measured, compared: Option<&[Compared]>) -> String {
    let mut lines = machine(measured);
    lines.push(String::new());
    let change = if compared.is_some() { " | change" } else { "" };
    lines.push(format!("| work | device | V | C | N | ids | ms | spread | rows/s | reached{change} |"));
    lines.push(format!("|---|---|--:|--:|--:|---|--:|--:|--:|---{} |", if compared.is_some() { "|---" } else { "" }));
    for (nth, row) in measured.results.iter().enumerate() {
        let change = compared.map_or(String::new(), |compared| format!(" | {}", verdict(&compared[nth])));
        let numbers = [row.milliseconds, row.spread].map(|time| time.map_or("–".into(), |time| format!("{time:.3}")));
        let rate = row.rows_per_second.map_or("–".into(), |rate| thousands(rate as usize));
        let reached = row.error.clone().unwrap_or_else(|| reached(row).join(", "));
        let (work, device, ids) = (row.work, &row.device, ids(row));
        let (v, c, n) = (thousands(row.v), row.c, thousands(row.n));
        let [time, spread] = numbers;
        lines.push(format!(
            "| {work} | {device} | {v} | {c} | {n} | {ids} | {time} | {spread} | {rate} | {reached}{change} |"
        ));
    }
    lines.push(String::new());
    lines.extend(fastest(measured).iter().map(|fastest| format!("- {fastest}")));
    lines.join("\n") + "\n"
}

/// The rows as CSV; what could not be measured is empty.
pub fn csv(measured: &Measured, compared: Option<&[Compared]>) -> String {
    let mut lines = vec![
        "work,device,V,C,N,ids,milliseconds,spread,samples,rows_per_second,gigabytes_per_second,gigaflops_per_second,\
         milliseconds_before,verdict,error"
            .to_string(),
    ];
    for (nth, row) in measured.results.iter().enumerate() {
        let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
        let compared = compared.map(|compared| &compared[nth]);
        let fields = [
            row.work.to_string(),
            csv_field(&row.device),
            row.v.to_string(),
            row.c.to_string(),
            row.n.to_string(),
            row.ids.map_or(String::new(), |ids| ids.name().into()),
            number(row.milliseconds),
            number(row.spread),
            row.samples.map_or(String::new(), |samples| samples.to_string()),
            number(row.rows_per_second),
            number(row.gigabytes_per_second),
            number(row.gigaflops_per_second),
            number(compared.and_then(|compared| compared.milliseconds_before)),
            compared.map_or(String::new(), |compared| word(compared.verdict).into()),
            csv_field(row.error.as_deref().unwrap_or_default()),
        ];
        lines.push(fields.join(","));
    }
    lines.join("\n") + "\n"
}

fn machine(measured: &Measured) -> Vec<String> {
    let machine = &measured.machine;
    let fma = machine.fma_gigaflops_per_second.or(machine.matrix_gigaflops_per_second);
    let fma = fma.map_or(String::new(), |rate| format!(", multiplies and adds at {rate:.0} GFLOP/s"));
    vec![
        format!("{}, {} threads", machine.processor, machine.threads),
        format!("copies {:.1} GB/s{fma}", machine.copy_gigabytes_per_second),
    ]
}

/// A rate in millions, with three digits.
fn millions(rate: f64) -> String {
    match rate / 1e6 {
        rate if rate >= 100.0 => format!("{rate:.0} M"),
        rate if rate >= 10.0 => format!("{rate:.1} M"),
        rate => format!("{rate:.2} M"),
    }
}

fn ids(row: &Row) -> &'static str {
    row.ids.map_or("–", Ids::name)
}

/// The throughput that was reached, and its share of what limits it: multiply-adds if there are matrix products, else copies.
fn reached(row: &Row) -> [String; 2] {
    let share = |share: Option<f64>| share.map(|share| format!("{:.0} %", 100.0 * share)).unwrap_or_default();
    match (row.gigaflops_per_second, row.gigabytes_per_second) {
        (Some(rate), _) => [format!("{rate:.0} GFLOP/s"), share(row.fraction_of_fma_rate)],
        (None, Some(speed)) => {
            let of_copy = if row.fraction_of_copy > Some(1.0) { "cache".into() } else { share(row.fraction_of_copy) };
            [format!("{speed:.1} GB/s"), of_copy]
        }
        (None, None) => Default::default(),
    }
}

fn verdict(compared: &Compared) -> String {
    let times = compared.times_faster.map_or(String::new(), |times| format!(" ({times:.2} ×)"));
    format!("{}{times}", word(compared.verdict))
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Faster => "faster",
        Verdict::Slower => "slower",
        Verdict::Same => "same",
        Verdict::Inconclusive => "inconclusive",
        Verdict::New => "new",
        Verdict::Failed => "failed",
    }
}
