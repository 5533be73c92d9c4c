//! Arguments of the commands about the live page.

use std::path::PathBuf;

use clap::Args;

use super::numbers::whole;

#[derive(Args)]
pub struct ServeArgs {
    /// A run, or a folder of runs [default: runs].
    #[arg(value_name = "RUN|DIR")]
    pub folder: Option<PathBuf>,
    /// The port on 127.0.0.1; 0 takes any free one [default: 5757, or a free one].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u16>)]
    pub port: Option<u16>,
    /// Open the page in a browser.
    #[arg(long)]
    pub open: bool,
}

/// The page beside a training run.
#[derive(Args, Clone, Copy, Default)]
pub struct PageArgs {
    /// Serve the run's live page while it trains, and afterwards until Ctrl-C.
    #[arg(long)]
    pub serve: bool,
    /// Open the page in a browser.
    #[arg(long, requires = "serve")]
    pub open: bool,
}

#[derive(Args)]
pub struct ReportArgs {
    /// The run's folder.
    pub run: PathBuf,
    /// The file to write; it must not exist yet [default: report.html in the run's folder].
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct PlaygroundArgs {
    /// The file to write; it must not exist yet, unless it is a page of wordspace.
    #[arg(long, value_name = "FILE", default_value = "wordspace.html")]
    pub to: PathBuf,
    /// Open it in a browser.
    #[arg(long)]
    pub open: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}
