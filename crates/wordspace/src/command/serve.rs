//! `wordspace serve`, and the page beside a training run.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use wordspace::explore::{Source, TableChoice};
use wordspace::serve::{Error, Server};

use super::interrupt::Interrupt;
use super::program;
use crate::args::{PageArgs, ServeArgs};
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Where runs are kept, unless another place is named.
pub const RUNS: &str = "runs";

pub fn run(args: ServeArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    let place = args.place.as_deref().unwrap_or(Path::new(RUNS));
    if args.place.is_some() && !place.is_dir() {
        return Err(no_such_place(place));
    }
    let interrupt = Interrupt::listen(*terminal);
    let server = Server::start(place, args.port).map_err(explain)?;
    println!("{}", server.url());
    if !place.exists() {
        terminal.hint(&format!("there are no runs in {} yet; this makes one: {} train", place.display(), program()));
    }
    terminal.hint("Ctrl-C ends it");
    if args.open {
        open(&server.url(), terminal);
    }
    interrupt.wait();
    Ok(ExitCode::SUCCESS)
}

/// Starts the page on the runs in `runs`, if it is asked for, before the run called `name` makes its first update there.
pub fn beside(runs: &Path, name: &str, args: PageArgs, terminal: &Terminal) -> Result<Option<Server>, Failure> {
    if !args.serve {
        return Ok(None);
    }
    let server = Server::start(runs, None)?;
    let url = format!("{}#run={}", server.url(), escaped(name));
    terminal.hint(&format!("page    {url}"));
    if args.open {
        open(&url, terminal);
    }
    Ok(Some(server))
}

/// `name` as it stands in an address: a byte that could mean something else there, as `%` and two digits.
fn escaped(name: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    name.bytes().map(letter).collect()
}

/// Lets the system show `url` in a browser.
fn open(url: &str, terminal: &Terminal) {
    let [program, arguments @ ..] = OPENER else { unreachable!("an opener is a program") };
    let mut opener = Command::new(program);
    opener.args(arguments).arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A Ctrl-C in the terminal is not for a browser that was begun from it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut opener, 0);
    if let Err(error) = opener.spawn() {
        terminal.warning(&format!("no browser could be opened ({program}: {error}); the page is at {url}"));
    }
}

/// What opens an address on this system.
#[cfg(target_os = "macos")]
const OPENER: &[&str] = &["open"];
#[cfg(windows)]
const OPENER: &[&str] = &["cmd", "/C", "start", ""];
#[cfg(not(any(target_os = "macos", windows)))]
const OPENER: &[&str] = &["xdg-open"];

/// Adds what helps where something else listens at a port.
fn explain(error: Error) -> Failure {
    let is_taken = matches!(error, Error::Port { .. });
    let failure = Failure::from(error);
    if is_taken { failure.with_hints(vec![format!("{} serve --port 0", program())]) } else { failure }
}

/// The failure about a folder that is not there, with what is near it.
fn no_such_place(place: &Path) -> Failure {
    let failure = match Source::parse(&place.to_string_lossy(), TableChoice::Token) {
        Err(error) => Failure::from(error),
        Ok(_) => Failure::data(format!("{} is no folder; expected a run or a folder of runs", place.display())),
    };
    failure.with_hints(vec![format!("{} serve", program()), format!("{} train", program())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_any_letters_can_stand_in_an_address() {
        assert_eq!(escaped("toy-2_b"), "toy-2_b");
        assert_eq!(escaped("a b&c#d%.é"), "a%20b%26c%23d%25%2E%C3%A9");
    }
}
