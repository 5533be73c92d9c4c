//! `wordspace._wordspace`: the native part of the Python module, in one shared library with the command line.
//!
//! The Python part, in `python/wordspace`, has gensim's names, progress bars and data frames. This part computes:
//!
//! - `vectors`: words with their vectors, searched without the interpreter's lock;
//! - `row_range`: some rows of a table, for `restrict_vocab`;
//! - `array`: arrays that NumPy takes without a copy;
//! - `training`, `runs`: training, exports, reports and generated text;
//! - `tokenizer`, `projection`: text to ids; words to points;
//! - `command_line`: the program, behind the console script;
//! - `interruptible`: long work, with Ctrl-C and progress;
//! - `fork`, `exit`: threads when the process forks, and when the interpreter ends;
//! - `errors`: failures as exceptions.
//!
//! No argument from Python may cause a panic or an abort: PyO3 checks types, these files check sizes.

#![allow(clippy::too_many_arguments, reason = "the Python part passes them by name")]

mod array;
mod command_line;
mod errors;
mod exit;
mod fork;
mod interruptible;
mod projection;
mod row_range;
mod runs;
mod tokenizer;
mod training;
mod vectors;

use pyo3::prelude::*;

/// For this library only: Python and other modules keep their own allocators.
#[global_allocator]
static ALLOCATOR: wordspace::Allocator = wordspace::Allocator;

/// The native part of the module `wordspace`.
#[pymodule]
mod _wordspace {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::command_line::command_line;
    #[pymodule_export]
    use super::exit::stop_all;
    #[pymodule_export]
    use super::projection::Projection;
    #[pymodule_export]
    use super::runs::{export, generate, report};
    #[pymodule_export]
    use super::set_threads;
    #[pymodule_export]
    use super::tokenizer::Tokenizer;
    #[pymodule_export]
    use super::training::{resume, train};
    #[pymodule_export]
    use super::vectors::Vectors;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::fork::remember_process();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

/// Sets the number of threads that compute; 0 means one a core. Returns how many there are: the first use fixes it.
#[pyfunction]
fn set_threads(py: Python<'_>, threads: usize) -> PyResult<usize> {
    wordspace::train::device::set_threads(threads).map_err(|error| errors::exception(py, error))?;
    Ok(py.detach(|| fork::on_pool(rayon::current_num_threads)))
}
