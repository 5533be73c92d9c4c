//! `wordspace bench`

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::{print_json, program};
use crate::bench::{
    Case, Compared, Ids, Machine, Measured, Row, Verdict, compare, copy_speed, expected, measure, read,
};
use crate::cli::args::BenchArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal};
use crate::model::summary::thousands;
use crate::train::device::{OpenDevice, set_threads};

/// The time spent on a row, and the number of times that copies and matrix products are measured.
const SPENT: (Duration, usize) = (Duration::from_millis(800), 9);
const SPENT_QUICKLY: (Duration, usize) = (Duration::from_millis(150), 5);

pub fn run(args: BenchArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    // Read the files first: a wrong one should fail before minutes of measuring.
    let mut files = args.compare.iter().map(|path| read(path).map_err(Failure::data));
    let (before, after) = (files.next().transpose()?, files.next().transpose()?);
    let measured = match after {
        Some(after) => after,
        None => measured(&args, before.as_ref(), terminal)?,
    };
    let compared = match &before {
        None => None,
        Some(before) => {
            comparable(before, &measured.machine)?;
            Some(compare(before, &measured))
        }
    };
    match args.json {
        true => print_json(to_json(&measured, compared.as_deref())),
        false => print!("{}", table(&measured, compared.as_deref())),
    }
    if compared.is_none() {
        terminal
            .hint(&format!("\nto compare later: {} bench --json > before.json, then --compare before.json", program()));
    }
    Ok(ExitCode::SUCCESS)
}

fn measured(args: &BenchArgs, before: Option<&Measured>, terminal: &Terminal) -> Result<Measured, Failure> {
    set_threads(0);
    let devices = devices(args, terminal)?;
    let cpu = OpenDevice::all().into_iter().find(OpenDevice::is_cpu).map(|device| device.device);
    let bar = Bar::new(terminal, "measuring");
    let (spent, samples) = if args.quick { SPENT_QUICKLY } else { SPENT };
    let machine = Machine::measure(cpu.as_ref(), samples);
    if let Some(before) = before {
        comparable(before, &machine)?;
    }
    let copies: Vec<f64> = devices.iter().map(|device| copy_speed(&machine, device)).collect();
    let mut cases = Case::of_the_program(args.quick);
    cases.retain(|case| args.only.is_empty() || args.only.contains(&case.work));
    let total = (cases.len() * devices.len()) as u64;
    let mut results = Vec::new();
    for case in &cases {
        bar.tell(results.len() as u64, total);
        let expected = expected(case, &devices[0].device);
        for (device, &copy) in devices.iter().zip(&copies) {
            results.push(measure(case, device, &expected, &machine, copy, spent));
            bar.tell(results.len() as u64, total);
        }
    }
    Ok(Measured { machine, results })
}

/// The devices that were asked for, or else all but software-emulated GPUs, whose times say nothing about a GPU.
fn devices(args: &BenchArgs, terminal: &Terminal) -> Result<Vec<OpenDevice>, Failure> {
    if !args.device.is_empty() {
        return args.device.iter().map(|name| Ok(OpenDevice::open(name.parse()?)?)).collect();
    }
    let (software, real): (Vec<_>, Vec<_>) = OpenDevice::all().into_iter().partition(|device| device.is_software);
    for OpenDevice { name, hardware, .. } in software {
        terminal
            .hint(&format!("{name} is left out: {hardware} is a software-emulated GPU; --device {name} measures it"));
    }
    match real.is_empty() {
        true => Err(Failure::from(crate::train::Error::Device("this build has no device that works here".into()))),
        false => Ok(real),
    }
}

/// Refuses to compare the times of different machines.
fn comparable(before: &Measured, machine: &Machine) -> Result<(), Failure> {
    match before.machine.difference(machine) {
        None => Ok(()),
        Some(difference) => Err(Failure::data(format!(
            "the two were measured on different machines ({difference}), so their times cannot be compared"
        ))),
    }
}

fn to_json(measured: &Measured, compared: Option<&[Compared]>) -> Value {
    let mut json = json!(measured);
    if let Some(compared) = compared {
        let rows = measured.results.iter().zip(compared).map(|(row, compared)| {
            let mut json = json!({
                "work": row.work, "device": row.device, "V": row.v, "C": row.c, "N": row.n, "ids": row.ids,
                "milliseconds": row.milliseconds,
            });
            let more = json!(compared);
            let fields = more.as_object().expect("a struct becomes an object").clone();
            json.as_object_mut().expect("json! made an object").extend(fields);
            json
        });
        json["comparison"] = rows.collect();
    }
    json
}

fn table(measured: &Measured, compared: Option<&[Compared]>) -> String {
    let machine = &measured.machine;
    let product = machine.matrix_gigaflops_per_second;
    let product = product.map_or(String::new(), |rate| format!(", multiplies matrices at {rate:.0} GFLOP/s"));
    let mut lines = vec![
        format!("{}, {} threads", machine.processor, machine.threads),
        format!("copies {:.1} GB/s{product}", machine.copy_gigabytes_per_second),
        String::new(),
        format!(
            "{:<9}{:<9}{:>7}{:>5}{:>7} {:<8}{:>10}{:>9}{:>14}  reached",
            "work", "device", "V", "C", "N", "ids", "ms", "spread", "rows/s"
        ),
    ];
    for (nth, row) in measured.results.iter().enumerate() {
        let compared = compared.map(|compared| verdict(&compared[nth])).unwrap_or_default();
        lines.push(format!("{}{compared}", line(row)).trim_end().to_string());
    }
    lines.join("\n") + "\n"
}

fn line(row: &Row) -> String {
    let ids = row.ids.map_or("–", Ids::name);
    let (v, c, n) = (thousands(row.v), row.c, thousands(row.n));
    let what = format!("{:<9}{:<9}{v:>7}{c:>5}{n:>7} {ids:<8}", row.work.name(), row.device);
    let (Some(milliseconds), Some(spread), Some(rate)) = (row.milliseconds, row.spread, row.rows_per_second) else {
        return format!("{what}  {}", row.error.as_deref().unwrap_or("no time"));
    };
    format!("{what}{milliseconds:>10.3}{spread:>9.3}{:>14}  {:<34}", thousands(rate as usize), reached(row))
}

/// The throughput that was reached, and its share of the machine's: matrix products if there are any, else memory.
fn reached(row: &Row) -> String {
    let of =
        |share: Option<f64>, what| share.map_or(String::new(), |share| format!(", {:.0} % of {what}", 100.0 * share));
    match (row.gigaflops_per_second, row.gigabytes_per_second) {
        (Some(rate), _) => format!("{rate:.0} GFLOP/s{}", of(row.fraction_of_matrix_rate, "a matrix product")),
        (None, Some(speed)) => format!("{speed:.1} GB/s{}", of(row.fraction_of_copy, "a copy")),
        (None, None) => String::new(),
    }
}

fn verdict(compared: &Compared) -> String {
    let times = compared.times_faster.map_or(String::new(), |times| format!(" ({times:.2} ×)"));
    let word = match compared.verdict {
        Verdict::Faster => "faster",
        Verdict::Slower => "slower",
        Verdict::Same => "same",
        Verdict::New => "new",
        Verdict::Failed => "failed",
    };
    format!("{word}{times}")
}
