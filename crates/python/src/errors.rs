//! Failures as exceptions of `wordspace.errors`, with the sentences of the command line.

use std::any::Any;

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use wordspace::cli::{Failure, INTERRUPTED};

/// The exception for `failure`, by the exit code that the command line has for it.
pub fn exception(py: Python<'_>, failure: impl Into<Failure>) -> PyErr {
    let failure = failure.into();
    let class = match failure.code() {
        2 => "ArgumentError",
        3 => "DataError",
        4 => "DeviceError",
        5 => "DiskError",
        6 => "ExistsError",
        INTERRUPTED => return PyKeyboardInterrupt::new_err(()),
        _ => "Error",
    };
    raise(py, class, failure.to_string())
}

/// The exception `class` of `wordspace.errors` with this message.
pub fn raise(py: Python<'_>, class: &str, message: String) -> PyErr {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || PyModule::import(py, "wordspace.errors").map(Bound::unbind));
    match module.and_then(|module| module.bind(py).getattr(class)).and_then(|class| class.call1((message,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// A panic of a worker: a bug, but not the end of the interpreter.
pub fn panicked(py: Python<'_>, panic: &(dyn Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let message = format!("this is a bug in wordspace; please report it: {}", text.unwrap_or("no message"));
    raise(py, "Error", message)
}
