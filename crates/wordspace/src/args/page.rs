//! What can be asked of the page.

use std::path::PathBuf;

use clap::Args;

#[derive(Args)]
pub struct ServeArgs {
    /// A run's folder, or the folder where runs are kept [default: runs].
    #[arg(value_name = "RUN|DIR")]
    pub place: Option<PathBuf>,
    /// Where to listen, on this machine alone; 0 takes any port that is free [default: 5757, or a free one].
    #[arg(long, value_name = "N")]
    pub port: Option<u16>,
    /// Show the page in a browser.
    #[arg(long)]
    pub open: bool,
}

/// The page beside a training run.
#[derive(Args, Clone, Copy, Default)]
pub struct PageArgs {
    /// Show the run on a page, while it trains and afterwards until Ctrl-C.
    #[arg(long)]
    pub serve: bool,
    /// Show the page in a browser.
    #[arg(long, requires = "serve")]
    pub open: bool,
}

#[derive(Args)]
pub struct ReportArgs {
    /// The run's folder.
    pub run: PathBuf,
    /// The file to write, which must not be there yet [default: report.html in the run's folder].
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}
