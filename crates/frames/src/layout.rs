//! The words of a frame laid out by t-SNE or UMAP, which keep neighbours together.

use wordspace_explore::projection::{Points, align, on_axes, tsne, umap};

use crate::axes::{Axes, DIMENSIONS};
use crate::{Error, Frame, Result};

/// At most this many words are laid out: their work grows with the square, and a reader waits for it.
pub const MAX_LAID_OUT: usize = 1000;

/// With fewer words there is nothing to lay out.
const MIN_LAID_OUT: usize = 4;

/// How words are laid out in a plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Keeps neighbours, not distances.
    Tsne,
    /// Keeps neighbours, and distances roughly.
    Umap,
}

/// The coordinates of the words of `frame`, `[V, 3]`, the third 0: those of the first [`MAX_LAID_OUT`] of `rows`; NaN for the
/// others, and for words whose vectors are not finite.
///
/// The layout starts from the words on the first two `axes` and is aligned with them, so that the layouts of two frames
/// resemble each other. It is the same each time: all random numbers come from `seed`.
///
/// # Errors
///
/// If fewer than four words can be laid out.
pub fn layout(frame: &Frame, axes: &Axes, rows: &[u32], by: Layout, seed: u64) -> Result<Vec<f32>> {
    let vectors = &frame.vectors;
    let in_table = rows.iter().copied().filter(|row| (*row as usize) < vectors.len());
    let is_finite = |row: &u32| vectors.row(*row).iter().all(|x| x.is_finite());
    let rows: Vec<u32> = in_table.filter(is_finite).take(MAX_LAID_OUT).collect();
    if rows.len() < MIN_LAID_OUT {
        let found = rows.len();
        return Err(Error::Question(format!("a layout needs at least {MIN_LAID_OUT} words, found {found}")));
    }
    let dimension = vectors.dimension();
    let values = rows.iter().flat_map(|&row| vectors.row(row).iter().map(|&x| x as f64).collect::<Vec<_>>());
    let points = Points::new(values.collect(), dimension);
    let plane = Points::new(axes.directions[..2].iter().flatten().map(|&x| x as f64).collect(), dimension);
    let start = on_axes(&points.centred(), &plane); // [n, 2]
    let found = match by {
        Layout::Tsne => tsne(&points, &start, &|_, _| ()),
        Layout::Umap => umap(&points, &start, seed, &|_, _| ()),
    };
    let mut coordinates = vec![f32::NAN; vectors.len() * DIMENSIONS];
    for (&row, point) in rows.iter().zip(align(&found, &start).rows()) {
        coordinates[row as usize * DIMENSIONS..][..DIMENSIONS].copy_from_slice(&[
            point[0] as f32,
            point[1] as f32,
            0.0,
        ]);
    }
    Ok(coordinates)
}

#[cfg(test)]
mod tests {
    use wordspace_data::WordVectors;

    use super::*;
    use crate::principal_axes;

    /// Two clumps of twenty words in six dimensions, and a word whose vector is not finite.
    fn frame() -> Frame {
        let value = |i: usize, j: usize| if i / 20 == j { 8.0 } else { ((i * 37 + j * 101 + i * j * 13) as f32).sin() };
        let mut values: Vec<f32> = (0..41 * 6).map(|at| value(at / 6, at % 6)).collect();
        values[40 * 6] = f32::NAN;
        Frame::new(5, WordVectors::new(vec![String::new(); 41], values, 6), 42)
    }

    #[test]
    fn clumps_stay_together_and_the_same_seed_gives_the_same_layout() {
        let (frame, rows) = (frame(), (0..41).collect::<Vec<u32>>());
        let axes = Axes { version: 1, step: 5, directions: principal_axes(&frame, &rows, None) };
        for by in [Layout::Tsne, Layout::Umap] {
            let found = layout(&frame, &axes, &rows, by, 7).unwrap();
            let bits = |found: &[f32]| found.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&found), bits(&layout(&frame, &axes, &rows, by, 7).unwrap()));
            let distance =
                |a: usize, b: usize| (found[3 * a] - found[3 * b]).hypot(found[3 * a + 1] - found[3 * b + 1]);
            let mean = |a: usize, b: usize| (0..20).map(|i| distance(a + i, b + (i + 7) % 20)).sum::<f32>();
            assert!(mean(0, 20) > 2.0 * mean(0, 0) && mean(0, 20) > 2.0 * mean(20, 20), "{by:?}");
            assert!(found[..120].chunks(3).all(|point| point[2] == 0.0), "the layout is flat");
            assert!(found[120..].iter().all(|x| x.is_nan()), "a vector that is not finite has no coordinates");
        }
    }

    #[test]
    fn words_that_are_not_listed_have_no_coordinates_and_three_are_too_few() {
        let (frame, rows) = (frame(), (0..41).collect::<Vec<u32>>());
        let axes = Axes { version: 1, step: 5, directions: principal_axes(&frame, &rows, None) };
        let found = layout(&frame, &axes, &rows[..10], Layout::Tsne, 7).unwrap();
        assert!(found[..30].iter().all(|x| x.is_finite()) && found[30..].iter().all(|x| x.is_nan()));
        let error = layout(&frame, &axes, &rows[..3], Layout::Tsne, 7).unwrap_err();
        assert!(error.to_string().contains("at least 4 words, found 3"), "{error}");
    }
}
