//! The search for nearest words, which several commands share.

use super::source::warn_of;
use crate::cli::terminal::{Bar, Terminal};
use crate::explore::{Centre, Neighbour, Opened, Query, nearest};

/// The `top` words of `opened` nearest to `query`. Warns of rows that are not finite.
pub fn nearest_to(opened: &Opened, centre: &Centre, query: Query, top: u32, terminal: &Terminal) -> Vec<Neighbour> {
    nearest_to_each(opened, centre, &[query], top, terminal).remove(0)
}

/// Each word that was found with its cosine, as a ranking shows them.
pub fn ranked(neighbours: &[Neighbour]) -> Vec<(&str, f32)> {
    neighbours.iter().map(|near| (near.word.as_str(), near.cosine)).collect()
}

/// The same for each of `queries`, in one pass over the vectors.
pub fn nearest_to_each(
    opened: &Opened,
    centre: &Centre,
    queries: &[Query],
    top: u32,
    terminal: &Terminal,
) -> Vec<Vec<Neighbour>> {
    let bar = Bar::new(terminal, "comparing");
    let found = nearest(&opened.vectors, centre, queries, top as usize, &|done, all| bar.tell(done, all));
    drop(bar);
    warn_of(found.not_finite, opened, terminal);
    found.answers
}
