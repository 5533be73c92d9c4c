//! The inputs of a case: pseudo-random tables, the ids it draws, and the optimizer's settings.

use burn::tensor::{Device, Tensor, TensorData};
use wordspace_kernels::AdamW;

use super::Case;
use super::work::Lookup;

/// The optimizer's settings; the step is that of the first update.
pub(super) const ADAMW: AdamW =
    AdamW { learning_rate: 1e-3, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.1, step: 1 };

/// The ids of a case.
pub(super) fn lookup(case: &Case) -> Lookup {
    Lookup { ids: case.ids.draw(case.v, case.rows()), context: case.t }
}

/// Pseudo-random values between -0.1 and 0.1, a function of index and salt.
pub(super) fn values(count: usize, salt: u32) -> Vec<f32> {
    let value = |at: u32| {
        let mut bits = (at ^ salt.rotate_left(16)).wrapping_mul(0x9e37_79b1);
        bits ^= bits >> 15;
        bits = bits.wrapping_mul(0x85eb_ca6b);
        ((bits ^ bits >> 13) >> 8) as f32 / (1 << 24) as f32 * 0.2 - 0.1
    };
    (0..count as u32).map(value).collect()
}

/// [`values`] as a matrix.
pub(super) fn tensor(rows: usize, columns: usize, salt: u32, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values(rows * columns, salt), [rows, columns]), device)
}
