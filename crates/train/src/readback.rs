//! Numbers that the device will have, asked for without waiting.
//!
//! Reading a number from a GPU waits for everything queued before it. A loss is therefore asked for as soon as its step is
//! queued, and taken when the next step is queued too: the queue never runs dry, and the loss is known one step later.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use burn::tensor::{Tensor, TensorData};
use futures_lite::future::block_on;

use crate::{Error, Result};

type Reading = Pin<Box<dyn Future<Output = std::result::Result<TensorData, burn::tensor::ExecutionError>>>>;

/// A tensor on its way to the host.
pub struct Readback {
    reading: Reading,
    /// What came at once, as it does from a processor.
    arrived: Option<std::result::Result<TensorData, burn::tensor::ExecutionError>>,
}

impl Readback {
    /// Asks for `tensor` now: the first poll puts the copy into the device's queue.
    pub fn start(tensor: Tensor<1>) -> Self {
        let mut reading: Reading = Box::pin(tensor.into_data_async());
        let arrived = match reading.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(data) => Some(data),
            Poll::Pending => None,
        };
        Self { reading, arrived }
    }

    /// The numbers, once they are there.
    ///
    /// # Errors
    ///
    /// If the device could not compute them.
    pub fn wait(self) -> Result<TensorData> {
        let data = self.arrived.unwrap_or_else(|| block_on(self.reading));
        data.map_err(|error| Error::Device(format!("the device could not compute the step: {error}")))
    }
}
