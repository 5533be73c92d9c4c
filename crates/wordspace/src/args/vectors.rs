//! What can be asked of vectors.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use wordspace::data::formats::Format;

use crate::picture::Theme;

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

#[derive(Args)]
pub struct ProjectArgs {
    #[command(flatten)]
    pub source: SourceArgs,
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
    /// The colours of a picture; auto follows the viewer's in an .svg and is light in a .png.
    #[arg(long, value_enum, default_value_t = Theme::Auto)]
    pub theme: Theme,
    /// The file to write, .svg, .png, .csv, .json or .html; it must not be there yet.
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

#[derive(Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    pub source: SourceArgs,
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
