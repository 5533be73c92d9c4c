//! `wordspace report`

use std::process::ExitCode;

use serde_json::json;

use super::print_json;
use crate::cli::args::ReportArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::data::publish::publish_bytes;
use crate::serve::{Contents, is_page, report};

pub fn run(args: ReportArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    // A report in the run's folder may be replaced; any other file of that name may not.
    let own = args.run.join("report.html");
    let to = args.to.as_ref().unwrap_or(&own);
    if to.exists() && (args.to.is_some() || !is_page(to)) {
        return Err(Failure::exists(to));
    }
    let (page, contents) = report(&args.run)?;
    publish_bytes(to, page.as_bytes())?;
    let Contents { words, all_words, frames, all_frames } = contents;
    match args.json {
        true => print_json(json!({
            "file": to, "bytes": page.len(), "words": words, "all_words": all_words, "frames": frames, "all_frames": all_frames,
        })),
        false => println!(
            "{}: {words} of {all_words} words, {frames} of {all_frames} frames, {:.1} MB",
            to.display(),
            page.len() as f64 / 1e6
        ),
    }
    terminal.hint("it opens in any browser and needs no network");
    Ok(ExitCode::SUCCESS)
}
