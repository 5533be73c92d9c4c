//! Dropout on a GPU.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::{Dropout, INCREMENT, MULTIPLIER, XOR_MULTIPLIER};
use crate::gpu::{Gpu, Queued, empty, grid, one, queue, width};
use crate::node::Node;

#[derive(Debug)]
pub struct Drop(pub Dropout);

impl Node<Gpu, 1> for Drop {
    type Saved = Dropout;

    fn forward(&self, [x]: [Queued; 1], _: bool) -> (Queued, Dropout) {
        (drop(None, x, self.0), self.0)
    }

    fn backward(dropped: Dropout, d_out: Queued, _: [bool; 1]) -> [Option<Queued>; 1] {
        [Some(drop(None, d_out, dropped))]
    }
}

impl Node<Gpu, 2> for Drop {
    type Saved = Dropout;

    fn forward(&self, [stream, x]: [Queued; 2], _: bool) -> (Queued, Dropout) {
        (drop(Some(stream), x, self.0), self.0)
    }

    fn backward(dropped: Dropout, d_out: Queued, wanted: [bool; 2]) -> [Option<Queued>; 2] {
        let d_x = wanted[1].then(|| drop(None, d_out.clone(), dropped));
        [wanted[0].then_some(d_out), d_x]
    }
}

fn drop(stream: Option<Queued>, x: Queued, dropped: Dropout) -> Queued {
    let (shape, has_stream) = (x.shape.clone(), stream.is_some());
    // Something must be bound in place of what is not there.
    let stream = stream.unwrap_or_else(|| x.clone());
    assert_eq!(stream.shape.num_elements(), shape.num_elements(), "as many numbers");
    one(queue("dropout", [stream, x], [shape.clone()], move |[stream, x]| {
        let (out, count) = (empty(&x, shape.clone()), x.meta.num_elements());
        let width = width(count);
        let (cubes, cube) = grid(&out.client, count / width);
        let (stream, x, to) = (stream.into_buffer_arg(), x.into_buffer_arg(), out.clone().into_buffer_arg());
        dropout::launch(&out.client, cubes, cube, width, stream, x, to, dropped.drops(), has_stream);
        [out]
    }))
}

/// A unit for each vector of `out`.
#[cube(launch)]
fn dropout<W: Size>(
    stream: &[Vector<f32, W>],
    x: &[Vector<f32, W>],
    out: &mut [Vector<f32, W>],
    drops: &Drops,
    #[comptime] has_stream: bool,
) {
    if ABSOLUTE_POS >= out.len() {
        terminate!();
    }
    let first = u32::cast_from(ABSOLUTE_POS) * W::value() as u32;
    let mut factors = Vector::<f32, W>::new(0.0);
    #[unroll]
    for nth in 0..W::value() {
        factors.insert(nth, factor(first + nth as u32, drops));
    }
    if has_stream {
        out[ABSOLUTE_POS] = stream[ABSOLUTE_POS] + factors * x[ABSOLUTE_POS];
    } else {
        out[ABSOLUTE_POS] = factors * x[ABSOLUTE_POS];
    }
}

/// What is dropped, for a kernel.
#[derive(CubeType, CubeLaunch)]
pub(crate) struct Drops {
    key0: u32,
    key1: u32,
    least: u32,
    scale: f32,
}

impl Dropout {
    pub(crate) fn drops(self) -> DropsLaunch {
        let ([key0, key1], (least, scale)) = (self.key, self.least_and_scale());
        DropsLaunch::new(key0, key1, least, scale)
    }
}

/// What the number at `place` is multiplied by.
#[cube]
pub(crate) fn factor(place: u32, drops: &Drops) -> f32 {
    let mut factor = drops.scale;
    if hash(hash(place ^ drops.key0) + drops.key1) < drops.least {
        factor = 0.0;
    }
    factor
}

/// As on the host; whole numbers of 32 bits overflow on every GPU as they do there.
#[cube]
fn hash(x: u32) -> u32 {
    let x = x * MULTIPLIER + INCREMENT;
    let x = ((x >> ((x >> 28) + 4)) ^ x) * XOR_MULTIPLIER;
    (x >> 22) ^ x
}
