//! `wordspace convert`

use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::source::{parse, read};
use super::{print_json, program};
use crate::cli::args::ConvertArgs;
use crate::cli::failure::Failure;
use crate::cli::terminal::{Bar, Terminal};
use crate::data::formats::{Format, Written};
use crate::explore::embed::TextSplitter;
use crate::explore::{Opened, OutputFormat, Source};
use crate::model::summary::thousands;

pub fn run(args: ConvertArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let format = args.to.or_else(|| Format::by_ending(&args.file).map(OutputFormat::File)).ok_or_else(|| {
        let (file, names) = (args.file.display(), OutputFormat::names());
        Failure::usage(format!("{file} has no ending that names a format; expected --to with one of {names}"))
    })?;
    let source = parse(&args.source)?;
    let opened = read(&source, args.source.limit, args.source.strict, terminal)?;
    let written = write(&args.file, format, &source, &opened, terminal)?;
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
        let (files, kind) = match format {
            OutputFormat::File(kind) => (files.join(" and "), kind.to_string()),
            OutputFormat::StaticEmbedding => (args.file.display().to_string(), "static embedding".into()),
        };
        let (rows, bytes) = (thousands(rows), thousands(written.bytes as usize));
        println!("{files}: {rows} rows of {dimension} values, {kind}, {bytes} bytes");
    }
    let file = args.file.display();
    terminal.hint(&match format {
        OutputFormat::File(_) => format!("to look at it: {} inspect {file}", program()),
        OutputFormat::StaticEmbedding => format!(
            "in Python: SentenceTransformer({:?}), or model2vec's StaticModel.from_pretrained({:?})",
            file.to_string(),
            file.to_string()
        ),
    });
    Ok(ExitCode::SUCCESS)
}

fn write(
    to: &Path,
    format: OutputFormat,
    source: &Source,
    opened: &Opened,
    terminal: &Terminal,
) -> Result<Written, Failure> {
    let bar = Bar::new(terminal, "writing vectors");
    let tell = |_, done, total| {
        bar.tell(done, total);
        ControlFlow::Continue(())
    };
    let splitter = || TextSplitter::of(source, opened);
    let spellings = opened.spellings.as_deref();
    Ok(format.write(to, &opened.vectors, spellings, splitter, &opened.name, Some(&tell))?)
}
