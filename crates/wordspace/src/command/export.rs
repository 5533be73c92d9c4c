//! `wordspace export`

use std::process::ExitCode;

use serde_json::json;
use wordspace::train::huggingface::export;

use super::print_json;
use crate::args::ExportArgs;
use crate::failure::Failure;
use crate::terminal::Terminal;

pub fn run(args: ExportArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let files = export(&args.run, &args.to)?;
    match args.json {
        true => print_json(json!({ "folder": args.to, "files": files })),
        false => files.iter().for_each(|file| println!("{}", args.to.join(file).display())),
    }
    let folder = args.to.display();
    terminal.hint(&format!("in Python: AutoModelForCausalLM.from_pretrained({folder:?}), or read {folder}/README.md"));
    Ok(ExitCode::SUCCESS)
}
