//! What several commands ask: which words a direction points at.

use wordspace::explore::{Direction, Neighbour, Opened, Viewpoint, nearest};

use super::source::warn_of;
use crate::terminal::{Bar, Terminal};

/// The `top` words of `opened` nearest to `direction`, seen from `from`; rows that are near nothing are told of.
pub fn nearest_to(
    opened: &Opened,
    from: &Viewpoint,
    direction: Direction,
    top: u32,
    terminal: &Terminal,
) -> Vec<Neighbour> {
    let bar = Bar::new(terminal, "comparing");
    let mut found = nearest(&opened.vectors, from, &[direction], top as usize, &|done, all| bar.tell(done, all));
    drop(bar);
    warn_of(found.not_finite, opened, terminal);
    found.answers.remove(0)
}
