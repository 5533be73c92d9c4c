//! `wordspace playground`

use std::process::ExitCode;

use serde_json::json;

use super::print_json;
use super::serve::open;
use crate::cli::args::PlaygroundArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::data::publish::publish_bytes;
use crate::serve::{is_page, playground};

pub fn run(args: PlaygroundArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let to = &args.to;
    if to.exists() && !is_page(to) {
        return Err(Failure::exists(to));
    }
    let page = playground();
    publish_bytes(to, page.as_bytes())?;
    match args.json {
        true => print_json(json!({"file": to, "bytes": page.len()})),
        false => println!("{}: {:.1} MB", to.display(), page.len() as f64 / 1e6),
    }
    terminal.hint("it trains in any browser with WebAssembly and needs no network; with #go behind its address it begins by itself");
    if args.open {
        let path = std::path::absolute(to).unwrap_or_else(|_| to.clone());
        open(&format!("file://{}", path.display()), terminal);
    }
    Ok(ExitCode::SUCCESS)
}
