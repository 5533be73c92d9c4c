//! `wordspace man`

use std::process::ExitCode;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use serde_json::json;

use super::print_json;
use crate::cli::args::{Args, ManArgs};
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;
use crate::data::publish::{create_folder, publish_bytes};

pub fn run(args: ManArgs, terminal: &Terminal) -> Result<ExitCode, Failure> {
    create_folder(&args.to)?;
    let mut root = Args::command().disable_help_subcommand(true);
    // Gives subcommands their full names, such as `wordspace-train`.
    root.build();
    let mut files = Vec::new();
    for command in std::iter::once(&root).chain(root.get_subcommands()) {
        let (name, page) = page(command);
        publish_bytes(&args.to.join(&name), &page)?;
        files.push(name);
    }
    match args.json {
        true => print_json(json!({ "folder": args.to, "files": files })),
        false => files.iter().for_each(|file| println!("{}", args.to.join(file).display())),
    }
    terminal.hint(&format!("to read one: man {}", args.to.join("wordspace.1").display()));
    Ok(ExitCode::SUCCESS)
}

/// The file name and the content of the page of `command`.
fn page(command: &Command) -> (String, Vec<u8>) {
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render(&mut page).expect("writing to memory cannot fail");
    (man.get_filename(), page)
}
