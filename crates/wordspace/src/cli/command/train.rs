//! `wordspace train` and `wordspace resume`

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use super::interrupt::Interrupt;
use super::{in_shell, print_json, program, serve};
use crate::cli::args::{ResumeArgs, TrainArgs};
use crate::cli::failure::{Failure, INTERRUPTED};
use crate::cli::terminal::{Neighbours, Progress, Terminal, report, to_json};
use crate::data::publish::publish_bytes;
use crate::learn::Ending;
use crate::learn::config::Config;
use crate::picture::meeting::{meeting, nearest};
use crate::serve::Server;
use crate::train::device::{OpenDevice, set_threads};
use crate::train::{Error, Outcome, RunFolder, open_config, run};

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
    // Before anything is written: it may fail.
    let device = open_device(&config, terminal)?;
    let runs = args.out.clone().unwrap_or_else(|| serve::RUNS.into());
    let begun = RunFolder::begin(&runs, &config, &device, args.overwrite);
    let (folder, aside) = begun.map_err(|error| explain(error, &config, &runs))?;
    if let Some(aside) = aside {
        let reason = if args.overwrite { "" } else { ": it had no checkpoint" };
        terminal.hint(&format!("moved   {} to {}{reason}", folder.path().display(), aside.display()));
    }
    // The page starts after the folder exists, so that it finds the run, and not at all if the run cannot start.
    let done = serve::beside(&runs, &config.run.name, args.page, terminal)
        .and_then(|page| Ok((page, train_run(&folder, &config, &device, &interrupt, args.json, terminal)?)));
    match done.is_err() {
        true => folder.discard_unless_begun(),
        false => drop(folder),
    }
    let (page, code) = done?;
    keep_serving(page, code, &interrupt, terminal)
}

pub fn resume(args: ResumeArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::listen(*terminal);
    let (folder, mut config) = RunFolder::open(&args.run, &args.changes)?;
    if args.from_scratch
        && let Some(aside) = folder.begin_again()?
    {
        terminal.hint(&format!("moved   its earlier results to {}", aside.display()));
    }
    let is_changed = args.steps.is_some() || args.more.is_some() || !args.changes.is_empty();
    if is_changed {
        config.train.steps = total_steps(&args, &folder, &config)?;
        config.validate()?;
    }
    let device = open_device(&config, terminal)?;
    if is_changed {
        folder.save_config(&config)?;
    }
    // The canonical path has a name and a parent, however the argument was written.
    let full = folder.path().canonicalize().map_err(|source| Error::disk(folder.path(), source))?;
    let (runs, name) = (full.parent().unwrap_or(&full), full.file_name().unwrap_or_default());
    let page = serve::beside(runs, &name.to_string_lossy(), args.page, terminal)?;
    let done = train_run(&folder, &config, &device, &interrupt, args.json, terminal);
    drop(folder);
    keep_serving(page, done?, &interrupt, terminal)
}

/// The number of steps that a resumed run is to have in total.
fn total_steps(args: &ResumeArgs, folder: &RunFolder, config: &Config) -> Result<u64, Failure> {
    let newest = folder.newest_checkpoint().map_err(|error| resumable(error, folder, config))?.0;
    let made = newest.map_or(0, |checkpoint| checkpoint.state.step);
    let steps = match args.more {
        Some(more) => made.saturating_add(more),
        None => args.steps.unwrap_or(config.train.steps),
    };
    if steps < made {
        let run = args.run.display();
        return Err(Failure::usage(format!("{run} has made {made} steps already; --steps must be at least that")));
    }
    Ok(steps)
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
    let outcome = outcome.map_err(|error| resumable(error, folder, config))?;
    let neighbours = neighbours(folder.path(), &outcome);
    match json {
        true => print_json(to_json(folder.path(), &outcome, neighbours.as_ref())),
        false => print!("{}", report(folder.path(), &outcome, neighbours.as_ref())),
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

/// The neighbours of the first watched word before and after training, if the run has saved both tables.
fn neighbours(run: &Path, outcome: &Outcome) -> Option<Neighbours> {
    let word = outcome.measurement.pairs.first()?.a.clone();
    let at = |step| nearest(run, step, &word).ok().filter(|words| !words.is_empty());
    Some(Neighbours { before: at(0)?, after: at(outcome.measurement.step)?, word })
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
    set_threads(config.device.threads)?;
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
            format!("{program} train --name {name} --overwrite"),
        ];
    }
    failure
}

/// Adds the command that continues the run after the failure.
fn resumable(error: Error, run: &RunFolder, config: &Config) -> Failure {
    let options = match &error {
        Error::Disk { .. } | Error::Computation { .. } | Error::Data(_) => Some(String::new()),
        Error::CheckpointsLost { .. } => Some(" --from-scratch".into()),
        Error::Diverged { .. } => Some(with_smaller_rate(config)),
        _ => None,
    };
    let mut failure = Failure::from(error);
    if let Some(options) = options.filter(|_| run.has_begun()) {
        failure.hints = vec![format!("{} resume {}{options}", program(), run.path().display())];
    }
    failure
}

/// The options that resume a run with a tenth of its learning rate.
fn with_smaller_rate(config: &Config) -> String {
    let rate = config.train.learning_rate / 10.0;
    let option = |key: &str, value: f64| format!(" --set train.{key}={value:.0e}");
    let lowest = (config.train.min_learning_rate > rate).then(|| option("min_learning_rate", rate / 10.0));
    option("learning_rate", rate) + &lowest.unwrap_or_default()
}
