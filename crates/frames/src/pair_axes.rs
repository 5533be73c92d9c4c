//! The plane in which one sees two words meet, away from a third.

use wordspace_similarity::dot;

use crate::axes::DIMENSIONS;
use crate::{Frame, Result};

/// Two directions for the picture of `pair`, and a third of zeros, `[3, C]`.
///
/// The first is that from the word `against` (else from the mean of all words) to the middle of the pair in the `last` frame:
/// words on its positive side are used like the pair. The second is that from one word of the pair to the other in the
/// `first` frame, as far as it is at right angles to the first direction. Two words that meet start at opposite ends of it.
///
/// # Errors
///
/// If one of the words is not a row.
pub fn pair_axes(first: &Frame, last: &Frame, pair: [u32; 2], against: Option<u32>) -> Result<Vec<Vec<f32>>> {
    for row in pair.into_iter().chain(against) {
        first.check_row(row)?;
        last.check_row(row)?;
    }
    let [a, b] = pair.map(|row| last.vectors.row(row));
    let contrast = match against {
        Some(row) => last.vectors.row(row).to_vec(),
        None => last.statistics.mean.as_slice().to_vec(),
    };
    let middle = a.iter().zip(b.iter()).map(|(a, b)| (a + b) / 2.0);
    let across = unit(middle.zip(&contrast).map(|(middle, contrast)| middle - contrast).collect());

    let [a, b] = pair.map(|row| first.vectors.row(row));
    let apart: Vec<f32> = a.iter().zip(b.iter()).map(|(a, b)| a - b).collect();
    let shared = dot(&apart, &across);
    let up = unit(apart.iter().zip(&across).map(|(x, across)| x - shared * across).collect());

    let mut axes = vec![across, up];
    axes.resize(DIMENSIONS, vec![0.0; last.vectors.dimension()]);
    Ok(axes)
}

/// `vector` at length 1; zeros if it has no direction.
fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = dot(&vector, &vector).sqrt();
    let has_direction = length.is_finite() && length > f32::MIN_POSITIVE;
    vector.iter_mut().for_each(|x| *x = if has_direction { *x / length } else { 0.0 });
    vector
}

#[cfg(test)]
mod tests {
    use wordspace_data::WordVectors;

    use super::*;
    use crate::Axes;
    use crate::points::coordinates;

    fn frame(step: u64, values: &[f32]) -> Frame {
        Frame::new(step, WordVectors::new(vec![String::new(); values.len() / 3], values.to_vec(), 3), 42)
    }

    #[test]
    fn two_words_that_meet_start_at_opposite_ends_and_leave_the_third() {
        let first = frame(0, &[0.0, 1.0, 0.2, 0.0, -1.0, 0.1, 0.1, 0.0, 1.0]);
        let last = frame(9, &[2.0, 0.1, 0.0, 2.0, -0.1, 0.0, -2.0, 0.0, 0.0]);
        let directions = pair_axes(&first, &last, [0, 1], Some(2)).unwrap();
        let axes = Axes { version: 1, step: 9, directions };
        let at = |frame: &Frame, word: usize| coordinates(frame, &axes)[3 * word..][..3].to_vec();
        assert!(at(&first, 0)[1] - at(&first, 1)[1] > 1.9, "far apart at first");
        assert!((at(&last, 0)[1] - at(&last, 1)[1]).abs() < 0.3, "close at last");
        for word in [0, 1] {
            assert!(at(&last, word)[0] - at(&last, 2)[0] > 3.9, "on the other side of the third");
            assert_eq!(at(&last, word)[2], 0.0, "the picture is flat");
        }
    }

    #[test]
    fn axes_are_zero_where_words_do_not_differ_or_are_not_finite() {
        let same = frame(0, &[1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(pair_axes(&same, &same, [0, 1], None).unwrap(), vec![vec![0.0; 3]; 3]);
        let broken = frame(0, &[f32::NAN, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        assert_eq!(pair_axes(&broken, &broken, [0, 1], Some(2)).unwrap(), vec![vec![0.0; 3]; 3]);
    }

    #[test]
    fn a_row_outside_the_table_is_refused() {
        let frame = frame(0, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        assert!(pair_axes(&frame, &frame, [0, 1], Some(2)).is_err());
    }
}
