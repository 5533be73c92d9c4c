//! What the kernels for GPUs are made of. One source serves every GPU that burn reaches, by CubeCL.
//!
//! A kernel is started on a grid of *cubes* of *units*: all units run the same code, each at its own position, and those of
//! one cube can wait for each other and share a little memory. Nothing here asks for more than the least GPU has: no atomic
//! floats, no groups of units that know each other, 32-bit numbers alone.

mod matrix;
mod product;
mod queue;
mod reduce;
mod segments;
mod tile;

use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl::client::Client;
use burn_cubecl::cubecl::prelude::{Const, Vector};
use burn_cubecl::cubecl::{CubeCount, CubeDim, calculate_cube_count_elemwise};
use burn_cubecl::ops::numeric::empty_device_contiguous_dtype;
use burn_cubecl::tensor::CubeTensor;

pub(crate) use matrix::{Matrix, is_of_fours};
pub(crate) use product::{Onto, Part, multiply, product};
pub(crate) use queue::{Gpu, Queued, int, is_countable, is_ours, largest_buffer, one, primitive, queue, run, tensor};
pub(crate) use reduce::{FEW_UNITS, UNITS, largest_of_cube, sum, sum_of_cube, sum_of_rows, sum_parts};
pub(crate) use segments::Segments;
pub(crate) use tile::TILE;

/// Four numbers beside each other, the most that is read at once.
pub(crate) type Four = Vector<f32, Const<4>>;

/// A new tensor beside `like`, which is written before it is read.
pub(crate) fn empty(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), DType::F32)
}

/// `tensor` to be written over; copied first if anybody else reads it.
pub(crate) fn unique(tensor: CubeTensor) -> CubeTensor {
    if tensor.can_mut() { tensor } else { tensor.copy() }
}

/// How many numbers a unit reads at once, so that rows of `columns` numbers are read whole: 4, 2 or 1.
pub(crate) fn width(columns: usize) -> usize {
    [4, 2].into_iter().find(|width| columns.is_multiple_of(*width)).unwrap_or(1)
}

/// A grid of at least so many units, in as many dimensions as the GPU needs.
pub(crate) fn grid(client: &Client, units: usize) -> (CubeCount, CubeDim) {
    let cube = CubeDim::new(client, units);
    (calculate_cube_count_elemwise(client, units, cube), cube)
}

/// A grid of at least so many cubes of so many units, which work together.
pub(crate) fn grid_of_cubes(client: &Client, cubes: usize, units: u32) -> (CubeCount, CubeDim) {
    let cube = CubeDim::new_1d(units);
    (calculate_cube_count_elemwise(client, cubes * units as usize, cube), cube)
}
