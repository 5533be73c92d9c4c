//! A bar for a question that takes more than a second, or a line now and then where nobody is looking.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;

/// What is answered sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a plain line is printed.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// The bar of a question.
pub struct Waiting {
    terminal: Terminal,
    bar: ProgressBar,
    what: &'static str,
    began: Instant,
    /// When the last plain line was printed.
    printed: Mutex<Instant>,
}

impl Waiting {
    /// A bar for `what`, not yet shown.
    pub fn new(terminal: &Terminal, what: &'static str) -> Self {
        let is_drawn = terminal.interactive && !terminal.quiet;
        let target = if is_drawn { ProgressDrawTarget::stderr_with_hz(10) } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{msg} {bar:30} {percent:>3} %  {eta} left");
        let style = style.expect("the template is a constant").progress_chars("━━─");
        let bar = ProgressBar::with_draw_target(None, target).with_style(style).with_message(what);
        Self { terminal: *terminal, bar, what, began: Instant::now(), printed: Mutex::new(Instant::now()) }
    }

    /// Takes in how far it is; from any thread.
    pub fn tell(&self, done: usize, total: usize) {
        if self.terminal.quiet || self.began.elapsed() < PATIENCE {
            return;
        }
        if self.terminal.interactive {
            self.bar.set_length(total as u64);
            self.bar.set_position(done as u64);
        } else if let Ok(mut printed) = self.printed.try_lock()
            && printed.elapsed() >= LINE_EVERY
        {
            *printed = Instant::now();
            eprintln!("{}: {} %", self.what, 100 * done / total.max(1));
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
