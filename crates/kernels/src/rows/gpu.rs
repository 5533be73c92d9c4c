//! The update of rows on a GPU: the kernel of [`crate::adamw`], told which rows.

use burn::tensor::Tensor;

use super::Rows;
use crate::adamw::gpu::update;
use crate::{AdamW, Moments};

pub fn update_rows(
    adamw: &AdamW,
    table: Tensor<1>,
    rows: &Rows,
    gradient: Tensor<1>,
    scale: Tensor<1>,
    moments: Moments,
) -> (Tensor<1>, Moments) {
    let rows = rows.tensor(&table.device());
    update(adamw, table, Some(rows), gradient, scale, moments)
}
