//! The command line's arguments. Doc comments here are the help texts.

mod examples;
mod numbers;
mod page;
mod vectors;

use std::path::PathBuf;

use clap::{Args as ClapArgs, ColorChoice, Parser, Subcommand};

use numbers::{from_one, positive, whole};

use crate::bench::Work;

pub use page::*;
pub use vectors::*;

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 bad data, 4 device, 5 disk, \
6 run folder locked or already there, 130 interrupted (after a checkpoint).";

/// Trains token and position embeddings from scratch and shows how similar words find each other.
///
/// Without a command it trains the built-in toy run: `wordspace train`.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES, propagate_version = true)]
pub struct Args {
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub color: ColorChoice,
    /// Print only the result.
    #[arg(long, short, global = true)]
    pub quiet: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Train a model; without arguments, the built-in toy run.
    #[command(after_help = examples::TRAIN)]
    Train(TrainArgs),
    /// Resume a run from its newest valid checkpoint.
    #[command(after_help = examples::RESUME)]
    Resume(ResumeArgs),
    /// Serve the live page of runs, while they train and afterwards.
    #[command(after_help = examples::SERVE)]
    Serve(ServeArgs),
    /// Write a run's page as one self-contained HTML file.
    #[command(after_help = examples::REPORT)]
    Report(ReportArgs),
    /// Write the playground: one HTML file that trains in the browser.
    #[command(after_help = examples::PLAYGROUND)]
    Playground(PlaygroundArgs),
    /// Show the tokens of a text.
    #[command(after_help = examples::TOKENS)]
    Tokens(TokensArgs),
    /// Show the input vectors of a text: each token's vector, its position's vector, and their sum.
    #[command(after_help = examples::EMBED)]
    Embed(EmbedArgs),
    /// Continue a text with a model.
    #[command(after_help = examples::GENERATE)]
    Generate(GenerateArgs),
    /// Show what a run, a model or a vector file contains.
    #[command(after_help = examples::INSPECT)]
    Inspect(InspectArgs),
    /// Show the words most similar to one word, or to the mean of several.
    #[command(visible_alias = "neighbours", after_help = examples::NEIGHBORS)]
    Neighbors(NeighborsArgs),
    /// Show how similar two words are, compared with random pairs.
    #[command(after_help = examples::SIMILARITY)]
    Similarity(SimilarityArgs),
    /// Complete an analogy: A is to B as C is to what?
    #[command(after_help = examples::ANALOGY)]
    Analogy(AnalogyArgs),
    /// Show which of several words does not belong with the others.
    #[command(after_help = examples::ODD_ONE_OUT)]
    OddOneOut(OddOneOutArgs),
    /// Draw words as points in two or three dimensions.
    #[command(after_help = examples::PROJECT)]
    Project(ProjectArgs),
    /// Score vectors on word similarity, analogies and categories.
    #[command(after_help = examples::EVALUATE)]
    Evaluate(EvaluateArgs),
    /// Convert vectors to another file format.
    #[command(after_help = examples::CONVERT)]
    Convert(ConvertArgs),
    /// Export a run's model as a Hugging Face GPT-2 folder.
    #[command(after_help = examples::EXPORT)]
    Export(ExportArgs),
    /// Measure how fast each device does the work of training.
    #[command(after_help = examples::BENCH)]
    Bench(BenchArgs),
    /// List the devices, and the one that `auto` chooses.
    #[command(after_help = examples::DEVICES)]
    Devices(DevicesArgs),
    /// Print the completion script of a shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions(CompletionsArgs),
    /// Write the manual pages of all commands.
    #[command(after_help = examples::MAN)]
    Man(ManArgs),
    /// Print the licence notices of everything in this program.
    Licences(LicencesArgs),
}

#[derive(ClapArgs, Default)]
pub struct TrainArgs {
    /// The configuration file; configs/ has presets [default: the toy run].
    pub config: Option<PathBuf>,
    /// The training text, in UTF-8 [default: the configuration's].
    #[arg(long, value_name = "FILE")]
    pub text: Option<PathBuf>,
    /// The tokenizer: word, char, bpe:SIZE, gpt2, or the path of a tokenizer.json.
    #[arg(long, value_name = "TOKENIZER")]
    pub tokenizer: Option<String>,
    /// The device: auto, flex, ndarray, wgpu, vulkan, metal, cuda[:N] or rocm.
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<String>,
    /// The number of training steps; warmup is scaled with it.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u64>)]
    pub steps: Option<u64>,
    /// The seed of all random numbers.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u64>)]
    pub seed: Option<u64>,
    /// CPU threads; 0 uses all.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub threads: Option<usize>,
    /// The name of the run.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The folder that runs are written to [default: runs].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// If there is a run of this name, move it aside, to a name with the date.
    #[arg(long)]
    pub overwrite: bool,
    /// Set a key of the configuration, such as train.learning_rate=0.001; may be repeated.
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
    /// The total number of steps, if it is not to be the planned one.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole::<u64>)]
    pub steps: Option<u64>,
    /// Train N steps more than the run has made.
    #[arg(long, value_name = "N", conflicts_with = "steps", allow_negative_numbers = true, value_parser = whole::<u64>)]
    pub more: Option<u64>,
    /// Set a key of the configuration, such as train.learning_rate=0.001; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    pub changes: Vec<(String, String)>,
    /// Move the results of training aside, within the run's folder, and begin again at the first step.
    #[arg(long)]
    pub from_scratch: bool,
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
    /// gpt2, the path of a tokenizer.json, or a folder that has one, such as a run.
    #[arg(long, value_name = "TOKENIZER", default_value = "gpt2")]
    pub tokenizer: String,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct GenerateArgs {
    /// A run (RUN@STEP for an earlier checkpoint, RUN@0 for the untrained model), a GPT-2 folder, or gpt2.
    pub source: PathBuf,
    /// The text to continue.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub prompt: String,
    /// The number of tokens to generate; fewer if the model ends the text.
    #[arg(long, value_name = "N", default_value_t = 50, allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub tokens: usize,
    /// Sampling temperature: 0 always takes the most likely token, 1 samples from the model's own distribution.
    #[arg(long, value_name = "X", default_value_t = 1.0, allow_negative_numbers = true, value_parser = positive)]
    pub temperature: f64,
    /// Sample only among the N most likely tokens [default: all].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = from_one::<usize>)]
    pub top_k: Option<usize>,
    /// The random seed; the same seed gives the same text.
    #[arg(long, value_name = "N", default_value_t = 42, allow_negative_numbers = true, value_parser = whole::<u64>)]
    pub seed: u64,
    /// The device: auto, flex, ndarray, wgpu, vulkan, metal, cuda[:N] or rocm.
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
    /// The folder to write; it must not exist yet.
    pub to: PathBuf,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct BenchArgs {
    /// The devices to measure, comma-separated [default: all but software-emulated GPUs].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub device: Vec<String>,
    /// The work to measure, comma-separated: lookup, embed, gradient, update, table, rows, head or step [default: all].
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub only: Vec<Work>,
    /// Measure fewer cases, for 20 seconds instead of two minutes.
    #[arg(long)]
    pub quick: bool,
    /// Compare with FILE, an earlier --json result; given two files, compare the first with the second.
    #[arg(long, value_name = "FILE", num_args = 1..=2)]
    pub compare: Vec<PathBuf>,
    /// Take N samples of each row [default: as many as fit into its time].
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = from_one::<u32>)]
    pub runs: Option<u32>,
    /// Do the work N times before the first sample.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true, value_parser = from_one::<u32>)]
    pub warmup: u32,
    /// Write the table as Markdown too; FILE must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub export_markdown: Option<PathBuf>,
    /// Write the rows as CSV too; FILE must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub export_csv: Option<PathBuf>,
    /// Write what --json prints too; FILE must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub export_json: Option<PathBuf>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct DevicesArgs {
    /// Compute a tiny GPT-2 on each device and compare the results with PyTorch's.
    #[arg(long)]
    pub check: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: clap_complete::Shell,
}

#[derive(ClapArgs)]
pub struct ManArgs {
    /// The folder to write to, such as ~/.local/share/man/man1; older pages are replaced.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct LicencesArgs {
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(key, value)| (key.trim().to_string(), value.trim().to_string()));
    parts.ok_or_else(|| format!("expected KEY=VALUE, such as train.steps=100, found {text:?}"))
}
