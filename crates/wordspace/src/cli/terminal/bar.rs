//! A progress bar for work that may take long. Work that is done within a second shows none.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::Terminal;
use super::progress::{LINE_EVERY, style};

/// The time after which a bar appears.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// The progress of one piece of work. Any thread may report it.
pub struct Bar {
    terminal: Terminal,
    what: &'static str,
    bar: ProgressBar,
    began: Instant,
    state: Mutex<State>,
}

struct State {
    is_drawn: bool,
    /// When the last plain line was printed.
    printed: Instant,
}

impl Bar {
    /// A bar on stderr for `what`.
    pub fn new(terminal: &Terminal, what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        bar.set_style(style("{msg:19} {bar:30} {percent:>3} %  {eta} left"));
        let now = Instant::now();
        let state = Mutex::new(State { is_drawn: false, printed: now });
        Self { terminal: *terminal, what, bar, began: now, state }
    }

    /// Reports that `done` of `total` is done.
    pub fn tell(&self, done: u64, total: u64) {
        if self.terminal.quiet || self.began.elapsed() < SHOWN_AFTER {
            return;
        }
        let mut state = self.state.lock().expect("nothing panics while it is held");
        if self.terminal.interactive {
            if !state.is_drawn {
                state.is_drawn = true;
                self.bar.set_message(self.what);
                self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
            }
            self.bar.set_length(total);
            self.bar.set_position(done);
        } else if state.printed.elapsed() >= LINE_EVERY {
            state.printed = Instant::now();
            eprintln!("{}: {} %", self.what, 100 * done / total.max(1));
        }
    }
}

/// Removes the bar.
impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
