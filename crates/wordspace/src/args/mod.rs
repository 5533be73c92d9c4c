//! What can be asked on the command line.

mod page;
mod vectors;

use std::path::PathBuf;

use clap::{Args as ClapArgs, ColorChoice, Parser, Subcommand};
use wordspace::bench::Work;

pub use page::*;
pub use vectors::*;

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 bad data, 4 device, 5 disk, \
6 run folder locked or there already, 130 interrupted (after a checkpoint).";

/// Trains token and position embeddings from random numbers, and lets you watch words find each other.
///
/// Without a command it trains the built-in toy run: `wordspace train`.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES, propagate_version = true)]
pub struct Args {
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Say nothing but the result.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Train a model; without arguments, the toy run.
    Train(TrainArgs),
    /// Go on with a run from its newest whole checkpoint.
    Resume(ResumeArgs),
    /// Show runs on a page, while they train and afterwards.
    Serve(ServeArgs),
    /// Keep a run's page as one file that opens anywhere.
    Report(ReportArgs),
    /// Show the tokens of a text.
    Tokens(TokensArgs),
    /// Show a text as a model first sees it: each token's vector, its position's, and their sum.
    Embed(EmbedArgs),
    /// Let a model go on with a text.
    Generate(GenerateArgs),
    /// Show what a model, a run or a vector file holds.
    Inspect(InspectArgs),
    /// Show the words nearest to a word, or to several.
    Neighbors(NeighborsArgs),
    /// Show how near two words are, and how near random ones.
    Similarity(SimilarityArgs),
    /// Show what completes a comparison: A is to B as C is to what?
    Analogy(AnalogyArgs),
    /// Draw words as points on a page.
    Project(ProjectArgs),
    /// Hold vectors against what people say of words.
    Evaluate(EvaluateArgs),
    /// Write vectors as a file of another format.
    Convert(ConvertArgs),
    /// Write a run's model as a Hugging Face GPT-2 folder.
    Export(ExportArgs),
    /// Measure how fast each device does the work, beside what this machine can copy.
    Bench(BenchArgs),
    /// Show which devices are there, and which one `auto` takes.
    Devices(DevicesArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

#[derive(ClapArgs, Default)]
pub struct TrainArgs {
    /// The run's configuration; see configs/ for presets. Without one, the toy run.
    pub config: Option<PathBuf>,
    /// The text to train on, UTF-8 [default: the configuration's].
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// How text becomes tokens: word, char, bpe:SIZE, gpt2 or the path of a tokenizer.json.
    #[arg(long, value_name = "TOKENIZER")]
    pub tokenizer: Option<String>,
    /// What to train on: auto, flex, ndarray, wgpu, vulkan, metal, cuda[:N] or rocm.
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// How many updates; a shorter run warms up for a shorter time.
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    /// Where all random numbers begin.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Threads of the processor; 0 takes all.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// What to call the run.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Where runs are kept [default: runs].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Change any key of the configuration, such as train.learning_rate=0.001.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub changes: Vec<(String, String)>,
    #[command(flatten)]
    pub page: PageArgs,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct ResumeArgs {
    /// The run's folder.
    pub run: PathBuf,
    /// Train up to this many updates instead of as many as were planned.
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    #[command(flatten)]
    pub page: PageArgs,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct TokensArgs {
    /// The text.
    pub text: String,
    /// gpt2, the path of a tokenizer.json, or a folder that has one, such as a run's.
    #[arg(long, value_name = "TOKENIZER", default_value = "gpt2")]
    pub tokenizer: String,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct GenerateArgs {
    /// A run's folder (RUN@STEP for an earlier checkpoint, RUN@0 for the untrained model), a GPT-2 folder, or gpt2.
    pub source: PathBuf,
    /// The text to go on with.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub prompt: String,
    /// How many tokens at most; fewer if the model ends the text.
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub tokens: usize,
    /// How daring: 0 always takes the likeliest token, 1 takes the model at its word.
    #[arg(long, value_name = "X", default_value_t = 1.0, allow_negative_numbers = true)]
    pub temperature: f64,
    /// How many of the likeliest tokens have a chance [default: all].
    #[arg(long, value_name = "N")]
    pub top_k: Option<usize>,
    /// Where the random numbers begin: the same seed gives the same text.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// What to compute on: auto, flex, ndarray, wgpu, vulkan, metal, cuda[:N] or rocm.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: String,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct ExportArgs {
    /// The run's folder; RUN@STEP for an earlier checkpoint.
    pub run: PathBuf,
    /// The folder to write; it must not be there yet.
    pub to: PathBuf,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct BenchArgs {
    /// The devices to measure, parted by commas [default: all but imitations].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub device: Vec<String>,
    /// The work to measure, parted by commas: lookup, embed, gradient, update, head or step [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub only: Vec<Work>,
    /// Fewer cases for a shorter time: 20 seconds instead of two minutes.
    #[arg(long)]
    pub quick: bool,
    /// Say what became faster or slower since FILE, an earlier --json; with two files, from the first to the second.
    #[arg(long, value_name = "FILE", num_args = 1..=2)]
    pub compare: Vec<PathBuf>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct DevicesArgs {
    /// Let each device compute a tiny GPT-2 and compare its numbers with PyTorch's.
    #[arg(long)]
    pub check: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct CompletionsArgs {
    /// Which shell.
    pub shell: clap_complete::Shell,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(key, value)| (key.trim().to_string(), value.trim().to_string()));
    parts.ok_or_else(|| format!("expected KEY=VALUE, such as train.steps=100, found {text:?}"))
}
