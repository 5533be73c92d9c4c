//! The names of devices. Opening a device needs the system, so that is the business of `wordspace-train`.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// A device as `--device` and `device.name` name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A hardware GPU if there is one, else the CPU.
    Auto,
    /// The CPU, by burn's flex backend.
    Flex,
    /// The CPU, by burn's older ndarray backend.
    Ndarray,
    /// A GPU, through WGPU and the graphics API of the system.
    Wgpu,
    /// A GPU, through Vulkan.
    Vulkan,
    /// A GPU, through Metal.
    Metal,
    /// An NVIDIA GPU, by its index.
    Cuda(usize),
    /// An AMD GPU.
    Rocm,
}

/// The names of [`DeviceChoice`], for messages.
const NAMES: &str = "auto, flex, ndarray, wgpu, vulkan, metal, cuda, cuda:N or rocm";

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Ok(match name {
            "auto" => Self::Auto,
            "flex" | "cpu" => Self::Flex,
            "ndarray" => Self::Ndarray,
            "wgpu" => Self::Wgpu,
            "vulkan" => Self::Vulkan,
            "metal" => Self::Metal,
            "cuda" => Self::Cuda(0),
            "rocm" => Self::Rocm,
            _ => match name.strip_prefix("cuda:").and_then(|number| number.parse().ok()) {
                Some(number) => Self::Cuda(number),
                None => return Err(Error::Config(format!("no device is called {name:?}; expected {NAMES}"))),
            },
        })
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => write!(f, "auto"),
            Self::Flex => write!(f, "flex"),
            Self::Ndarray => write!(f, "ndarray"),
            Self::Wgpu => write!(f, "wgpu"),
            Self::Vulkan => write!(f, "vulkan"),
            Self::Metal => write!(f, "metal"),
            Self::Cuda(0) => write!(f, "cuda"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::Rocm => write!(f, "rocm"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_name_reads_back_as_written() {
        for name in ["auto", "flex", "ndarray", "wgpu", "vulkan", "metal", "cuda", "cuda:3", "rocm"] {
            assert_eq!(name.parse::<DeviceChoice>().unwrap().to_string(), name);
        }
        let error = "gpu".parse::<DeviceChoice>().unwrap_err().to_string();
        assert!(error.contains("wgpu"), "{error}");
    }
}
