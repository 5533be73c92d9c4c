//! `wordspace licences`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::print_json;
use crate::cli::args::LicencesArgs;
use crate::cli::failure::Failure;

/// Written by `scripts/licences.py`.
const NOTICES: &str = include_str!("../../../licences.json");

/// The licence notices of everything in the program.
#[derive(Deserialize, Serialize)]
struct Notices {
    packages: Vec<Package>,
    /// The licence texts by name. Several packages share one.
    texts: BTreeMap<String, String>,
}

#[derive(Deserialize, Serialize)]
struct Package {
    name: String,
    /// Empty for parts that have none of their own, such as a font.
    version: String,
    /// The SPDX expression that the package states.
    licence: String,
    /// Where the source code is, or empty.
    source: String,
    copyright: Vec<String>,
    /// Names of its licence texts.
    texts: Vec<String>,
}

pub fn run(args: LicencesArgs) -> Result<ExitCode, Failure> {
    let notices: Notices = serde_json::from_str(NOTICES).expect("scripts/licences.py writes this form");
    match args.json {
        true => print_json(json!(notices)),
        false => print!("{}", text(&notices)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Each licence text, after the packages it covers and their copyright lines.
fn text(notices: &Notices) -> String {
    let mut text = format!("Licences of the {} packages and parts in this program.\n", notices.packages.len());
    for (name, licence) in &notices.texts {
        let kind = name.split('#').next().unwrap_or(name);
        write!(text, "\n{}\n{kind}\n\n", "=".repeat(80)).expect("writing to a string cannot fail");
        for package in notices.packages.iter().filter(|package| package.texts.contains(name)) {
            let Package { name, version, source, copyright, .. } = package;
            let line = format!("{name} {version} {source}").split_whitespace().collect::<Vec<_>>().join(" ");
            writeln!(text, "{line}\n    {}", copyright.join("\n    ")).expect("writing to a string cannot fail");
        }
        write!(text, "\n{licence}\n").expect("writing to a string cannot fail");
    }
    text
}
