//! Text becomes token ids, ids become the batches of training steps, and words keep their vectors.
//!
//! In reading order:
//!
//! - [`Text`]: a text, read in chunks that can be tokenized one by one;
//! - [`Tokenizer`]: text ↔ ids, by words, characters, byte pairs, GPT-2's vocabulary or a `tokenizer.json`;
//! - [`toy`]: the built-in corpus, a grammar with planted word classes, and its answer key;
//! - [`Corpus`]: a text prepared for training: tokenizer, vocabulary and the ids of its two parts;
//! - [`Tokens`]: the ids of a text, in memory or in a file in llm.c's layout;
//! - [`Windows`]: the batch of step s, a pure function of (seed, step);
//! - [`Vocabulary`]: the words of a token table;
//! - [`VectorTable`]: a table of vectors without words;
//! - [`WordVectors`]: words with their vectors, in memory or in a mapped file.
//!
//! The feature `files`, on by default, adds everything with a path: `Text::open`, `Corpus::prepare` and
//! `Corpus::open`, `Tokens::open`, `MappedFile`, `formats` (files of words with vectors, read and written), `Subwords` (vectors
//! of unknown words, by a fastText model), `write_tensors` and `read_tensors` (safetensors), `publish` (atomic writes), `regular_file` and `RunFiles` (files that may
//! come from anyone) and `sha256_of_file`. Without it the crate has no file system and no memory maps, and compiles for
//! wasm32-unknown-unknown. The feature `gpt2`, which `files` switches on, links GPT-2's vocabulary.
//!
//! There is no burn here, and nothing that computes a gradient. Letters: B rows of a batch, T tokens of a window, V words
//! of the vocabulary, C values of a vector.
//!
//! ```
//! use std::ops::ControlFlow;
//! use wordspace_data::{Corpus, Preparation, Text, TokenizerChoice, Windows, toy};
//!
//! let text = Text::in_memory("toy", toy::text(42, 1000));
//! let how = Preparation { tokenizer: TokenizerChoice::Word, min_count: 2, held_out: 0.1, classes: toy::classes() };
//! let corpus = Corpus::in_memory(&text, &how, &|_, _, _| ControlFlow::Continue(()))?;
//!
//! let vocab_size = corpus.tokenizer.vocab_size();
//! let windows = Windows::new(&corpus.train, 8, vocab_size, "the training part", "toy")?;
//! let batch = windows.random(42, 0, 4)?; // [4, 8]
//! println!("{}", corpus.tokenizer.decode(&batch.ids[..8])); // eight words in a row
//! assert_eq!(batch.ids[1..8], batch.targets[..7]);
//! # Ok::<(), wordspace_data::Error>(())
//! ```

mod corpus;
mod digest;
mod error;
#[cfg(feature = "files")]
pub mod formats;
#[cfg(feature = "files")]
mod mapped_file;
mod progress;
#[cfg(feature = "files")]
pub mod publish;
mod random;
#[cfg(feature = "files")]
pub mod regular_file;
#[cfg(feature = "files")]
mod run_files;
mod safetensors_header;
mod search_rows;
mod special;
mod step_name;
#[cfg(feature = "files")]
mod subwords;
mod tensors;
mod text;
mod text_stream;
#[cfg(feature = "files")]
mod token_file;
mod token_layout;
mod tokenizer;
mod tokens;
pub mod toy;
mod vector_table;
mod vocabulary;
mod windows;
#[cfg(feature = "files")]
mod word2vec_header;
mod word_vectors;

pub use corpus::{Corpus, CorpusSummary, PartSummary, Preparation};
pub use digest::sha256;
#[cfg(feature = "files")]
pub use digest::sha256_of_file;
pub use error::{Error, Result};
#[cfg(feature = "files")]
pub use mapped_file::MappedFile;
pub use progress::{Phase, Progress};
pub use random::{below, generator, uniform};
#[cfg(feature = "files")]
pub use run_files::RunFiles;
pub use special::{END_OF_TEXT, UNKNOWN};
pub use step_name::{step_name, step_of, vectors_name};
#[cfg(feature = "files")]
pub use subwords::Subwords;
pub use tensors::{NamedTensor, decode_tensors, encode_tensors};
#[cfg(feature = "files")]
pub use tensors::{read_tensors, read_tensors_with_progress, write_tensors};
pub use text::{Chunks, Text};
pub use text_stream::TextStream;
pub use tokenizer::{Token, Tokenizer, TokenizerChoice};
pub use tokens::Tokens;
pub use vector_table::VectorTable;
pub use vocabulary::Vocabulary;
pub use windows::{Batch, Windows};
pub use word_vectors::WordVectors;
#[cfg(feature = "files")]
pub use word_vectors::{ScanReport, cache_folder};
