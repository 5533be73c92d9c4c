//! What can be asked of vectors.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wordspace::data::formats::Format;

//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args as Args, ColorChoice, Parser, Subcommand, ValueEnum};
use wordspace::data::formats::Format;

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
    /// Show a text as a model first sees it: each token's vector, its position's, and their sum.
    Embed(EmbedArgs),
    /// Let a model go on with a text.
    Generate(GenerateArgs),
    /// Show what a model, a run or a vector file holds.
    Inspect(InspectArgs),
    /// Write vectors as a file of another format.
    Convert(ConvertArgs),
    /// Write a run's model as a Hugging Face GPT-2 folder.
    Export(ExportArgs),
    /// Show which devices are there, and which one `auto` takes.
    Devices(DevicesArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

#[derive(Args, Default)]
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

#[derive(Args)]
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

#[derive(Args)]
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

// Anything with vectors. A doc comment here would become the description of the commands.
#[derive(Args)]
pub struct SourceArgs {
    /// A run (runs/toy, runs/toy@500), a GPT-2 folder or its safetensors file, gpt2, or a vector file.
    pub source: String,
    /// Which table of a model.
    #[arg(long, value_enum, value_name = "TABLE", default_value_t = TableName::Token)]
    pub table: TableName,
    /// Read the first N rows only.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Stop with an error where rows would be left out.
    #[arg(long)]
    pub strict: bool,
}

//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args as Args, ColorChoice, Parser, Subcommand, ValueEnum};
use wordspace::data::formats::Format;

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
    /// Show a text as a model first sees it: each token's vector, its position's, and their sum.
    Embed(EmbedArgs),
    /// Let a model go on with a text.
    Generate(GenerateArgs),
    /// Show what a model, a run or a vector file holds.
    Inspect(InspectArgs),
    /// Write vectors as a file of another format.
    Convert(ConvertArgs),
    /// Write a run's model as a Hugging Face GPT-2 folder.
    Export(ExportArgs),
    /// Show which devices are there, and which one `auto` takes.
    Devices(DevicesArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

#[derive(Args, Default)]
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

#[derive(Args)]
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

#[derive(Args)]
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

// Anything with vectors. A doc comment here would become the description of the commands.
#[derive(Args)]
pub struct SourceArgs {
    /// A run (runs/toy, runs/toy@500), a GPT-2 folder or its safetensors file, gpt2, or a vector file.
    pub source: String,
    /// Which table of a model.
    #[arg(long, value_enum, value_name = "TABLE", default_value_t = TableName::Token)]
    pub table: TableName,
    /// Read the first N rows only.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Stop with an error where rows would be left out.
    #[arg(long)]
    pub strict: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum TableName {
    /// The vectors of tokens.
    Token,
    /// The vectors of positions.
    Position,
}

//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args as Args, ColorChoice, Parser, Subcommand, ValueEnum};
use wordspace::data::formats::Format;

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
    /// Show a text as a model first sees it: each token's vector, its position's, and their sum.
    Embed(EmbedArgs),
    /// Let a model go on with a text.
    Generate(GenerateArgs),
    /// Show what a model, a run or a vector file holds.
    Inspect(InspectArgs),
    /// Write vectors as a file of another format.
    Convert(ConvertArgs),
    /// Write a run's model as a Hugging Face GPT-2 folder.
    Export(ExportArgs),
    /// Show which devices are there, and which one `auto` takes.
    Devices(DevicesArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

#[derive(Args, Default)]
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

#[derive(Args)]
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

#[derive(Args)]
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

// Anything with vectors. A doc comment here would become the description of the commands.
#[derive(Args)]
pub struct SourceArgs {
    /// A run (runs/toy, runs/toy@500), a GPT-2 folder or its safetensors file, gpt2, or a vector file.
    pub source: String,
    /// Which table of a model.
    #[arg(long, value_enum, value_name = "TABLE", default_value_t = TableName::Token)]
    pub table: TableName,
    /// Read the first N rows only.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Stop with an error where rows would be left out.
    #[arg(long)]
    pub strict: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum TableName {
    /// The vectors of tokens.
    Token,
    /// The vectors of positions.
    Position,
}

#[derive(Args)]
pub struct InspectArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args as Args, ColorChoice, Parser, Subcommand, ValueEnum};
use wordspace::data::formats::Format;

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
    /// Show a text as a model first sees it: each token's vector, its position's, and their sum.
    Embed(EmbedArgs),
    /// Let a model go on with a text.
    Generate(GenerateArgs),
    /// Show what a model, a run or a vector file holds.
    Inspect(InspectArgs),
    /// Write vectors as a file of another format.
    Convert(ConvertArgs),
    /// Write a run's model as a Hugging Face GPT-2 folder.
    Export(ExportArgs),
    /// Show which devices are there, and which one `auto` takes.
    Devices(DevicesArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

#[derive(Args, Default)]
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

#[derive(Args)]
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

#[derive(Args)]
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

// Anything with vectors. A doc comment here would become the description of the commands.
#[derive(Args)]
pub struct SourceArgs {
    /// A run (runs/toy, runs/toy@500), a GPT-2 folder or its safetensors file, gpt2, or a vector file.
    pub source: String,
    /// Which table of a model.
    #[arg(long, value_enum, value_name = "TABLE", default_value_t = TableName::Token)]
    pub table: TableName,
    /// Read the first N rows only.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Stop with an error where rows would be left out.
    #[arg(long)]
    pub strict: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum TableName {
    /// The vectors of tokens.
    Token,
    /// The vectors of positions.
    Position,
}

#[derive(Args)]
pub struct InspectArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct ConvertArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The file to write; it must not be there yet.
    pub file: PathBuf,
    /// The format: bin, txt, glove, npy, safetensors, tsv or csv [default: by the file's ending].
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub to: Option<Format>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args as Args, ColorChoice, Parser, Subcommand, ValueEnum};

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
    /// Show the words nearest to a word, or to several.
    Neighbors(NeighborsArgs),
    /// Show how near two words are, and how near random ones.
    Similarity(SimilarityArgs),
    /// Show what completes a comparison: A is to B as C is to what?
    Analogy(AnalogyArgs),
    /// Write a run's model as a Hugging Face GPT-2 folder.
    Export(ExportArgs),
    /// Show which devices are there, and which one `auto` takes.
    Devices(DevicesArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

#[derive(Args, Default)]
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

#[derive(Args)]
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

#[derive(Args)]
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

/// What has vectors, and which of them.
#[derive(Args)]
pub struct SourceArgs {
    /// What has vectors: a run's folder, a GPT-2 folder or the name gpt2, or a file of vectors; RUN@STEP for an earlier step.
    pub source: String,
    /// Which table, where there are two.
    #[arg(long, value_enum, default_value_t = Table::Token, value_name = "TABLE")]
    pub table: Table,
    /// Read the first N rows only.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// A vector for every word.
    Token,
    /// A vector for every place in the text.
    Position,
}

#[derive(Args)]
pub struct NeighborsArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The word; of several, the mean of their directions.
    #[arg(required = true, value_name = "WORD")]
    pub words: Vec<String>,
    /// How many neighbours to show.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// Seen from the mean of all vectors, which leaves out what all words share.
    #[arg(long)]
    pub centred: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args as Args, ColorChoice, Parser, Subcommand, ValueEnum};

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
    /// Show the words nearest to a word, or to several.
    Neighbors(NeighborsArgs),
    /// Show how near two words are, and how near random ones.
    Similarity(SimilarityArgs),
    /// Show what completes a comparison: A is to B as C is to what?
    Analogy(AnalogyArgs),
    /// Write a run's model as a Hugging Face GPT-2 folder.
    Export(ExportArgs),
    /// Show which devices are there, and which one `auto` takes.
    Devices(DevicesArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

#[derive(Args, Default)]
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

#[derive(Args)]
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

#[derive(Args)]
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

/// What has vectors, and which of them.
#[derive(Args)]
pub struct SourceArgs {
    /// What has vectors: a run's folder, a GPT-2 folder or the name gpt2, or a file of vectors; RUN@STEP for an earlier step.
    pub source: String,
    /// Which table, where there are two.
    #[arg(long, value_enum, default_value_t = Table::Token, value_name = "TABLE")]
    pub table: Table,
    /// Read the first N rows only.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// A vector for every word.
    Token,
    /// A vector for every place in the text.
    Position,
}

#[derive(Args)]
pub struct NeighborsArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The word; of several, the mean of their directions.
    #[arg(required = true, value_name = "WORD")]
    pub words: Vec<String>,
    /// How many neighbours to show.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// Seen from the mean of all vectors, which leaves out what all words share.
    #[arg(long)]
    pub centred: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct SimilarityArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// A word.
    pub a: String,
    /// Another.
    pub b: String,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args as Args, ColorChoice, Parser, Subcommand, ValueEnum};

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
    /// Show the words nearest to a word, or to several.
    Neighbors(NeighborsArgs),
    /// Show how near two words are, and how near random ones.
    Similarity(SimilarityArgs),
    /// Show what completes a comparison: A is to B as C is to what?
    Analogy(AnalogyArgs),
    /// Write a run's model as a Hugging Face GPT-2 folder.
    Export(ExportArgs),
    /// Show which devices are there, and which one `auto` takes.
    Devices(DevicesArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

#[derive(Args, Default)]
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

#[derive(Args)]
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

#[derive(Args)]
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

/// What has vectors, and which of them.
#[derive(Args)]
pub struct SourceArgs {
    /// What has vectors: a run's folder, a GPT-2 folder or the name gpt2, or a file of vectors; RUN@STEP for an earlier step.
    pub source: String,
    /// Which table, where there are two.
    #[arg(long, value_enum, default_value_t = Table::Token, value_name = "TABLE")]
    pub table: Table,
    /// Read the first N rows only.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Table {
    /// A vector for every word.
    Token,
    /// A vector for every place in the text.
    Position,
}

#[derive(Args)]
pub struct NeighborsArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The word; of several, the mean of their directions.
    #[arg(required = true, value_name = "WORD")]
    pub words: Vec<String>,
    /// How many neighbours to show.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// Seen from the mean of all vectors, which leaves out what all words share.
    #[arg(long)]
    pub centred: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct SimilarityArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// A word.
    pub a: String,
    /// Another.
    pub b: String,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct AnalogyArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// A is to …
    pub a: String,
    /// … B …
    pub b: String,
    /// … as C is to what?
    pub c: String,
    /// How many answers to show.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub top: u32,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Args as Args, ColorChoice, Parser, Subcommand, ValueEnum};
use wordspace::data::formats::Format;

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
    /// Show a text as a model first sees it: each token's vector, its position's, and their sum.
    Embed(EmbedArgs),
    /// Let a model go on with a text.
    Generate(GenerateArgs),
    /// Show what a model, a run or a vector file holds.
    Inspect(InspectArgs),
    /// Write vectors as a file of another format.
    Convert(ConvertArgs),
    /// Write a run's model as a Hugging Face GPT-2 folder.
    Export(ExportArgs),
    /// Show which devices are there, and which one `auto` takes.
    Devices(DevicesArgs),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
}

#[derive(Args, Default)]
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

#[derive(Args)]
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

#[derive(Args)]
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

// Anything with vectors. A doc comment here would become the description of the commands.
#[derive(Args)]
pub struct SourceArgs {
    /// A run (runs/toy, runs/toy@500), a GPT-2 folder or its safetensors file, gpt2, or a vector file.
    pub source: String,
    /// Which table of a model.
    #[arg(long, value_enum, value_name = "TABLE", default_value_t = TableName::Token)]
    pub table: TableName,
    /// Read the first N rows only.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Stop with an error where rows would be left out.
    #[arg(long)]
    pub strict: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum TableName {
    /// The vectors of tokens.
    Token,
    /// The vectors of positions.
    Position,
}

#[derive(Args)]
pub struct InspectArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct ConvertArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The file to write; it must not be there yet.
    pub file: PathBuf,
    /// The format: bin, txt, glove, npy, safetensors, tsv or csv [default: by the file's ending].
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    pub to: Option<Format>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct EmbedArgs {
    /// The text; a second one is compared with the first.
    #[arg(required = true)]
    pub text: Vec<String>,
    /// Whose vectors: a run, a GPT-2 folder, gpt2, or a file of words with vectors.
    #[arg(long, value_name = "SOURCE")]
    pub source: String,
    /// Which position each token takes, one for each, instead of its place in the text.
    #[arg(long, value_name = "0,1,…", value_delimiter = ',')]
    pub positions: Option<Vec<usize>>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

fn format(name: &str) -> Result<Format, String> {
    let names = Format::ALL.map(Format::name).join(", ");
    Format::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| format!("expected one of {names}"))
}
