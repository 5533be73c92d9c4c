//! The building blocks of the GPU kernels, in CubeCL: one source for every GPU that burn runs on.
//!
//! CubeCL calls a workgroup (CUDA's thread block) a *cube* and a thread (Vulkan's invocation) a *unit*; `CUBE_POS` and `UNIT_POS`
//! are its names for their indices. The kernels need only what every GPU has: no subgroups, no atomic floats, 32-bit indices.

mod matmul;
mod matmul_tile;
mod matrix;
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

pub(crate) use matmul::{Accumulate, matmul, matmul_into};
pub(crate) use matmul_tile::Structure;
pub(crate) use matrix::{Matrix, is_vec4_aligned};
pub(crate) use queue::{Gpu, Queued, int, is_countable, largest_buffer, one, primitive, queue, tensor};
pub(crate) use reduce::{FEW_UNITS, UNITS, max_of_cube, sum, sum_of_cube, sum_of_rows, sum_parts};
pub(crate) use segments::Segments;
pub(crate) use tile::TILE;

/// Four adjacent elements: the widest load.
pub(crate) type Vec4 = Vector<f32, Const<4>>;

/// A new tensor on the device of `like`, uninitialized.
pub(crate) fn empty(like: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    empty_device_contiguous_dtype(like.client.clone(), like.device.clone(), shape.into(), DType::F32)
}

/// `tensor`, to be overwritten: copied first if it is shared.
pub(crate) fn unique(tensor: CubeTensor) -> CubeTensor {
    if tensor.can_mut() { tensor } else { tensor.copy() }
}

/// The widest vectors, of 4, 2 or 1 elements, that rows of `columns` elements consist of.
pub(crate) fn width(columns: usize) -> usize {
    [4, 2].into_iter().find(|width| columns.is_multiple_of(*width)).unwrap_or(1)
}

/// A grid of at least so many units, in as many dimensions as the GPU needs.
pub(crate) fn grid(client: &Client, units: usize) -> (CubeCount, CubeDim) {
    let cube = CubeDim::new(client, units);
    (calculate_cube_count_elemwise(client, units, cube), cube)
}

/// A grid of at least so many cubes of so many cooperating units.
pub(crate) fn grid_of_cubes(client: &Client, cubes: usize, units: u32) -> (CubeCount, CubeDim) {
    let cube = CubeDim::new_1d(units);
    (calculate_cube_count_elemwise(client, cubes * units as usize, cube), cube)
}
