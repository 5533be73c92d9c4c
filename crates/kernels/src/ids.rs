//! Token ids, on a device and on the host.

use std::sync::{Arc, OnceLock};

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Token ids, `[B, T]`. Clones share the ids and what is cached about them.
#[derive(Clone, Debug)]
pub struct Ids(Arc<Cached>);

#[derive(Debug)]
struct Cached {
    tensor: Tensor<2, Int>,
    host: OnceLock<Arc<[u32]>>,
    /// In which order a GPU sums gradients.
    #[cfg(feature = "cube")]
    segments: OnceLock<crate::gpu::Segments>,
}

impl Ids {
    /// `ids`, the sequences of a batch one after another, each below 2³¹, on `device`.
    ///
    /// # Panics
    ///
    /// If there are not B·T of them.
    pub fn new(ids: &[u32], dims: [usize; 2], device: &Device) -> Self {
        let values: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
        let new = Self::from(Tensor::from_data(TensorData::new(values, dims), device));
        new.0.host.get_or_init(|| ids.into());
        new
    }

    /// B and T.
    pub fn dims(&self) -> [usize; 2] {
        self.0.tensor.dims()
    }

    /// The ids on their device.
    pub fn tensor(&self) -> Tensor<2, Int> {
        self.0.tensor.clone()
    }

    /// The ids on the host; read back from the device, once, if they came from there.
    #[cfg(any(feature = "cube", feature = "flex"))]
    pub(crate) fn on_the_host(&self) -> Arc<[u32]> {
        self.0.host.get_or_init(|| on_the_host(self.tensor())).clone()
    }

    /// In which order a GPU sums the gradient of a table of `v` rows; computed once.
    #[cfg(feature = "cube")]
    pub(crate) fn segments(&self, v: usize) -> crate::gpu::Segments {
        let compute = || crate::gpu::Segments::of(&self.on_the_host(), v, &self.0.tensor.device());
        let segments = self.0.segments.get_or_init(compute);
        if segments.rows() == v { segments.clone() } else { compute() }
    }
}

/// Ids that only a device knows. For a GPU, prefer [`Ids::new`]: the gradient of a lookup by these waits for the device.
impl From<Tensor<2, Int>> for Ids {
    fn from(tensor: Tensor<2, Int>) -> Self {
        Self(Arc::new(Cached {
            tensor,
            host: OnceLock::new(),
            #[cfg(feature = "cube")]
            segments: OnceLock::new(),
        }))
    }
}

/// Reads ids back from their device.
#[cfg(any(feature = "cube", feature = "flex"))]
pub(crate) fn on_the_host<const D: usize>(tensor: Tensor<D, Int>) -> Arc<[u32]> {
    let ids = tensor.into_data().convert::<i32>().try_into_vec::<i32>().expect("the data was converted to i32");
    ids.into_iter().map(|id| id as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_device_have_the_same_ids() {
        let ids = Ids::new(&[3, 1, 4, 1, 5, 9], [2, 3], &Device::flex());
        assert_eq!(ids.dims(), [2, 3]);
        let found = ids.tensor().into_data().convert::<i32>().try_into_vec::<i32>().unwrap();
        assert_eq!(found, [3, 1, 4, 1, 5, 9]);
    }
}
