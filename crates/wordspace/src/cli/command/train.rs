//! `wordspace train` and `wordspace resume`

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use super::interrupt::Interrupt;
use super::{in_shell, print_json, program, serve};
use crate::cli::args::{ResumeArgs, TrainArgs};
use crate::cli::failure::{Failure, INTERRUPTED};
use crate::cli::terminal::{Progress, Terminal, report, to_json};
use crate::data::publish::publish_bytes;
use crate::learn::Ending;
use crate::learn::config::Config;
use crate::picture::meeting::meeting;
use crate::serve::Server;
use crate::train::checkpoint::Checkpoints;
use crate::train::device::{OpenDevice, set_threads};
use crate::train::{Error, RunFolder, open_config, run};

pub fn train(args: TrainArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::listen(*terminal);
    let changes = changes(&args);
    let config = match &args.config {
        Some(path) => open_config(path, &changes)?,
        None => Config::from_toml("", "the command line", &changes)?,
    };
    let config = match args.steps {
        Some(steps) => config.scaled_to(steps)?,
        None => config,
    };
    // Open the device and the text before anything is written: both may fail.
    let device = open_device(&config, terminal)?;
    if !config.is_toy() {
        crate::data::Text::open(config.data.text.as_ref())?;
    }
    let runs = args.out.clone().unwrap_or_else(|| serve::RUNS.into());
    let folder = RunFolder::create(&runs, &config).map_err(|error| explain(error, &config, &runs))?;
    // The page starts after the folder exists, so that it finds the run, and not at all if the run cannot start.
    let done = serve::beside(&runs, &config.run.name, args.page, terminal)
        .and_then(|page| Ok((page, train_run(&folder, &config, &device, &interrupt, args.json, terminal)?)));
    // If the run failed before its first step, free its name for another try.
    match done.is_err() && !folder.has_begun() {
        true => folder.discard()?,
        false => drop(folder),
    }
    let (page, code) = done?;
    keep_serving(page, code, &interrupt, terminal)
}

pub fn resume(args: ResumeArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::listen(*terminal);
    let (folder, mut config) = RunFolder::open(&args.run)?;
    if let Some(steps) = args.steps {
        let made = Checkpoints::new(folder.checkpoints()).steps()?.into_iter().max().unwrap_or(0);
        if steps < made {
            let run = args.run.display();
            return Err(Failure::usage(format!("{run} has made {made} steps already; --steps must be at least that")));
        }
        config.train.steps = steps;
        folder.save_config(&config)?;
    }
    let device = open_device(&config, terminal)?;
    // The canonical path has a name and a parent, however the argument was written.
    let full = folder.path().canonicalize().map_err(|source| Error::disk(folder.path(), source))?;
    let (runs, name) = (full.parent().unwrap_or(&full), full.file_name().unwrap_or_default());
    let page = serve::beside(runs, &name.to_string_lossy(), args.page, terminal)?;
    let done = train_run(&folder, &config, &device, &interrupt, args.json, terminal);
    drop(folder);
    keep_serving(page, done?, &interrupt, terminal)
}

/// Keeps the page, if there is one, open until Ctrl-C, and returns `code`. The run's lock must be free by now, so that the page sees
/// that the run has ended.
fn keep_serving(
    page: Option<Server>,
    code: ExitCode,
    interrupt: &Interrupt,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    if let Some(page) = page
        && !interrupt.asked().load(Ordering::SeqCst)
    {
        terminal.hint(&format!("\nthe page stays at {} until Ctrl-C", page.url()));
        interrupt.wait();
    }
    Ok(code)
}

fn train_run(
    folder: &RunFolder,
    config: &Config,
    device: &OpenDevice,
    interrupt: &Interrupt,
    json: bool,
    terminal: &Terminal,
) -> Result<ExitCode, Failure> {
    let mut progress = Progress::new(*terminal);
    let outcome = run(folder, config, device, &mut |event| progress.read(event), interrupt.asked());
    progress.finish();
    let outcome = outcome.map_err(|error| resumable(error, folder))?;
    match json {
        true => print_json(to_json(folder.path(), &outcome)),
        false => print!("{}", report(folder.path(), &outcome)),
    }
    let (program, run) = (program(), folder.path().display());
    if outcome.ending == Ending::Interrupted {
        terminal.hint(&format!("\nnext    {program} resume {run}"));
        return Ok(INTERRUPTED.into());
    }
    terminal.hint(&format!("\nrun     {run}"));
    if let Some(svg) = meeting(folder.path())? {
        let path = folder.path().join("meeting.svg");
        publish_bytes(&path, svg.as_bytes())?;
        terminal.hint(&format!("picture {}", path.display()));
    }
    let export = folder.path().with_file_name(format!("{}-gpt2", config.run.name));
    let next = match outcome.measurement.pairs.first() {
        Some(pair) => format!("neighbors {run} {}", in_shell(&pair.a)),
        None => format!("project {run} --to words.svg"),
    };
    terminal.hint(&format!("next    {program} {next}"));
    terminal.hint(&format!("        {program} resume {run} --steps {}", 2 * outcome.state.step.max(1)));
    terminal.hint(&format!("        {program} export {run} {}", export.display()));
    Ok(ExitCode::SUCCESS)
}

/// The configuration keys that options set; `--set` comes last and so overrides them.
fn changes(args: &TrainArgs) -> Vec<(String, String)> {
    let options = [
        ("data.text", args.text.as_ref().map(|path| path.to_string_lossy().into_owned())),
        ("data.tokenizer", args.tokenizer.clone()),
        ("device.name", args.device.clone()),
        ("run.seed", args.seed.map(|n| n.to_string())),
        ("device.threads", args.threads.map(|n| n.to_string())),
        ("run.name", args.name.clone()),
    ];
    let given = options.into_iter().filter_map(|(key, value)| Some((key.to_string(), value?)));
    given.chain(args.changes.iter().cloned()).collect()
}

fn open_device(config: &Config, terminal: &Terminal) -> Result<OpenDevice, Failure> {
    set_threads(config.device.threads);
    let device = OpenDevice::open(config.device.name.parse()?)?;
    if device.is_software {
        let hardware = &device.hardware;
        terminal.warning(&format!("{hardware} emulates a GPU in software: fine for a test, slow for training"));
    }
    Ok(device)
}

/// Adds the commands that help if the run already exists.
fn explain(error: Error, config: &Config, runs: &Path) -> Failure {
    let exists = matches!(error, Error::RunExists { .. });
    let mut failure = Failure::from(error);
    if exists {
        let (program, name) = (program(), &config.run.name);
        let free = (2..).map(|n| format!("{name}-{n}")).find(|name| !runs.join(name).exists());
        failure.hints = vec![
            format!("{program} resume {}", runs.join(name).display()),
            format!("{program} train --name {}", free.expect("numbers do not end")),
        ];
    }
    failure
}

/// Adds the command that resumes the run after the failure.
fn resumable(error: Error, run: &RunFolder) -> Failure {
    let can_resume = matches!(error, Error::Disk { .. } | Error::Computation { .. } | Error::Data(_));
    let mut failure = Failure::from(error);
    if can_resume && run.has_begun() {
        failure.hints = vec![format!("{} resume {}", program(), run.path().display())];
    }
    failure
}
