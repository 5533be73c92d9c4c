//! What lies on disk: text becomes ids, ids become windows, and tables of vectors keep their words.
//!
//! In comes a text of any size; out come token files that are mapped into memory, and the batches of a training step as
//! a pure function of (seed, step). In reading order:
//!
//! - [`Text`]: a text as pieces that can be tokenized one by one;
//! - [`Tokenizer`]: text ↔ ids, by words, characters, byte pairs, GPT-2's vocabulary or a `tokenizer.json`;
//! - [`toy`]: the built-in corpus, a grammar with planted word classes, and its answer key;
//! - [`Corpus`]: a text made ready in a folder;
//! - [`TokenFile`]: ids on disk, in llm.c's layout;
//! - [`Windows`]: the batch of step s;
//! - [`Vocabulary`]: the words of a table's rows;
//! - [`VectorTable`]: a table of vectors, and what is near what;
//! - [`WordVectors`]: words with their vectors, from any file that has them, in memory or where they lie in a
//!   [`MappedFile`];
//! - [`formats`]: those files, read and written;
//! - [`write_tensors`], [`read_tensors`]: named tensors in a safetensors file;
//! - [`publish`]: how a file comes into place whole.
//!
//! Absent on purpose: burn, and anything that computes a gradient. Letters: B rows of a batch, T tokens of a window,
//! V words of the vocabulary, C numbers of a vector.
//!
//! ```
//! use std::ops::ControlFlow;
//! use wordspace_data::{Corpus, Preparation, Text, TokenizerChoice, Windows, toy};
//!
//! let folder = tempfile::tempdir()?;
//! let text = Text::in_memory("toy", toy::text(42, 1000));
//! let how = Preparation { tokenizer: TokenizerChoice::Word, min_count: 2, held_out: 0.1, classes: toy::classes() };
//! Corpus::prepare(folder.path(), &text, &how, &|_, _, _| ControlFlow::Continue(()))?;
//!
//! let corpus = Corpus::open(folder.path())?;
//! let vocab_size = corpus.tokenizer.vocab_size();
//! let windows = Windows::new(&corpus.train, 8, vocab_size, "the training part", "toy")?;
//! let batch = windows.random(42, 0, 4)?;
//! println!("{}", corpus.tokenizer.decode(&batch.ids[..8])); // eight words in a row
//! assert_eq!(batch.ids[1..8], batch.targets[..7]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::ops::ControlFlow;

mod corpus;
mod digest;
mod error;
pub mod formats;
mod mapped_file;
pub mod publish;
mod random;
mod tensors;
mod text;
mod token_file;
pub mod tokenizer;
pub mod toy;
mod vectors;
mod vocabulary;
mod windows;
mod word_vectors;

pub use corpus::{Corpus, CorpusSummary, PartSummary, Preparation};
pub use digest::sha256_of_file;
pub use error::{Error, Result};
pub use mapped_file::MappedFile;
pub use random::{below, generator};
pub use tensors::{NamedTensor, read_tensors, read_tensors_telling, write_tensors};
pub use text::{Pieces, Text};
pub use token_file::{TokenFile, TokenWriter};
pub use tokenizer::{TextStream, Token, Tokenizer, TokenizerChoice};
pub use vectors::{Directions, VectorTable, chance_of_pairs, percentile_of_pair};
pub use vocabulary::Vocabulary;
pub use windows::{Batch, Windows};
pub use word_vectors::{ScanReport, WordVectors, cache_folder};

/// Which long work is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The tokenizer is learned from the text.
    Vocabulary,
    /// The text becomes ids.
    Tokens,
    /// Vectors are read from a file.
    Reading,
    /// Vectors are written to a file.
    Writing,
}

/// Told how far a long work is: its phase, the bytes done, the bytes there are. It answers whether to go on; where it does
/// not, the work ends with [`Error::Stopped`].
pub type Progress<'a> = &'a (dyn Fn(Phase, u64, u64) -> ControlFlow<()> + Sync);
