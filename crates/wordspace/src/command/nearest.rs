//! The nearest words to a query, which several commands ask for.

use wordspace::explore::{Centre, Neighbour, Opened, Query, nearest};

use super::source::warn_of;
use crate::terminal::{Bar, Terminal};

/// The `top` words of `opened` nearest to `query`, with a warning about rows that are not finite.
pub fn nearest_to(opened: &Opened, centre: &Centre, query: Query, top: u32, terminal: &Terminal) -> Vec<Neighbour> {
    let bar = Bar::new(terminal, "comparing");
    let mut found = nearest(&opened.vectors, centre, &[query], top as usize, &|done, all| bar.tell(done, all));
    drop(bar);
    warn_of(found.not_finite, opened, terminal);
    found.answers.remove(0)
}
