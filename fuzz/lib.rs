//! The targets under libFuzzer: a program of `bin` for each, so that only the code that it runs is watched.

use std::cell::RefCell;
use std::panic;
use std::process;
use std::thread;

pub mod targets;

thread_local! {
    static LATEST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Makes a program of a target.
#[macro_export]
macro_rules! fuzz {
    ($($target:tt)*) => {
        libfuzzer_sys::fuzz_target!(init: $crate::watch_panics(), |data: &[u8]| {
            $crate::check($crate::targets::$($target)*, data);
        });
    };
}

/// Keeps the message of a panic for [`check`]. libfuzzer-sys would end the process, but readers catch the panics of the crates
/// that they call. A panic on a thread of the server is a finding.
pub fn watch_panics() {
    panic::set_hook(Box::new(|panic| {
        if thread::current().name().is_some_and(|name| name.starts_with("wordspace-")) {
            eprintln!("{panic}");
            process::abort();
        }
        LATEST_PANIC.set(panic.to_string());
    }));
}

/// Ends the process, with libFuzzer's report of the input, if `target` panics.
pub fn check(target: targets::Target, data: &[u8]) {
    if panic::catch_unwind(|| target(data)).is_err() {
        eprintln!("{}", LATEST_PANIC.take());
        process::abort();
    }
}
