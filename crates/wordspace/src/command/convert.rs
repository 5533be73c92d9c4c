//! `wordspace convert`

use std::ops::ControlFlow;
use std::process::ExitCode;

use serde_json::json;
use wordspace::data::formats::{self, Format};
use wordspace::model::summary::thousands;

use super::source::open;
use super::{print_json, program};
use crate::args::ConvertArgs;
use crate::failure::Failure;
use crate::terminal::{Bar, Terminal};

pub fn run(args: ConvertArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let format = args.to.or_else(|| Format::by_ending(&args.file)).ok_or_else(|| {
        let (file, names) = (args.file.display(), Format::ALL.map(Format::name).join(", "));
        Failure::usage(format!("{file}: its ending names no format; add --to with one of {names}"))
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
            "{}: {} rows of {dimension} numbers, {format}, {} bytes",
            files.join(" and "),
            thousands(rows),
            thousands(written.bytes as usize)
        );
    }
    terminal.hint(&format!("look at it: {} inspect {}", program(), args.file.display()));
    Ok(ExitCode::SUCCESS)
}
