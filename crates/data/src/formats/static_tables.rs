//! Reads the folder of a static embedding, as [`write_static_embedding`](super::write_static_embedding), sentence-transformers
//! and model2vec write it. Older versions of sentence-transformers put the files of the module into a folder of its own.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::dtype::Dtype;
use super::reading::Reading;
use super::report::Report;
use super::tensor_file::TensorFile;
use super::token_words::TokenWords;
use crate::{Error, Result, WordVectors, regular_file};

/// The names of the table: that of sentence-transformers, and that of model2vec.
const NAMES: [&str; 2] = ["embedding.weight", "embeddings"];

/// The tensors of model2vec's quantized vocabularies, in which several tokens share a row.
const SHARED_ROWS: [&str; 2] = ["mapping", "weights"];

/// The largest list of modules; a model has a few.
const MAX_MODULES_BYTES: u64 = 1 << 20;

/// The table of a static embedding with its words.
pub struct StaticTable {
    /// The table, `[V, C]`, with a word for each row; a large table of 32-bit floats is mapped.
    pub tokens: WordVectors,
    /// For each row the spelling in a byte-level vocabulary, `Ġcat` for ` cat`; none for other vocabularies.
    pub spellings: Option<Vec<String>>,
    /// The `tokenizer.json`.
    pub tokenizer: Option<PathBuf>,
    /// The report; it counts the words of the vocabulary for which the table has no row.
    pub report: Report,
    /// The type in which the file stores the table.
    pub dtype: Dtype,
}

impl StaticTable {
    /// Whether `folder` has a `modules.json` that begins with a `StaticEmbedding`.
    pub fn is_in(folder: &Path) -> bool {
        modules(folder).is_some_and(|modules| kind(&modules[0]) == "StaticEmbedding")
    }

    /// Reads the table in `folder`. Its values are not checked: a row with NaN is left to the question that meets it.
    ///
    /// # Errors
    ///
    /// If it is not a static embedding, is damaged, or has a quantized vocabulary.
    pub fn open(folder: &Path, how: &Reading<'_>) -> Result<Self> {
        let folder = module_folder(folder)?;
        let mut file = TensorFile::open(&folder.join("model.safetensors"))?;
        if let Some((name, _)) = file.tensors().find(|(name, _)| SHARED_ROWS.contains(&name.as_str())) {
            let problem =
                format!("it has the tensor {name}: a quantized vocabulary of model2vec; expected the table alone");
            return Err(Error::bad_file(file.path(), problem));
        }
        let tables = NAMES.map(|name| file.table(name)).into_iter().collect::<Result<Vec<_>>>()?;
        let table = tables.into_iter().flatten().next().ok_or_else(|| {
            Error::bad_file(
                file.path(),
                "it has neither embedding.weight nor embeddings, the table of a static embedding",
            )
        })?;
        let words = TokenWords::of_folder(&folder, table.rows as usize)?;
        let TokenWords { mut words, mut spellings, tokenizer, without_row, .. } = words;
        words.truncate(how.limit.unwrap_or(usize::MAX));
        spellings.iter_mut().for_each(|spellings| spellings.truncate(words.len()));
        let report = Report { words_without_row: without_row, ..Report::whole(words.len()) };
        report.check_strict(file.path(), how.strict)?;
        let tokens = file.word_vectors(&table, words, how)?;
        Ok(Self { tokens, spellings, tokenizer, report, dtype: table.dtype })
    }
}

/// The modules of the model in `folder`, at least one; none if there is no such list.
fn modules(folder: &Path) -> Option<Vec<Value>> {
    let bytes = regular_file::read(&folder.join("modules.json"), MAX_MODULES_BYTES).ok()?;
    let modules: Vec<Value> = serde_json::from_slice(&bytes).ok()?;
    (!modules.is_empty()).then_some(modules)
}

/// The kind of a module: the class without the modules of Python that it is in.
fn kind(module: &Value) -> &str {
    module["type"].as_str().and_then(|class| class.rsplit('.').next()).unwrap_or("no type")
}

/// The folder of the files of the only module. A `Normalize` after it changes the length of a text's vector, not the table.
fn module_folder(folder: &Path) -> Result<PathBuf> {
    let bad = |problem: String| Error::bad_file(&folder.join("modules.json"), problem);
    let modules = modules(folder).ok_or_else(|| bad("it is not a list of modules".into()))?;
    let kinds: Vec<&str> = modules.iter().map(kind).collect();
    if !matches!(kinds[..], ["StaticEmbedding"] | ["StaticEmbedding", "Normalize"]) {
        let kinds = kinds.join(", ");
        return Err(bad(format!("its modules are {kinds}; expected a StaticEmbedding, alone or with Normalize")));
    }
    let path = Path::new(modules[0]["path"].as_str().unwrap_or_default());
    let is_inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    match path.components().all(is_inside) {
        true => Ok(folder.join(path)),
        false => Err(bad(format!("the path of its module is {path:?}; expected one inside the folder"))),
    }
}
