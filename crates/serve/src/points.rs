//! The words of a frame as points, in the form the page takes them.
//!
//! ```text
//! "WSP1"   u32 version of the axes   u32 step   u32 V   f32 scale   V × 3 i16
//! ```
//!
//! All little-endian. A coordinate is its number / 32767 × scale. A word whose vector is not finite has no place: its three
//! numbers are −32768.

use crate::axes::{Axes, DIMS};
use crate::frame::Frame;

/// What stands for the coordinates of a word without a place.
const NOWHERE: i16 = i16::MIN;

/// The points of `frame` on `axes`.
pub(crate) fn points(frame: &Frame, axes: &Axes) -> Vec<u8> {
    let places = places(frame, axes);
    encode(axes.version, frame.step, scale(&places), places.chunks_exact(DIMS))
}

/// The largest of coordinates, by which all are divided.
pub(crate) fn scale(places: &[f32]) -> f32 {
    let largest = places.iter().filter(|x| x.is_finite()).fold(0.0_f32, |largest, x| largest.max(x.abs()));
    if largest > 0.0 { largest } else { 1.0 }
}

/// Places in three dimensions, in the form the page takes them.
pub(crate) fn encode<'a>(
    version: u32,
    step: u64,
    scale: f32,
    places: impl ExactSizeIterator<Item = &'a [f32]>,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(20 + places.len() * 2 * DIMS);
    bytes.extend(b"WSP1");
    for number in [version, u32::try_from(step).unwrap_or(u32::MAX), places.len() as u32] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(scale.to_le_bytes());
    for place in places {
        let is_somewhere = place.iter().all(|x| x.is_finite());
        for x in place {
            let number = if is_somewhere { (x / scale * 32767.0).round() as i16 } else { NOWHERE };
            bytes.extend(number.to_le_bytes());
        }
    }
    bytes
}

/// Where each word of `frame` lies on `axes`, seen from the mean of all, `[V, 3]`.
pub(crate) fn places(frame: &Frame, axes: &Axes) -> Vec<f32> {
    let centre = frame.known.mean.centre();
    let middle: Vec<f32> = axes.directions.iter().map(|direction| dot(centre, direction)).collect();
    let mut places = Vec::with_capacity(frame.vectors.len() * DIMS);
    for row in 0..frame.vectors.len() as u32 {
        let row = frame.vectors.row(row);
        places.extend(axes.directions.iter().zip(&middle).map(|(direction, middle)| dot(&row, direction) - middle));
    }
    places
}

/// The product of two rows, in eight sums side by side so that the processor adds several at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coordinate_comes_back_to_a_part_in_thirty_thousand_and_what_is_no_number_is_nowhere() {
        let places = [[0.5_f32, -2.0, 1.25], [f32::NAN, 0.0, 0.0], [0.0, 2.0, f32::INFINITY]];
        let bytes = encode(7, 40, 2.0, places.iter().map(|place| place.as_slice()));
        assert_eq!(bytes[..4], *b"WSP1");
        let numbers: Vec<u32> = bytes[4..16].as_chunks().0.iter().map(|&b| u32::from_le_bytes(b)).collect();
        assert_eq!(numbers, [7, 40, 3]);
        let scale = f32::from_le_bytes(bytes[16..20].try_into().unwrap());
        let places_back: Vec<i16> = bytes[20..].as_chunks().0.iter().map(|&b| i16::from_le_bytes(b)).collect();
        assert_eq!(places_back.len(), 9);
        for (number, x) in places_back[..3].iter().zip(places[0]) {
            assert!((*number as f32 / 32767.0 * scale - x).abs() < 1e-4);
        }
        assert_eq!(places_back[3..], [NOWHERE; 6]);
    }
}
