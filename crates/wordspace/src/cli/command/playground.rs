//! `wordspace playground`

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;

use super::print_json;
use super::serve::{open, percent_encoded};
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
    terminal.hint(
        "it trains in any browser with WebAssembly, without a network; with #go behind its address it begins by itself",
    );
    if args.open {
        open(&file_url(to), terminal);
    }
    Ok(ExitCode::SUCCESS)
}

/// The address at which a browser finds the file at `path`.
fn file_url(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let path = path.display().to_string();
    let path = if cfg!(windows) { format!("/{}", path.replace('\\', "/")) } else { path };
    format!("file://{}", percent_encoded(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn the_address_of_a_file_is_percent_encoded() {
        assert_eq!(file_url(Path::new("/my site/50 %#.html")), "file:///my%20site/50%20%25%23%2Ehtml");
    }
}
