#[derive(Clone, Copy, ValueEnum)]
pub enum TableName {
    /// The vectors of tokens.
    Token,
    /// The vectors of positions.
    Position,
}

#[derive(ClapArgs)]
pub struct InspectArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    /// Print the result as one JSON object.
    #[arg(long)]
    pub json: bool,
}

#[derive(ClapArgs)]
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

#[derive(ClapArgs)]
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
