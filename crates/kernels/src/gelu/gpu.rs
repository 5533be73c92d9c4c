//! GELU on a GPU.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::{CUBE, TWO_ROOT};
use crate::gpu::{Gpu, Queued, empty, grid, one, queue, width};
use crate::node::Node;

#[derive(Debug)]
pub struct Gelu;

impl Node<1> for Gelu {
    type Backend = Gpu;
    type Saved = Queued;

    fn forward(&self, [x]: [Queued; 1], _: bool) -> (Queued, Queued) {
        (each(x.clone(), None), x)
    }

    fn backward(x: Queued, d_out: Queued, _: [bool; 1]) -> [Option<Queued>; 1] {
        [Some(each(x, Some(d_out)))]
    }
}

/// The activation of every element, or if `d_out` is given, the gradient of `x`.
fn each(x: Queued, d_out: Option<Queued>) -> Queued {
    let (shape, is_gradient) = (x.shape.clone(), d_out.is_some());
    // A kernel's arguments cannot be optional: without a gradient, any buffer is bound.
    let d_out = d_out.unwrap_or_else(|| x.clone());
    one(queue("gelu", [x, d_out], [shape.clone()], move |[x, d_out]| {
        let (out, count) = (empty(&x, shape.clone()), x.meta.num_elements());
        let width = width(count);
        let (cubes, cube) = grid(&out.client, count / width);
        let (x, d_out, to) = (x.into_buffer_arg(), d_out.into_buffer_arg(), out.clone().into_buffer_arg());
        gelu_kernel::launch(&out.client, cubes, cube, width, x, d_out, to, is_gradient);
        [out]
    }))
}

/// A thread for each vector of `out`.
#[cube(launch)]
fn gelu_kernel<W: Size>(
    x: &[Vector<f32, W>],
    d_out: &[Vector<f32, W>],
    out: &mut [Vector<f32, W>],
    #[comptime] is_gradient: bool,
) {
    if ABSOLUTE_POS >= out.len() {
        terminate!();
    }
    let x = x[ABSOLUTE_POS];
    let one = Vector::<f32, W>::new(1.0);
    let (root, cube) = (Vector::<f32, W>::new(TWO_ROOT as f32), Vector::<f32, W>::new((TWO_ROOT * CUBE) as f32));
    let two_u = (x * x * cube + root) * x;
    let gate = one / (one + (-two_u).exp());
    if is_gradient {
        let inner = x * x * Vector::new((3.0 * TWO_ROOT * CUBE) as f32) + root;
        out[ABSOLUTE_POS] = d_out[ABSOLUTE_POS] * (gate + x * gate * (one - gate) * inner);
    } else {
        out[ABSOLUTE_POS] = x * gate;
    }
}
