//! Token ids, as a device and the host know them.

use std::sync::{Arc, OnceLock};

use burn::tensor::{Device, Int, Tensor, TensorData};

/// Token ids, `[B, T]`. A clone is the same ids, and shares what was found out about them.
#[derive(Clone, Debug)]
pub struct Ids(Arc<Known>);

#[derive(Debug)]
struct Known {
    tensor: Tensor<2, Int>,
    host: OnceLock<Arc<[u32]>>,
    /// In which order a GPU sums gradients.
    #[cfg(feature = "cube")]
    segments: OnceLock<crate::gpu::Segments>,
}

impl Ids {
    /// `ids`, the rows of a batch one after another, each below 2³¹, on `device`.
    ///
    /// # Panics
    ///
    /// If there are not B·T of them.
    pub fn new(ids: &[u32], dims: [usize; 2], device: &Device) -> Self {
        let numbers: Vec<i32> = ids.iter().map(|&id| id as i32).collect();
        let new = Self::from(Tensor::from_data(TensorData::new(numbers, dims), device));
        new.0.host.get_or_init(|| ids.into());
        new
    }

    /// B and T.
    pub fn dims(&self) -> [usize; 2] {
        self.0.tensor.dims()
    }

    /// The ids where they lie.
    pub fn tensor(&self) -> Tensor<2, Int> {
        self.0.tensor.clone()
    }

    /// The ids on the host; a device that alone knows them is asked, and waited for, once.
    #[cfg(any(feature = "cube", feature = "flex"))]
    pub(crate) fn on_the_host(&self) -> Arc<[u32]> {
        self.0.host.get_or_init(|| on_the_host(self.tensor())).clone()
    }

    /// In which order a GPU sums the gradients in a table of `v` rows; found once.
    #[cfg(feature = "cube")]
    pub(crate) fn segments(&self, v: usize) -> crate::gpu::Segments {
        let find = || crate::gpu::Segments::of(&self.on_the_host(), v, &self.0.tensor.device());
        let found = self.0.segments.get_or_init(find);
        if found.rows() == v { found.clone() } else { find() }
    }
}

/// Ids that a device alone knows. On a GPU, prefer [`Ids::new`]: a gradient by ids of this kind waits for the device.
impl From<Tensor<2, Int>> for Ids {
    fn from(tensor: Tensor<2, Int>) -> Self {
        Self(Arc::new(Known {
            tensor,
            host: OnceLock::new(),
            #[cfg(feature = "cube")]
            segments: OnceLock::new(),
        }))
    }
}

/// The ids in `tensor`.
#[cfg(any(feature = "cube", feature = "flex"))]
pub(crate) fn on_the_host<const D: usize>(tensor: Tensor<D, Int>) -> Arc<[u32]> {
    let ids = tensor.into_data().convert::<i32>().try_into_vec::<i32>().expect("they were made 32-bit numbers");
    ids.into_iter().map(|id| id as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_numbers_on_the_host_and_on_the_device() {
        let ids = Ids::new(&[3, 1, 4, 1, 5, 9], [2, 3], &Device::flex());
        assert_eq!(ids.dims(), [2, 3]);
        let found = ids.tensor().into_data().convert::<i32>().try_into_vec::<i32>().unwrap();
        assert_eq!(found, [3, 1, 4, 1, 5, 9]);
    }
}
