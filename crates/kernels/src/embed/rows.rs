//! Rows on the way between tables and activations: how far ahead they are prefetched, and how they are written.

use std::mem::MaybeUninit;

use wordspace_gemm::{NonTemporal, cache_line};

/// How many elements ahead of those that are copied or added rows are prefetched.
const AHEAD: usize = 1536;

/// How many rows ahead to prefetch where `columns` columns of a row are used.
pub fn rows_ahead(columns: usize) -> usize {
    AHEAD.div_ceil(columns.max(1))
}

/// Copies a row, by non-temporal stores where `stores` says so.
pub fn write_row(out: &mut [MaybeUninit<f32>], row: &[f32], stores: &NonTemporal) {
    if !stores.write(out, |at| cache_line(row, at)) {
        out.write_copy_of_slice(row);
    }
}
