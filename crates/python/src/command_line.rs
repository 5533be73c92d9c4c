//! The program `wordspace`, in the process of an interpreter.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use pyo3::prelude::*;

/// Runs the command line with `arguments`, the first of them the program's name, and returns its exit code.
#[pyfunction]
pub fn command_line(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| {
        let code = wordspace::cli::run(arguments);
        // The interpreter ends the process without Rust's own farewell, which would do this.
        let _ = std::io::stdout().flush();
        exit_code(code)
    })
}

/// The number of `code`.
fn exit_code(code: ExitCode) -> u8 {
    (0..=u8::MAX).find(|&number| ExitCode::from(number) == code).unwrap_or(1)
}
