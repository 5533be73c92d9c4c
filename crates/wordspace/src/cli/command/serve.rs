//! `wordspace serve`, and the live page beside a training run.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use super::interrupt::Interrupt;
use super::program;
use crate::cli::args::{PageArgs, ServeArgs};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::data::RunFiles;
use crate::explore::{Source, TableChoice};
use crate::serve::{Error, Server};

/// The default folder of runs.
pub const RUNS: &str = "runs";

pub fn run(args: ServeArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let folder = args.folder.as_deref().unwrap_or(Path::new(RUNS));
    if args.folder.is_some() && !folder.is_dir() {
        return Err(no_such_folder(folder));
    }
    let interrupt = Interrupt::listen(*terminal);
    let server = Server::start(folder, args.port).map_err(explain)?;
    println!("{}", server.url());
    if !holds_runs(folder) {
        terminal.hint(&format!("there are no runs in {} yet; to make one: {} train", folder.display(), program()));
        terminal.hint(&format!("or train one in the browser: {}playground", server.url()));
    }
    terminal.hint("press Ctrl-C to stop");
    if args.open {
        open(&server.url(), terminal);
    }
    interrupt.wait();
    Ok(ExitCode::SUCCESS)
}

/// Whether `folder` is a run or has one in it.
fn holds_runs(folder: &Path) -> bool {
    let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    RunFiles::are_in(folder) || entries.any(|entry| RunFiles::are_in(&entry.path()))
}

/// Starts the page on the runs in `runs`, if `args` ask for it, and prints the address of the run called `name`.
pub fn beside(runs: &Path, name: &str, args: PageArgs, terminal: &Terminal) -> Result<Option<Server>, Failure> {
    if !args.serve {
        return Ok(None);
    }
    let server = Server::start(runs, None)?;
    let url = format!("{}#run={}", server.url(), percent_encoded(name));
    terminal.hint(&format!("page    {url}"));
    if args.open {
        open(&url, terminal);
    }
    Ok(Some(server))
}

/// `text` percent-encoded for the path or the fragment of a URL.
pub fn percent_encoded(text: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'/' | b':' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(letter).collect()
}

/// Opens `url` in the system's browser.
pub fn open(url: &str, terminal: &Terminal) {
    let [program, arguments @ ..] = OPENER else { unreachable!("OPENER is not empty") };
    let mut opener = Command::new(program);
    opener.args(arguments).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // In a process group of its own, the browser does not get the terminal's Ctrl-C.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut opener, 0);
    if let Err(error) = opener.spawn() {
        terminal.warning(&format!("could not open a browser ({program}: {error}); the page is at {url}"));
    }
}

/// The program that opens a URL on this system.
#[cfg(target_os = "macos")]
const OPENER: &[&str] = &["open"];
#[cfg(windows)]
const OPENER: &[&str] = &["cmd", "/C", "start", ""];
#[cfg(not(any(target_os = "macos", windows)))]
const OPENER: &[&str] = &["xdg-open"];

/// Adds the command that helps if the port is taken.
fn explain(error: Error) -> Failure {
    let is_taken = matches!(error, Error::Port { .. });
    let failure = Failure::from(error);
    if is_taken { failure.with_hints(vec![format!("{} serve --port 0", program())]) } else { failure }
}

/// The failure about a folder that does not exist.
fn no_such_folder(folder: &Path) -> Failure {
    let failure = match Source::parse(&folder.to_string_lossy(), TableChoice::Token) {
        Err(error) => Failure::from(error),
        Ok(_) => Failure::data(format!("{} is not a folder; expected a run or a folder of runs", folder.display())),
    };
    failure.with_hints(vec![format!("{} serve", program()), format!("{} train", program())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_characters_is_encoded() {
        assert_eq!(percent_encoded("toy-2_b"), "toy-2_b");
        assert_eq!(percent_encoded("a b&c#d%.é"), "a%20b%26c%23d%25%2E%C3%A9");
    }
}
