//! Vectors and points inside a page that carries its own data: 16-bit floats in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use half::f16;
use serde::Serialize;

/// A frame in such a page.
#[derive(Serialize)]
pub struct EmbeddedFrame {
    /// The update.
    pub step: u64,
    /// As `/api/runs/R/points/S` answers, in base64.
    pub points: String,
    /// The token table, `[V, C]`, as [`half_floats`] writes it.
    pub vectors: String,
}

/// A position table in such a page.
#[derive(Serialize)]
pub struct EmbeddedPositions {
    /// The update.
    pub step: u64,
    /// `[T, C]`, as [`half_floats`] writes it.
    pub vectors: String,
}

/// `values` as little-endian 16-bit floats in base64.
pub fn half_floats(values: impl Iterator<Item = f32>) -> String {
    base64(&values.flat_map(|x| f16::from_f32(x).to_le_bytes()).collect::<Vec<u8>>())
}

/// `bytes` in base64, padded (RFC 4648).
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_little_endian_half_floats() {
        // 1.0 is 0x3C00.
        assert_eq!(half_floats([1.0, -1.0].into_iter()), base64(&[0x00, 0x3C, 0x00, 0xBC]));
        assert_eq!(base64(&[0xFB, 0xFF, 0xBF]), "+/+/");
    }
}
