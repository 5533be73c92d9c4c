//! `wordspace export`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::print_json;
use crate::cli::args::ExportArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::train::huggingface::export;

pub fn run(args: ExportArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let (run, step) = run_and_step(&args.run)?;
    let files = export(&run, step, &args.to)?;
    match args.json {
        true => print_json(json!({ "folder": args.to, "files": files })),
        false => files.iter().for_each(|file| println!("{}", args.to.join(file).display())),
    }
    let folder = args.to.display();
    terminal.hint(&format!("in Python: AutoModelForCausalLM.from_pretrained({folder:?}), or read {folder}/README.md"));
    Ok(ExitCode::SUCCESS)
}

/// Splits `runs/toy@500` into the run `runs/toy` and step 500. Names of runs have no @.
pub fn run_and_step(source: &Path) -> Result<(PathBuf, Option<u64>), Failure> {
    let text = source.to_string_lossy();
    match text.rsplit_once('@') {
        Some((run, step)) if !source.exists() => match step.parse() {
            Ok(step) => Ok((run.into(), Some(step))),
            Err(_) => Err(Failure::usage(format!("{text}: expected a step number after the @, found {step:?}"))),
        },
        _ => Ok((source.to_path_buf(), None)),
    }
}
