//! Asynchronous readback of a tensor from the device.
//!
//! Reading a value from a GPU waits for everything queued before it. So the loss of an update is requested as soon as the
//! update is queued, and received after the next update is queued: the queue never runs empty, and the loss is known one
//! step late.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use burn::tensor::{ExecutionError, Tensor, TensorData};
use futures_lite::future::block_on;

use crate::{Error, Result};

type Reading = Pin<Box<dyn Future<Output = std::result::Result<TensorData, ExecutionError>>>>;

/// A tensor on its way to the host.
pub struct Readback {
    reading: Reading,
    /// The data, if it arrived at once, as it does from the CPU.
    arrived: Option<std::result::Result<TensorData, ExecutionError>>,
}

impl Readback {
    /// Requests `tensor` now: the first poll puts the copy into the device's queue.
    pub fn start(tensor: Tensor<1>) -> Self {
        let mut reading: Reading = Box::pin(tensor.into_data_async());
        let arrived = match reading.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(data) => Some(data),
            Poll::Pending => None,
        };
        Self { reading, arrived }
    }

    /// Waits for the data.
    ///
    /// # Errors
    ///
    /// If the device could not compute the tensor.
    pub fn wait(self) -> Result<TensorData> {
        let data = self.arrived.unwrap_or_else(|| block_on(self.reading));
        data.map_err(|error| Error::Device(format!("the device could not compute the step: {error}")))
    }
}
