//! A kernel of our own between burn's.
//!
//! On a GPU burn computes nothing at once: it queues what is to be done, joins into one kernel what it can, and starts it
//! later. A kernel of ours is queued among them and is started when its turn comes, so that it reads what was written before,
//! and a tensor that nobody will read after it may be written over.

use burn::backend::fusion::custom::{CustomOpIr, HandleContainer, Operation, OperationIr, StreamId, TensorIr};
use burn::backend::fusion::{ExecutionError, FusionTensor};
use burn::backend::{Cube, DispatchDevice};
use burn::tensor::{DType, Device, Int, Shape, Tensor};
use burn_cubecl::CubeBackend;
use burn_cubecl::fusion::{CubeFusionHandle, FusionCubeRuntime};
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use crate::node::{self, Node};

/// The backend of all GPUs.
pub(crate) type Gpu = Cube;
/// A tensor of any kind of numbers on a GPU, which may not be computed yet.
pub(crate) type Queued = FusionTensor<FusionCubeRuntime>;
/// A tensor as a node takes it; [`is_ours`] of it.
pub(crate) type Input = node::Input<Gpu>;

/// Whether `tensor` lies where kernels of ours compute, and is no larger than they [can count](is_countable).
pub(crate) fn is_ours<const D: usize>(tensor: &Tensor<D>) -> bool {
    let device = tensor.device().without_autodiff();
    let is_there = matches!(device.as_dispatch(), DispatchDevice::Cube(_)) && tensor.dtype() == DType::F32;
    is_there && is_countable(&tensor.dims())
}

/// Whether a tensor of this shape has fewer than 2³² numbers, 16 GiB: our kernels count in 32 bits, burn's in as many as it
/// takes, so that what is larger is left to the definitions.
pub(crate) fn is_countable(shape: &[usize]) -> bool {
    shape.iter().try_fold(1_u32, |product, &size| product.checked_mul(size.try_into().ok()?)).is_some()
}

/// The output of `node`, differentiable if any of the inputs is.
pub(crate) fn run<O: Node<Gpu, N>, const N: usize, const D: usize>(node: O, inputs: [Input; N]) -> Tensor<D> {
    node::run::<Gpu, O, N, D>(node, inputs)
}

/// A tensor that nothing is differentiated in, as it is queued; [`is_ours`] of it.
pub(crate) fn primitive<const D: usize>(tensor: Tensor<D>) -> Queued {
    tensor.try_into_primitive::<Gpu>().expect("a tensor on a GPU that is not tracked")
}

/// The opposite of [`primitive`].
pub(crate) fn tensor<const D: usize>(queued: Queued) -> Tensor<D> {
    Tensor::from_primitive::<Gpu>(queued)
}

/// Whole numbers as 32 bits with a sign, as they are queued.
pub(crate) fn int<const D: usize>(tensor: Tensor<D, Int>) -> Queued {
    let tensor = if tensor.dtype() == DType::I32 { tensor } else { tensor.cast(DType::I32) };
    tensor.inner().try_into_primitive::<Gpu>().expect("whole numbers on a GPU")
}

/// Queues `start`, which is given the `inputs` one after another in memory and starts what computes the outputs, 32-bit floats
/// in these shapes.
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
    let ours = Ours { inputs, outputs, start };
    let queued = client.register(StreamId::current(), OperationIr::Custom(description), ours);
    queued.try_into().expect("a tensor for every output")
}

/// The only output of [`queue`].
pub(crate) fn one([output]: [Queued; 1]) -> Queued {
    output
}

/// The bytes that a GPU takes in one buffer.
pub(crate) fn largest_buffer(device: &Device) -> u64 {
    match device.clone().without_autodiff().as_dispatch() {
        DispatchDevice::Cube(gpu) => gpu.client().properties().memory.max_page_size,
        _ => u64::MAX,
    }
}

struct Ours<S, const N: usize, const M: usize> {
    inputs: [TensorIr; N],
    outputs: [TensorIr; M],
    start: S,
}

impl<S, const N: usize, const M: usize> std::fmt::Debug for Ours<S, N, M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ours").field("inputs", &self.inputs).field("outputs", &self.outputs).finish()
    }
}

impl<S, const N: usize, const M: usize> Operation<FusionCubeRuntime> for Ours<S, N, M>
where
    S: Fn([CubeTensor; N]) -> [CubeTensor; M] + Send + Sync,
{
    fn execute(&self, handles: &mut HandleContainer<CubeFusionHandle>) -> Result<(), ExecutionError> {
        // On a GPU whole numbers are tensors of the same type.
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
    fn numbers_are_counted_up_to_what_32_bits_hold() {
        assert!(is_countable(&[1 << 20, 4095]) && is_countable(&[u32::MAX as usize]) && is_countable(&[0, 7]));
        assert!(!is_countable(&[1 << 20, 4096]) && !is_countable(&[1 << 32]) && !is_countable(&[1 << 40, 1 << 40]));
    }
}
