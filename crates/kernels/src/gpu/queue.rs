//! Puts our kernels into burn's queue.
//!
//! On a GPU burn computes lazily: it queues operations, fuses what it can, and launches later. A kernel of ours is queued among
//! them, so it reads what earlier operations wrote, and may overwrite a tensor that no later operation reads.

use burn::backend::fusion::custom::{CustomOpIr, HandleContainer, Operation, OperationIr, StreamId, TensorIr};
use burn::backend::fusion::{ExecutionError, FusionTensor};
use burn::backend::{Cube, DispatchDevice};
use burn::tensor::{DType, Device, Int, Shape, Tensor};
use burn_cubecl::CubeBackend;
use burn_cubecl::fusion::{CubeFusionHandle, FusionCubeRuntime};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

/// burn's backend for all GPUs.
pub(crate) type Gpu = Cube;
/// A tensor of any type on a GPU, which may not be computed yet.
pub(crate) type Queued = FusionTensor<FusionCubeRuntime>;

/// Whether a tensor of this shape has fewer than 2³² elements: our kernels index with 32 bits. burn's use more where needed, so
/// larger tensors are left to the reference implementations.
pub(crate) fn is_countable(shape: &[usize]) -> bool {
    shape.iter().try_fold(1_u32, |product, &size| product.checked_mul(size.try_into().ok()?)).is_some()
}

/// An untracked tensor on a GPU, as it is queued.
pub(crate) fn primitive<const D: usize>(tensor: Tensor<D>) -> Queued {
    tensor.try_into_primitive::<Gpu>().expect("a tensor on a GPU that is not tracked")
}

/// The inverse of [`primitive`].
pub(crate) fn tensor<const D: usize>(queued: Queued) -> Tensor<D> {
    Tensor::from_primitive::<Gpu>(queued)
}

/// Integers as signed 32 bits, as they are queued.
pub(crate) fn int<const D: usize>(tensor: Tensor<D, Int>) -> Queued {
    let tensor = if tensor.dtype() == DType::I32 { tensor } else { tensor.cast(DType::I32) };
    tensor.inner().try_into_primitive::<Gpu>().expect("integers on a GPU")
}

/// Queues `start`, which gets the `inputs`, contiguous, and launches the kernels that compute the outputs: 32-bit floats of these
/// shapes.
pub(crate) fn queue<const N: usize, const M: usize>(
    name: &'static str,
    inputs: [Queued; N],
    shapes: [Shape; M],
    start: impl Fn([CubeTensor; N]) -> [CubeTensor; M] + Send + Sync + 'static,
) -> [Queued; M] {
    let client = inputs[0].client.clone();
    let inputs = inputs.map(Queued::into_ir);
    let outputs = shapes.map(|shape| TensorIr::uninit(client.create_empty_handle(), shape, DType::F32));
    let description = CustomOpIr::new(name, &inputs, &outputs);
    let launch = Launch { inputs, outputs, start };
    let queued = client.register(StreamId::current(), OperationIr::Custom(description), launch);
    queued.try_into().expect("a tensor for every output")
}

/// The only output of [`queue`].
pub(crate) fn one([output]: [Queued; 1]) -> Queued {
    output
}

/// The largest buffer of a GPU, in bytes.
pub(crate) fn largest_buffer(device: &Device) -> u64 {
    match device.clone().without_autodiff().as_dispatch() {
        DispatchDevice::Cube(gpu) => gpu.client().properties().memory.max_page_size,
        _ => u64::MAX,
    }
}

/// A queued operation of [`queue`].
struct Launch<S, const N: usize, const M: usize> {
    inputs: [TensorIr; N],
    outputs: [TensorIr; M],
    start: S,
}

impl<S, const N: usize, const M: usize> std::fmt::Debug for Launch<S, N, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Launch").field("inputs", &self.inputs).field("outputs", &self.outputs).finish()
    }
}

impl<S, const N: usize, const M: usize> Operation<FusionCubeRuntime> for Launch<S, N, M>
where
    S: Fn([CubeTensor; N]) -> [CubeTensor; M] + Send + Sync,
{
    fn execute(&self, handles: &mut HandleContainer<CubeFusionHandle>) -> Result<(), ExecutionError> {
        // Integers on a GPU are tensors of the same type.
        let inputs =
            self.inputs.each_ref().map(|input| into_contiguous(handles.get_float_tensor::<CubeBackend>(input)));
        for (output, tensor) in self.outputs.iter().zip((self.start)(inputs)) {
            handles.register_float_tensor::<CubeBackend>(&output.id, tensor);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_countable_below_two_to_the_32() {
        assert!(is_countable(&[1 << 20, 4095]) && is_countable(&[u32::MAX as usize]) && is_countable(&[0, 7]));
        assert!(!is_countable(&[1 << 20, 4096]) && !is_countable(&[1 << 32]) && !is_countable(&[1 << 40, 1 << 40]));
    }
}
