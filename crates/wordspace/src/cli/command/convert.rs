//! `wordspace convert`

use std::ops::ControlFlow;
use std::process::ExitCode;

use serde_json::json;

use super::source::open;
use super::{print_json, program};
use crate::cli::args::ConvertArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal};
use crate::data::formats::{self, Format};
use crate::model::summary::thousands;

pub fn run(args: ConvertArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let format = args.to.or_else(|| Format::by_ending(&args.file)).ok_or_else(|| {
        let (file, names) = (args.file.display(), Format::WRITTEN.map(Format::name).join(", "));
        Failure::usage(format!("{file} has no ending that names a format; expected --to with one of {names}"))
    })?;
    let opened = open(&args.source, terminal)?;
    let bar = Bar::new(terminal, "writing vectors");
    let tell = |_, done, total| {
        bar.tell(done, total);
        ControlFlow::Continue(())
    };
    let written = formats::write(&args.file, format, &opened.vectors, opened.spellings.as_deref(), Some(&tell))?;
    drop(bar);
    if written.not_finite > 0 {
        let (name, rows) = (&opened.name, written.not_finite);
        terminal.warning(&format!("{name}: {rows} rows with NaN or infinity were written as they are"));
    }
    let (rows, dimension) = (opened.vectors.len(), opened.vectors.dimension());
    if args.json {
        print_json(json!({
            "source": opened.name,
            "format": format.name(),
            "rows": rows,
            "dimension": dimension,
            "bytes": written.bytes,
            "files": written.files,
        }));
    } else {
        let files: Vec<String> = written.files.iter().map(|file| file.display().to_string()).collect();
        println!(
            "{}: {} rows of {dimension} values, {format}, {} bytes",
            files.join(" and "),
            thousands(rows),
            thousands(written.bytes as usize)
        );
    }
    terminal.hint(&format!("to look at it: {} inspect {}", program(), args.file.display()));
    Ok(ExitCode::SUCCESS)
}
