//! Dropout on a GPU.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::{Dropout, INCREMENT, MULTIPLIER, XOR_MULTIPLIER};
use crate::gpu::{Gpu, Queued, empty, grid, one, queue, width};
use crate::node::Node;

/// Dropout of x; of two inputs, of the second, which is added to the first.
#[derive(Debug)]
pub struct Apply(pub Dropout);

impl Node<1> for Apply {
    type Backend = Gpu;
    type Saved = Dropout;

    fn forward(&self, [x]: [Queued; 1], _: bool) -> (Queued, Dropout) {
        (apply(None, x, self.0), self.0)
    }

    fn backward(dropout: Dropout, d_out: Queued, _: [bool; 1]) -> [Option<Queued>; 1] {
        [Some(apply(None, d_out, dropout))]
    }
}

impl Node<2> for Apply {
    type Backend = Gpu;
    type Saved = Dropout;

    fn forward(&self, [residual, x]: [Queued; 2], _: bool) -> (Queued, Dropout) {
        (apply(Some(residual), x, self.0), self.0)
    }

    fn backward(dropout: Dropout, d_out: Queued, wanted: [bool; 2]) -> [Option<Queued>; 2] {
        let d_x = wanted[1].then(|| apply(None, d_out.clone(), dropout));
        [wanted[0].then_some(d_out), d_x]
    }
}

fn apply(residual: Option<Queued>, x: Queued, dropout: Dropout) -> Queued {
    let (shape, has_residual) = (x.shape.clone(), residual.is_some());
    // A kernel's arguments cannot be optional: without a residual, any buffer is bound.
    let residual = residual.unwrap_or_else(|| x.clone());
    assert_eq!(residual.shape.num_elements(), shape.num_elements(), "as many elements");
    one(queue("dropout", [residual, x], [shape.clone()], move |[residual, x]| {
        let (out, count) = (empty(&x, shape.clone()), x.meta.num_elements());
        let width = width(count);
        let (cubes, cube) = grid(&out.client, count / width);
        let (residual, x, to) = (residual.into_buffer_arg(), x.into_buffer_arg(), out.clone().into_buffer_arg());
        dropout_kernel::launch(&out.client, cubes, cube, width, residual, x, to, dropout.args(), has_residual);
        [out]
    }))
}

/// A thread for each vector of `out`.
#[cube(launch)]
fn dropout_kernel<W: Size>(
    residual: &[Vector<f32, W>],
    x: &[Vector<f32, W>],
    out: &mut [Vector<f32, W>],
    dropout: &DropoutArgs,
    #[comptime] has_residual: bool,
) {
    if ABSOLUTE_POS >= out.len() {
        terminate!();
    }
    let first = u32::cast_from(ABSOLUTE_POS) * W::value() as u32;
    let mut factors = Vector::<f32, W>::new(0.0);
    #[unroll]
    for nth in 0..W::value() {
        factors.insert(nth, factor(first + nth as u32, dropout));
    }
    if has_residual {
        out[ABSOLUTE_POS] = residual[ABSOLUTE_POS] + factors * x[ABSOLUTE_POS];
    } else {
        out[ABSOLUTE_POS] = factors * x[ABSOLUTE_POS];
    }
}

/// [`Dropout`] as the arguments of a kernel.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct DropoutArgs {
    key0: u32,
    key1: u32,
    threshold: u32,
    scale: f32,
}

impl Dropout {
    pub(crate) fn args(self) -> DropoutArgsLaunch {
        let ([key0, key1], (threshold, scale)) = (self.key, self.threshold_and_scale());
        DropoutArgsLaunch::new(key0, key1, threshold, scale)
    }
}

/// What the element at `index` is multiplied by.
#[cube]
pub(crate) fn factor(index: u32, dropout: &DropoutArgs) -> f32 {
    let mut factor = dropout.scale;
    if hash(hash(index ^ dropout.key0) + dropout.key1) < dropout.threshold {
        factor = 0.0;
    }
    factor
}

/// The host's hash: 32-bit integers wrap around on every GPU.
#[cube]
fn hash(x: u32) -> u32 {
    let x = x * MULTIPLIER + INCREMENT;
    let x = ((x >> ((x >> 28) + 4)) ^ x) * XOR_MULTIPLIER;
    (x >> 22) ^ x
}
