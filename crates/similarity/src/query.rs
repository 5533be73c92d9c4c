//! Queries of a search, and the exact cosine of a row with one.

use crate::rows::{Rows, elements};

/// A query: a direction, and the rows that are no answer.
#[derive(Clone, Debug)]
pub struct Query {
    /// A unit vector, `[C]`.
    pub direction: Vec<f64>,
    /// Rows that are no answer.
    pub excluded: Vec<u32>,
}

/// The cosine of row `row` less `centre` with the unit vector `direction`, in `f64`; 0 for a row of zeros.
pub(crate) fn exact_cosine<R: Rows>(rows: &R, row: u32, direction: &[f64], centre: &[f32]) -> f64 {
    let (mut dot, mut squares) = (0.0, 0.0);
    for ((x, &centre), &d) in elements(rows.row_bytes(row)).zip(centre).zip(direction) {
        let x = (x - centre) as f64;
        dot += x * d;
        squares += x * x;
    }
    if squares == 0.0 { 0.0 } else { (dot / squares.sqrt()).clamp(-1.0, 1.0) }
}
