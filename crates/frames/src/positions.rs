//! The position table in the page's binary format: the cosine of every pair of positions, and the curve they make in space.
//!
//! ```text
//! "WSQ1"   u32 step   u32 T'   u32 stride   T' × T' i8 (cosine × 127)   T' × 3 f32
//! ```
//!
//! T' counts every `stride`-th of the T rows, 256 at most. The curve lies on the table's own three principal axes, rotated
//! to where the newest frame has it.

use wordspace_data::VectorTable;
use wordspace_explore::projection::{Points, align, pca};
use wordspace_similarity::UnitVectors;

use crate::axes::DIMENSIONS;
use crate::{Error, Result};

/// The page shows this many rows at most.
const MAX_ROWS: usize = 256;

/// The map and the curve of `table`, the position table of the frame of `step`; `newest` is that of the newest frame.
///
/// # Errors
///
/// If `table` has values that are not finite.
pub fn position_map(step: u64, table: &VectorTable, newest: &VectorTable) -> Result<Vec<u8>> {
    let stride = table.len().div_ceil(MAX_ROWS).max(1);
    let shown = thinned(table, stride)?; // [T', C]
    let mut bytes = b"WSQ1".to_vec();
    for field in [u32::try_from(step).unwrap_or(u32::MAX), shown.len() as u32, stride as u32] {
        bytes.extend(field.to_le_bytes());
    }
    let directions = UnitVectors::new(shown.as_slice().to_vec(), shown.dimension());
    let rows = 0..shown.len() as u32;
    let pairs = rows.clone().flat_map(|a| rows.clone().map(move |b| (a, b)));
    bytes.extend(pairs.map(|(a, b)| (directions.cosine(a, b) * 127.0).round() as i8 as u8));
    let (mut curve, newest) = (curve(&shown), thinned(newest, stride).map(|table| self::curve(&table)));
    if let Ok(newest) = newest
        && newest.len() == curve.len()
    {
        curve = align(&curve, &newest);
    }
    bytes.extend(curve.as_slice().iter().flat_map(|&x| (x as f32).to_le_bytes()));
    Ok(bytes)
}

/// Every `stride`-th row of `table`.
fn thinned(table: &VectorTable, stride: usize) -> Result<VectorTable> {
    if let Some(at) = table.as_slice().iter().position(|x| !x.is_finite()) {
        let row = at / table.dimension();
        return Err(Error::Question(format!("the vector of position {row} has values that are not finite")));
    }
    let rows = table.as_slice().chunks_exact(table.dimension()).step_by(stride);
    Ok(VectorTable::new(rows.flatten().copied().collect(), table.dimension()))
}

/// The rows on their three principal axes, `[T', 3]`; zeros where the rows vary in fewer directions.
fn curve(table: &VectorTable) -> Points {
    let rows = Points::new(table.as_slice().iter().map(|&x| x as f64).collect(), table.dimension());
    let dimensions = DIMENSIONS.min(rows.len()).min(rows.dimension());
    let found = pca(&rows, dimensions, &|_, _| ()).points;
    let padded = |row: &[f64]| [0, 1, 2].map(|axis| row.get(axis).copied().unwrap_or(0.0));
    Points::new(found.rows().flat_map(padded).collect(), DIMENSIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_positions_are_thinned_and_each_has_cosine_one_with_itself() {
        let table = VectorTable::new((0..600 * 4).map(|i| (i as f32 * 0.37).sin()).collect(), 4);
        let bytes = position_map(9, &table, &table).unwrap();
        let header: Vec<u32> = bytes[4..16].as_chunks().0.iter().map(|&b| u32::from_le_bytes(b)).collect();
        assert_eq!(header, [9, 200, 3]);
        assert_eq!(bytes.len(), 16 + 200 * 200 + 200 * 12);
        assert!((0..200).all(|at| bytes[16 + at * 201] as i8 == 127));
    }

    #[test]
    fn tiny_tables_have_a_curve_and_infinite_ones_are_refused() {
        let one = VectorTable::new(vec![2.0], 1);
        assert_eq!(position_map(0, &one, &one).unwrap().len(), 16 + 1 + 12);
        let broken = VectorTable::new(vec![1.0, 2.0, f32::NAN, 0.0], 2);
        assert!(position_map(0, &broken, &one).unwrap_err().to_string().contains("position 1"));
    }
}
