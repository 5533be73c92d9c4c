//! GELU on the CPU, alone and in the epilogue of a product.

use std::mem::MaybeUninit;

use wordspace_gemm::{CHUNK, exp, parallel_map, vec_from_chunks, vectorized};

use super::{CUBE, TWO_ROOT};
use crate::operation::{Operation, Values, View};

#[derive(Clone, Debug)]
pub struct Gelu;

impl Operation<1> for Gelu {
    type Saved = ();

    fn forward(&self, [x]: [View<'_>; 1], _: bool) -> (Values, ()) {
        let write = |chunk: usize, out: &mut [MaybeUninit<f32>]| {
            activate(out.write_copy_of_slice(&x[chunk * CHUNK..][..out.len()]));
        };
        // SAFETY: `write` copies into every element of its chunk before it changes any.
        (Values::like(unsafe { vec_from_chunks(x.len(), CHUNK, write) }, x), ())
    }

    fn backward(&self, [x]: [View<'_>; 1], (): (), mut d_out: Values, _: [bool; 1]) -> [Option<Values>; 1] {
        parallel_map(d_out.as_mut_slice().chunks_mut(CHUNK).zip(x.chunks(CHUNK)), |_, (d, x)| {
            vectorized(
                #[inline(always)]
                || {
                    for i in 0..d.len() {
                        d[i] *= derivative(x[i], gate(x[i]));
                    }
                },
            )
        });
        [Some(d_out)]
    }
}

/// Turns every `x` into its activation.
pub fn activate(x: &mut [f32]) {
    vectorized(
        #[inline(always)]
        || {
            for i in 0..x.len() {
                x[i] *= gate(x[i]);
            }
        },
    )
}

/// [`activate`], which also writes the derivatives.
pub fn activate_with_derivatives(x: &mut [f32], derivatives: &mut [MaybeUninit<f32>]) {
    vectorized(
        #[inline(always)]
        || {
            let derivatives = &mut derivatives[..x.len()];
            for i in 0..x.len() {
                let (at, gate) = (x[i], gate(x[i]));
                x[i] = at * gate;
                derivatives[i].write(derivative(at, gate));
            }
        },
    )
}

/// σ(2u).
#[inline(always)]
fn gate(x: f32) -> f32 {
    let two_u = (x * x * (TWO_ROOT * CUBE) as f32 + TWO_ROOT as f32) * x;
    1.0 / (1.0 + exp(-two_u))
}

#[inline(always)]
fn derivative(x: f32, gate: f32) -> f32 {
    let two_u_derivative = x * x * (3.0 * TWO_ROOT * CUBE) as f32 + TWO_ROOT as f32;
    gate + x * gate * (1.0 - gate) * two_u_derivative
}
