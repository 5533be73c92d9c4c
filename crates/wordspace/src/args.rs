//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ColorChoice, Parser, Subcommand, ValueEnum};

use crate::picture::Theme;

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
    /// Show the tokens of a text.
    Tokens(TokensArgs),
    /// Show words as points, by principal components, t-SNE or UMAP.
    Project(ProjectArgs),
    /// Hold vectors against what people say of words.
    Evaluate(EvaluateArgs),
    /// Write a run's model as a Hugging Face GPT-2 folder.
    Export(ExportArgs),
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
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct TokensArgs {
    /// The text.
    pub text: String,
    /// gpt2, or the path of a tokenizer.json (each run has one).
    #[arg(long, value_name = "TOKENIZER", default_value = "gpt2")]
    pub tokenizer: String,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
pub struct ProjectArgs {
    /// What has vectors: a run's folder (RUN@STEP for an earlier step) or a vector file.
    pub source: String,
    /// Which words [default: the most frequent, of the classes where there are some].
    pub words: Vec<String>,
    /// How points of many dimensions come onto the page.
    #[arg(long, value_enum, default_value_t = MethodChoice::Pca)]
    pub method: MethodChoice,
    /// Two dimensions or three.
    #[arg(long, default_value_t = 2, value_name = "2|3", value_parser = clap::value_parser!(u8).range(2..=3))]
    pub dims: u8,
    /// How many words where none are named.
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub top: usize,
    /// Show where the words came from: their places at earlier steps of the run.
    #[arg(long)]
    pub trail: bool,
    /// Where all random numbers begin; only umap draws any.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
    /// The colours of an .svg; auto follows the viewer's.
    #[arg(long, value_enum, default_value_t = Theme::Auto)]
    pub theme: Theme,
    /// The file to write, .svg, .png, .csv or .json; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum MethodChoice {
    /// Principal components: distances are kept as far as two or three directions can.
    Pca,
    /// t-SNE: neighbours are kept, distances are not.
    Tsne,
    /// UMAP: neighbours are kept, distances only roughly.
    Umap,
}

#[derive(ClapArgs)]
pub struct EvaluateArgs {
    /// What has vectors: a run's folder (RUN@STEP for an earlier step) or a vector file.
    pub source: String,
    /// Pairs of words with people's judgement of how alike they are, one a line.
    #[arg(long, value_name = "FILE")]
    pub similarity: Option<PathBuf>,
    /// Questions of four words, a line each, in sections (word2vec's questions-words.txt).
    #[arg(long, value_name = "FILE")]
    pub analogies: Option<PathBuf>,
    /// Words by category: a category and a word a line [default: the classes of the run's corpus, if it has some].
    #[arg(long, value_name = "FILE")]
    pub categories: Option<PathBuf>,
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
