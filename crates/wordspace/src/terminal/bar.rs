//! A bar for work that may take a while: what is done within a second says nothing.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

use super::Terminal;
use super::progress::{LINE_EVERY, style};

/// From when on a bar is worth a look.
const SHOWN_AFTER: Duration = Duration::from_secs(1);

/// How far one work is, told by any thread.
pub struct Bar {
    terminal: Terminal,
    what: &'static str,
    bar: ProgressBar,
    began: Instant,
    /// Whether the bar is drawn, and when the last plain line was printed.
    shown: Mutex<(bool, Instant)>,
}

impl Bar {
    /// A bar for `what`, on stderr.
    pub fn new(terminal: &Terminal, what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        bar.set_style(style("{msg:19} {bar:30} {percent:>3} %  {eta} left"));
        let now = Instant::now();
        Self { terminal: *terminal, what, bar, began: now, shown: Mutex::new((false, now)) }
    }

    /// So much is done, of so much.
    pub fn tell(&self, done: u64, total: u64) {
        if self.terminal.quiet || self.began.elapsed() < SHOWN_AFTER {
            return;
        }
        let mut shown = self.shown.lock().expect("nothing panics while it is held");
        if self.terminal.interactive {
            if !shown.0 {
                shown.0 = true;
                self.bar.set_message(self.what);
                self.bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
            }
            self.bar.set_length(total);
            self.bar.set_position(done);
        } else if shown.1.elapsed() >= LINE_EVERY {
            shown.1 = Instant::now();
            eprintln!("{}: {} %", self.what, 100 * done / total.max(1));
        }
    }
}

/// The bar goes when the work is done.
impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
