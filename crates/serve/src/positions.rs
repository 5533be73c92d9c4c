//! The position table as the page takes it: how near every position is to every other, and the curve they make in space.
//!
//! ```text
//! "WSQ1"   u32 step   u32 T'   u32 stride   T' × T' i8 (cosine × 127)   T' × 3 f32
//! ```
//!
//! T' is every stride-th of the T rows, 256 at most. The curve is on the table's own three principal axes, turned to where
//! the newest frame has it.

use wordspace_data::VectorTable;
use wordspace_explore::align;
use wordspace_explore::projection::{Points, pca};

use crate::axes::DIMS;
use crate::{Error, Result};

/// The most rows that are shown.
const MOST: usize = 256;

/// The positions of the frame of `step`, whose table is `table`; that of the newest frame is `newest`.
///
/// # Errors
///
/// If the table holds what is no number.
pub(crate) fn positions(step: u64, table: &VectorTable, newest: &VectorTable) -> Result<Vec<u8>> {
    let stride = table.len().div_ceil(MOST).max(1);
    let shown = thinned(table, stride)?;
    let mut bytes = b"WSQ1".to_vec();
    for number in [u32::try_from(step).unwrap_or(u32::MAX), shown.len() as u32, stride as u32] {
        bytes.extend(number.to_le_bytes());
    }
    let directions = shown.directions();
    let rows = 0..shown.len() as u32;
    let cosines = rows.clone().flat_map(|a| rows.clone().map(move |b| (a, b)));
    bytes.extend(cosines.map(|(a, b)| (directions.cosine(a, b) * 127.0).round() as i8 as u8));
    let (mut curve, end) = (curve(&shown), thinned(newest, stride).map(|table| self::curve(&table)));
    if let Ok(end) = end
        && end.len() == curve.len()
    {
        curve = align(&curve, &end);
    }
    bytes.extend(curve.as_slice().iter().flat_map(|&x| (x as f32).to_le_bytes()));
    Ok(bytes)
}

/// Every `stride`-th row of `table`.
fn thinned(table: &VectorTable, stride: usize) -> Result<VectorTable> {
    if let Some(at) = table.as_slice().iter().position(|x| !x.is_finite()) {
        let row = at / table.dimension();
        return Err(Error::Question(format!("the vector of position {row} holds what is no number")));
    }
    let rows = table.as_slice().chunks_exact(table.dimension()).step_by(stride);
    Ok(VectorTable::new(rows.flatten().copied().collect(), table.dimension()))
}

/// The rows on their three principal axes, `[T', 3]`; zeros where they do not differ in as many directions.
fn curve(table: &VectorTable) -> Points {
    let rows = Points::new(table.as_slice().iter().map(|&x| x as f64).collect(), table.dimension());
    let dims = DIMS.min(rows.len()).min(rows.dimension());
    let found = pca(&rows, dims, &|_, _| ()).points;
    Points::new(found.rows().flat_map(|row| (0..DIMS).map(|at| row.get(at).copied().unwrap_or(0.0))).collect(), DIMS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_positions_are_thinned_and_each_is_nearest_to_itself() {
        let table = VectorTable::new((0..600 * 4).map(|i| (i as f32 * 0.37).sin()).collect(), 4);
        let bytes = positions(9, &table, &table).unwrap();
        let numbers: Vec<u32> = bytes[4..16].as_chunks().0.iter().map(|&b| u32::from_le_bytes(b)).collect();
        assert_eq!(numbers, [9, 200, 3]);
        assert_eq!(bytes.len(), 16 + 200 * 200 + 200 * 12);
        assert!((0..200).all(|at| bytes[16 + at * 201] as i8 == 127));
    }

    #[test]
    fn a_table_of_one_row_and_one_number_has_a_curve_and_one_that_is_not_finite_a_sentence() {
        let one = VectorTable::new(vec![2.0], 1);
        assert_eq!(positions(0, &one, &one).unwrap().len(), 16 + 1 + 12);
        let broken = VectorTable::new(vec![1.0, 2.0, f32::NAN, 0.0], 2);
        assert!(positions(0, &broken, &one).unwrap_err().to_string().contains("position 1"));
    }
}
