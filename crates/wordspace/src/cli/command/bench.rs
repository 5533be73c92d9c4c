//! `wordspace bench`

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::bench_table::{csv, markdown, table};
use super::{print_json, program};
use crate::bench::{Case, Compared, Machine, Measured, Plan, compare, copy_speed, expected, fastest, measure, read};
use crate::cli::args::BenchArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal};
use crate::data::publish::publish_bytes;
use crate::train::device::{OpenDevice, set_threads};

/// The time spent on a row, and the number of times that copies and matrix products are measured.
const SPENT: (Duration, usize) = (Duration::from_millis(800), 9);
const SPENT_QUICKLY: (Duration, usize) = (Duration::from_millis(150), 5);

pub fn run(args: BenchArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let exports = [&args.export_markdown, &args.export_csv, &args.export_json];
    if let Some(path) = exports.into_iter().flatten().find(|path| path.exists()) {
        return Err(Failure::exists(path));
    }
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
    let compared_rows = compared.as_deref();
    let with_schema = |mut json: Value| {
        json["schema"] = 1.into();
        format!("{json}\n")
    };
    let written: [&dyn Fn() -> String; 3] =
        [&|| markdown(&measured, compared_rows), &|| csv(&measured, compared_rows), &|| {
            with_schema(to_json(&measured, compared_rows))
        }];
    for (path, content) in exports.into_iter().zip(written) {
        if let Some(path) = path {
            publish_bytes(path, content().as_bytes())?;
        }
    }
    match args.json {
        true => print_json(to_json(&measured, compared_rows)),
        false => print!("{}", table(&measured, compared_rows)),
    }
    if compared.is_none() {
        terminal
            .hint(&format!("\nto compare later: {} bench --json > before.json, then --compare before.json", program()));
    }
    Ok(ExitCode::SUCCESS)
}

fn measured(args: &BenchArgs, before: Option<&Measured>, terminal: &Terminal) -> Result<Measured, Failure> {
    set_threads(0)?;
    let devices = devices(args, terminal)?;
    let cpu = OpenDevice::all().into_iter().find(OpenDevice::is_cpu).map(|device| device.device);
    let bar = Bar::new(terminal, "measuring");
    let (budget, samples) = if args.quick { SPENT_QUICKLY } else { SPENT };
    let plan = Plan { warmup: args.warmup.into(), runs: args.runs.map(|runs| runs as usize), budget };
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
            results.push(measure(case, device, &expected, &machine, copy, plan));
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
    json["fastest"] = json!(fastest(measured));
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
