//! The words of a frame as points, in the page's binary format.
//!
//! ```text
//! "WSP1"   u32 version of the axes   u32 step   u32 V   f32 scale   V × 3 i16
//! ```
//!
//! All little-endian. A coordinate is the stored i16 / 32767 × scale. A word whose vector is not finite has no coordinates:
//! all three are −32768.

use wordspace_similarity::dot;

use crate::axes::{Axes, DIMENSIONS};
use crate::frame::Frame;

/// The stored coordinate of a word whose vector is not finite.
const NO_COORDINATE: i16 = i16::MIN;

/// The words of `frame` on `axes`, encoded.
pub fn points(frame: &Frame, axes: &Axes) -> Vec<u8> {
    let coordinates = coordinates(frame, axes);
    encode(axes.version, frame.step, scale(&coordinates), coordinates.chunks_exact(DIMENSIONS))
}

/// The largest absolute finite value of `coordinates`, or 1 if there is none: what [`encode`] divides by.
pub fn scale(coordinates: &[f32]) -> f32 {
    let largest = coordinates.iter().filter(|x| x.is_finite()).fold(0.0_f32, |largest, x| largest.max(x.abs()));
    if largest > 0.0 { largest } else { 1.0 }
}

/// Points of three coordinates each, in the page's format.
pub fn encode<'a>(version: u32, step: u64, scale: f32, points: impl ExactSizeIterator<Item = &'a [f32]>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(20 + points.len() * 2 * DIMENSIONS);
    bytes.extend(b"WSP1");
    for field in [version, u32::try_from(step).unwrap_or(u32::MAX), points.len() as u32] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(scale.to_le_bytes());
    for point in points {
        let is_finite = point.iter().all(|x| x.is_finite());
        for x in point {
            let stored = if is_finite { (x / scale * 32767.0).round() as i16 } else { NO_COORDINATE };
            bytes.extend(stored.to_le_bytes());
        }
    }
    bytes
}

/// The coordinates of each word of `frame` on `axes`, relative to the mean of all words, `[V, 3]`.
pub fn coordinates(frame: &Frame, axes: &Axes) -> Vec<f32> {
    let mean = frame.statistics.mean.as_slice();
    let origin: Vec<f32> = axes.directions.iter().map(|direction| dot(mean, direction)).collect(); // [3]
    let mut coordinates = Vec::with_capacity(frame.vectors.len() * DIMENSIONS);
    for row in 0..frame.vectors.len() as u32 {
        let row = frame.vectors.row(row);
        coordinates
            .extend(axes.directions.iter().zip(&origin).map(|(direction, origin)| dot(&row, direction) - origin));
    }
    coordinates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_survive_encoding_if_they_are_finite() {
        let points = [[0.5_f32, -2.0, 1.25], [f32::NAN, 0.0, 0.0], [0.0, 2.0, f32::INFINITY]];
        let bytes = encode(7, 40, 2.0, points.iter().map(|point| point.as_slice()));
        assert_eq!(bytes[..4], *b"WSP1");
        let header: Vec<u32> = bytes[4..16].as_chunks().0.iter().map(|&b| u32::from_le_bytes(b)).collect();
        assert_eq!(header, [7, 40, 3]);
        let scale = f32::from_le_bytes(bytes[16..20].try_into().unwrap());
        let stored: Vec<i16> = bytes[20..].as_chunks().0.iter().map(|&b| i16::from_le_bytes(b)).collect();
        assert_eq!(stored.len(), 9);
        for (stored, x) in stored[..3].iter().zip(points[0]) {
            assert!((*stored as f32 / 32767.0 * scale - x).abs() < 1e-4);
        }
        assert_eq!(stored[3..], [NO_COORDINATE; 6]);
    }
}
