//! Arguments of the commands about vectors.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::numbers::{from_one, whole};
use crate::cli::command::in_shell;
use crate::explore::OutputFormat;
use crate::picture::Theme;

// Anything with vectors. Not a doc comment, which clap would use as the description of the commands.
#[derive(Args)]
pub struct SourceArgs {
    /// A run (runs/toy, runs/toy@500), a GPT-2 folder or its safetensors file, gpt2, a static embedding's folder, or a vector
    /// file.
    pub source: String,
    /// The table of a model to read.
    #[arg(long, value_enum, value_name = "TABLE", default_value_t = TableName::Token)]
    pub table: TableName,
    /// Read only the first N rows.
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = from_one::<usize>)]
    pub limit: Option<usize>,
    /// Fail instead of leaving out rows that cannot be read.
    #[arg(long)]
    pub strict: bool,
}

impl SourceArgs {
    /// The source and its options as they would be typed again.
    pub fn in_shell(&self) -> String {
        let mut text = in_shell(&self.source);
        if let TableName::Position = self.table {
            text += " --table position";
        }
        if let Some(limit) = self.limit {
            text += &format!(" --limit {limit}");
        }
        text + if self.strict { " --strict" } else { "" }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum TableName {
    /// Token embeddings.
    Token,
    /// Position embeddings.
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
    /// The file or folder to write; it must not exist yet.
    pub file: PathBuf,
    /// The format: bin, txt, glove, npy, safetensors, tsv, csv, or static-embedding, a folder for sentence-transformers and
    /// model2vec [default: by the file's ending].
    #[arg(long, value_name = "FORMAT", value_parser = output_format)]
    pub to: Option<OutputFormat>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct NeighborsArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The word, or several, whose unit vectors are averaged.
    #[arg(required_unless_present_any = ["from", "vector"], value_name = "WORD")]
    pub words: Vec<String>,
    /// A word whose unit vector is subtracted; may be repeated.
    #[arg(long, value_name = "WORD")]
    pub negative: Vec<String>,
    /// Answer for each line of FILE, a word; - is stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["words", "negative"])]
    pub from: Option<PathBuf>,
    /// Show the words nearest to a vector, the numbers in FILE; - is stdin.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["words", "negative", "from"])]
    pub vector: Option<PathBuf>,
    /// The number of words to show.
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = from_one::<u32>)]
    pub top: u32,
    /// Subtract the mean of all vectors first, which removes what all words share.
    #[arg(long, visible_alias = "centered")]
    pub centred: bool,
    /// Print the result as one JSON object, with --from one a line.
    #[arg(long)]
    pub json: bool,
    /// Print the result as CSV.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

#[derive(Args)]
pub struct SimilarityArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The two words.
    #[arg(num_args = 2, required_unless_present = "from", value_names = ["A", "B"])]
    pub words: Vec<String>,
    /// Answer for each line of FILE, two words; - is stdin.
    #[arg(long, value_name = "FILE", conflicts_with = "words")]
    pub from: Option<PathBuf>,
    /// Print the result as one JSON object, with --from one a line.
    #[arg(long)]
    pub json: bool,
    /// Print the result as CSV.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

#[derive(Args)]
pub struct AnalogyArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// A is to B as C is to what?
    #[arg(num_args = 3, required_unless_present = "from", value_names = ["A", "B", "C"])]
    pub words: Vec<String>,
    /// Answer for each line of FILE, three words; - is stdin.
    #[arg(long, value_name = "FILE", conflicts_with = "words")]
    pub from: Option<PathBuf>,
    /// The number of answers to show.
    #[arg(long, value_name = "N", default_value_t = 10, allow_negative_numbers = true, value_parser = from_one::<u32>)]
    pub top: u32,
    /// Print the result as one JSON object, with --from one a line.
    #[arg(long)]
    pub json: bool,
    /// Print the result as CSV.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

#[derive(Args)]
pub struct OddOneOutArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Three words or more.
    #[arg(required = true, num_args = 3.., value_name = "WORD")]
    pub words: Vec<String>,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Args)]
pub struct ProjectArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// The words to draw [default: the most frequent ones, with a class if the source has classes].
    pub words: Vec<String>,
    /// The method of projection.
    #[arg(long, value_enum, default_value_t = MethodChoice::Pca)]
    pub method: MethodChoice,
    /// The number of dimensions.
    #[arg(long, default_value_t = 2, value_name = "2|3", value_parser = clap::value_parser!(u8).range(2..=3))]
    pub dims: u8,
    /// The number of words, if none are named.
    #[arg(long, value_name = "N", default_value_t = 60, allow_negative_numbers = true, value_parser = from_one::<usize>)]
    pub top: usize,
    /// Draw the words' paths through the earlier steps of the run.
    #[arg(long)]
    pub trail: bool,
    /// The random seed; only umap uses it.
    #[arg(long, value_name = "N", default_value_t = 42, allow_negative_numbers = true, value_parser = whole::<u64>)]
    pub seed: u64,
    /// The colours of a picture; auto follows the viewer's theme in an .svg and is light in a .png.
    #[arg(long, value_enum, default_value_t = Theme::Auto)]
    pub theme: Theme,
    /// The file to write: .svg, .png, .csv, .json or .html; it must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum MethodChoice {
    /// Principal components; keeps distances as far as so few dimensions can.
    Pca,
    /// t-SNE; keeps neighbours, not distances.
    Tsne,
    /// UMAP; keeps neighbours, and distances roughly.
    Umap,
}

#[derive(Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Pairs of words with human similarity scores, one per line.
    #[arg(long, value_name = "FILE")]
    pub similarity: Option<PathBuf>,
    /// Questions of four words, one per line, in sections (word2vec's questions-words.txt).
    #[arg(long, value_name = "FILE")]
    pub analogies: Option<PathBuf>,
    /// Words by category, a category and a word per line [default: the classes of the run's corpus, if any].
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
    /// The source of the vectors: a run, a GPT-2 folder, gpt2, or a vector file.
    #[arg(long, value_name = "SOURCE")]
    pub source: String,
    /// The position of each token, comma-separated, instead of its own.
    #[arg(long, value_name = "0,1,…", value_delimiter = ',', allow_negative_numbers = true, value_parser = whole::<usize>)]
    pub positions: Option<Vec<usize>>,
    /// Print one vector for each text, the mean of its token vectors.
    #[arg(long, conflicts_with = "positions")]
    pub mean: bool,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

fn output_format(name: &str) -> Result<OutputFormat, String> {
    let found = OutputFormat::all().find(|format| format.name() == name);
    found.ok_or_else(|| format!("expected one of {}", OutputFormat::names()))
}
