use super::*;
#[cfg(feature = "wgpu")]
use crate::testing::assert_agrees_on;
use crate::testing::{assert_agrees, elements, random};

#[test]
fn agrees_with_the_reference() {
    for (b, t, heads, d) in [(1, 1, 1, 1), (2, 5, 3, 2), (3, 64, 2, 16), (1, 65, 1, 8), (2, 150, 2, 4)] {
        for dropout in [Dropout::NONE, Dropout::new(0.2, 9)] {
            assert_agrees(
                [random([b * t, 3 * heads * d], 1.5)],
                |[qkv]| causal_attention(qkv, t, heads, dropout),
                |[qkv]| reference(qkv, t, heads, dropout),
            );
        }
    }
}

#[test]
fn the_mask_hides_later_positions_only() {
    let mask = |earlier, t| elements(causal_mask(earlier, t, &Device::flex()));
    assert_eq!(mask(0, 2), [0.0, HIDDEN, 0.0, 0.0]);
    assert_eq!(mask(2, 2), [0.0, 0.0, 0.0, HIDDEN, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(mask(3, 1), [0.0; 4]);
}

#[test]
#[cfg(feature = "wgpu")]
fn agrees_on_a_gpu_within_a_tile_and_over_several() {
    let Some(gpu) = crate::testing::gpu("causal attention on a GPU") else { return };
    for (b, t, heads, d) in [(2, 5, 3, 2), (3, 8, 2, 4), (2, 150, 2, 4), (1, 260, 2, 8)] {
        for dropout in [Dropout::NONE, Dropout::new(0.2, 9)] {
            assert_agrees_on(
                &gpu,
                [random([b * t, 3 * heads * d], 1.5)],
                |[qkv]| causal_attention(qkv, t, heads, dropout),
                |[qkv]| reference(qkv, t, heads, dropout),
            );
        }
    }
}
