//! `wordspace train` and `wordspace resume`

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use wordspace::data::publish::publish_bytes;
use wordspace::learn::Ending;
use wordspace::learn::config::Config;
use wordspace::serve::Server;
use wordspace::train::checkpoint::Checkpoints;
use wordspace::train::device::{OpenDevice, set_threads};
use wordspace::train::{Error, RunFolder, open_config, run};

use super::interrupt::Interrupt;
use super::{in_shell, print_json, program, serve};
use crate::args::{ResumeArgs, TrainArgs};
use crate::failure::{Failure, INTERRUPTED};
use crate::picture::meeting::meeting;
use crate::terminal::{Progress, Terminal, report, to_json};

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
    // What can fail for want of a device or a text fails before anything is written.
    let device = open_device(&config, terminal)?;
    if !config.is_toy() {
        wordspace::data::Text::open(config.data.text.as_ref())?;
    }
    let runs = args.out.clone().unwrap_or_else(|| serve::RUNS.into());
    let folder = RunFolder::create(&runs, &config).map_err(|error| explain(error, &config, &runs))?;
    // The folder comes first: the page finds the run in it, and none is opened for a run that cannot begin.
    let done = serve::beside(&runs, &config.run.name, args.page, terminal)
        .and_then(|page| Ok((page, go(&folder, &config, &device, &interrupt, args.json, terminal)?)));
    // Whatever was wrong with the text or the sizes, the name is free for another try.
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
    // The folder is there, so that both its own name and its parent's can be had however it was named.
    let whole = folder.path().canonicalize().map_err(|source| Error::disk(folder.path(), source))?;
    let (runs, name) = (whole.parent().unwrap_or(&whole), whole.file_name().unwrap_or_default());
    let page = serve::beside(runs, &name.to_string_lossy(), args.page, terminal)?;
    let done = go(&folder, &config, &device, &interrupt, args.json, terminal);
    drop(folder);
    keep_serving(page, done?, &interrupt, terminal)
}

/// Lets the page, if there is one, stay until Ctrl-C after a run that came to `code`. The run's lock must be free by now, so
/// that the page sees it ended.
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

fn go(
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

/// What the options change in the configuration; `--set` comes last and so wins.
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
        terminal.warning(&format!("{hardware} is a software-emulated GPU: right for a test, slow for training"));
    }
    Ok(device)
}

/// Adds the commands that help when a run is there already.
fn explain(error: Error, config: &Config, runs: &Path) -> Failure {
    let is_there = matches!(error, Error::RunExists { .. });
    let mut failure = Failure::from(error);
    if is_there {
        let (program, name) = (program(), &config.run.name);
        let free = (2..).map(|n| format!("{name}-{n}")).find(|name| !runs.join(name).exists());
        failure.hints = vec![
            format!("{program} resume {}", runs.join(name).display()),
            format!("{program} train --name {}", free.expect("one of all numbers is free")),
        ];
    }
    failure
}

/// Adds how to go on to what stopped a run.
fn resumable(error: Error, run: &RunFolder) -> Failure {
    let can_go_on = matches!(error, Error::Disk { .. } | Error::Computation { .. } | Error::Data(_));
    let mut failure = Failure::from(error);
    if can_go_on && run.has_begun() {
        failure.hints = vec![format!("{} resume {}", program(), run.path().display())];
    }
    failure
}
