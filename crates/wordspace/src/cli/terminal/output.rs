//! Results go to stdout, which must take them; all else goes to stderr, which need not.

use std::io::{ErrorKind, Write};
use std::panic::resume_unwind;

use super::printable;

/// The reason why a result could not be written, which ends the command: it travels as a panic that prints nothing, to
/// [`crate::cli::run`].
pub struct Unwritten(std::io::Error);

impl Unwritten {
    /// Whether whoever reads the result has stopped, as `head` does.
    pub fn is_closed_pipe(&self) -> bool {
        self.0.kind() == ErrorKind::BrokenPipe
    }

    /// The system's error.
    pub fn reason(&self) -> &std::io::Error {
        &self.0
    }
}

/// Writes a part of a result at once, as far as it is [`printable`].
pub fn write_result(text: &str) {
    let (text, mut stdout) = (printable(text), std::io::stdout().lock());
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        resume_unwind(Box::new(Unwritten(error)));
    }
}

/// Prints a result like `std::print!`.
macro_rules! print {
    ($($argument:tt)*) => {
        $crate::cli::terminal::write_result(&format!($($argument)*))
    };
}

/// Prints a line of a result like `std::println!`.
macro_rules! println {
    () => {
        $crate::cli::terminal::write_result("\n")
    };
    ($($argument:tt)*) => {
        $crate::cli::terminal::write_result(&(format!($($argument)*) + "\n"))
    };
}

/// Prints a line to stderr like `anstream::eprintln!`, whether or not anybody reads it.
macro_rules! eprintln {
    ($($argument:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(anstream::stderr().lock(), $($argument)*);
    }};
}
