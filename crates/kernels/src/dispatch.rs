//! Which implementation computes an operation. Beside the `mod` declarations this is the only place that asks which kernels
//! were compiled in.

use burn::tensor::{DType, Device, Tensor};

/// An implementation of every operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// Our CPU kernels, on burn's backend flex.
    #[cfg(feature = "flex")]
    Cpu,
    /// Our GPU kernels, on all of burn's GPU backends.
    #[cfg(feature = "cube")]
    Gpu,
    /// burn's own operations, on any backend and for any type of element.
    Reference,
}

/// The implementation for operations on `x`.
pub(crate) fn backend_of<const D: usize>(x: &Tensor<D>) -> Backend {
    match backend_of_device(&x.device()) {
        #[cfg(feature = "cube")]
        Backend::Gpu if !crate::gpu::is_countable(&x.dims()) => Backend::Reference,
        backend if x.dtype() == DType::F32 => backend,
        _ => Backend::Reference,
    }
}

/// The implementation for operations on `device`; the feature `reference` turns all kernels off.
pub(crate) fn backend_of_device(device: &Device) -> Backend {
    if cfg!(feature = "reference") {
        return Backend::Reference;
    }
    match device.clone().without_autodiff().as_dispatch() {
        #[cfg(feature = "flex")]
        burn::backend::DispatchDevice::Flex(_) => Backend::Cpu,
        #[cfg(feature = "cube")]
        burn::backend::DispatchDevice::Cube(_) => Backend::Gpu,
        _ => Backend::Reference,
    }
}

/// A `match` on where an operation is computed, without the arms of kernels that were not compiled in. An arm may be left out,
/// or guarded: then the reference implementation takes its place.
macro_rules! dispatch {
    (match $backend_of:ident($x:expr) {
        $(Cpu $(if $cpu_takes:expr)? => $cpu:expr,)?
        $(Gpu $(if $gpu_takes:expr)? => $gpu:expr,)?
        Reference => $reference:expr $(,)?
    }) => {
        match $crate::dispatch::$backend_of($x) {
            $(
                #[cfg(feature = "flex")]
                $crate::dispatch::Backend::Cpu $(if $cpu_takes)? => $cpu,
            )?
            $(
                #[cfg(feature = "cube")]
                $crate::dispatch::Backend::Gpu $(if $gpu_takes)? => $gpu,
            )?
            _ => $reference,
        }
    };
}
