//! Dropout on the CPU, alone and in the epilogue of a product.

use std::mem::MaybeUninit;

use wordspace_gemm::{CHUNK, vec_from_chunks, vectorized};

use super::Dropout;
use crate::operation::{Operation, Values, View};

#[derive(Clone, Debug)]
pub struct Apply(pub Dropout);

impl Operation<1> for Apply {
    type Saved = ();

    fn forward(&self, [x]: [View<'_>; 1], _: bool) -> (Values, ()) {
        (self.0.apply(x), ())
    }

    fn backward(&self, _: [View<'_>; 1], (): (), d_out: Values, _: [bool; 1]) -> [Option<Values>; 1] {
        [Some(self.0.apply(d_out.view()))]
    }
}

impl Dropout {
    fn apply(self, x: View<'_>) -> Values {
        let write = |chunk: usize, out: &mut [MaybeUninit<f32>]| {
            let first = chunk * CHUNK;
            let out = out.write_copy_of_slice(&x[first..][..out.len()]);
            vectorized(
                #[inline(always)]
                || self.apply_in_place(first as u32, out),
            )
        };
        // SAFETY: `write` copies into every element of its chunk before it changes any.
        Values::like(unsafe { vec_from_chunks(x.len(), CHUNK, write) }, x)
    }

    /// The gradient of x, given `d`, that of x after dropout.
    pub(crate) fn backward(self, d: &Values) -> Values {
        if self.is_none() { d.clone() } else { self.apply(d.view()) }
    }

    /// An epilogue: drops elements and adds to each the one of `residual` at its index; its first argument is the index of the
    /// first.
    pub(crate) fn then_add(self, residual: &[f32]) -> impl Fn(usize, &mut [f32]) + Sync {
        move |first, x| {
            vectorized(
                #[inline(always)]
                || {
                    let residual = &residual[first..][..x.len()];
                    if !self.is_none() {
                        self.apply_in_place(first as u32, x);
                    }
                    for i in 0..x.len() {
                        x[i] += residual[i];
                    }
                },
            )
        }
    }

    /// Drops elements of `x`, of which the first has the index `first`; to be called within [`vectorized`].
    #[inline(always)]
    pub(crate) fn apply_in_place(self, first: u32, x: &mut [f32]) {
        let (threshold, scale) = self.threshold_and_scale();
        for i in 0..x.len() {
            let is_dropped = self.hash(first.wrapping_add(i as u32)) < threshold;
            x[i] = if is_dropped { 0.0 } else { x[i] * scale };
        }
    }
}
