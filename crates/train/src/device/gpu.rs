//! GPUs: which are there, and what they are.

use super::{DeviceChoice, OpenDevice, not_built};
use crate::Result;

/// Opens the GPU that `choice` names.
pub(super) fn open(choice: DeviceChoice) -> Result<OpenDevice> {
    match choice {
        #[cfg(feature = "wgpu")]
        DeviceChoice::Wgpu => graphics::open(choice),
        #[cfg(feature = "vulkan")]
        DeviceChoice::Vulkan => graphics::open(choice),
        #[cfg(feature = "metal")]
        DeviceChoice::Metal => graphics::open(choice),
        #[cfg(feature = "cuda")]
        DeviceChoice::Cuda(number) => compute::open(choice, number),
        #[cfg(feature = "rocm")]
        DeviceChoice::Rocm => compute::open(choice, 0),
        absent => Err(not_built(absent.to_string().split(':').next().unwrap_or_default())),
    }
}

/// Every GPU that this build reaches, the best interface to it first.
pub(super) fn all() -> Vec<OpenDevice> {
    #[allow(unused_mut)] // Without any GPU built in, the list stays empty.
    let mut all = Vec::new();
    #[cfg(feature = "cuda")]
    all.extend((0..).map_while(|number| compute::open(DeviceChoice::Cuda(number), number).ok()));
    #[cfg(feature = "rocm")]
    all.extend(compute::open(DeviceChoice::Rocm, 0));
    #[cfg(feature = "metal")]
    all.extend(graphics::open(DeviceChoice::Metal));
    #[cfg(feature = "vulkan")]
    all.extend(graphics::open(DeviceChoice::Vulkan));
    #[cfg(feature = "wgpu")]
    all.extend(graphics::open(DeviceChoice::Wgpu));
    all
}

/// GPUs through a graphics interface.
#[cfg(feature = "wgpu")]
mod graphics {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex};

    use burn::tensor::wgpu::{WgpuBackend, WgpuSetup, wgpu};
    use burn::tensor::{Device, DeviceKind};

    use super::{DeviceChoice, OpenDevice};
    use crate::{Error, Result};

    /// burn opens a device once; what was found then is kept.
    static OPENED: LazyLock<Mutex<HashMap<String, OpenDevice>>> = LazyLock::new(Mutex::default);

    pub(super) fn open(choice: DeviceChoice) -> Result<OpenDevice> {
        let mut opened = OPENED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let name = choice.to_string();
        if let Some(device) = opened.get(&name) {
            return Ok(device.clone());
        }
        let device = open_first(choice)?;
        opened.insert(name, device.clone());
        Ok(device)
    }

    /// Opens the first adapter there is: real ones before one that is imitated by the processor.
    fn open_first(choice: DeviceChoice) -> Result<OpenDevice> {
        let interface = match choice {
            DeviceChoice::Vulkan => WgpuBackend::Vulkan,
            DeviceChoice::Metal => WgpuBackend::Metal,
            _ => WgpuBackend::Auto,
        };
        let kinds =
            [DeviceKind::DiscreteGpu(0), DeviceKind::IntegratedGpu(0), DeviceKind::VirtualGpu(0), DeviceKind::Cpu];
        let mut problem = String::new();
        for kind in kinds {
            match Device::wgpu_options().device_kind(kind).graphics_api(interface).init_with_setup() {
                Ok((device, setup)) => return Ok(describe(device, choice, &setup)),
                Err(error) => problem = error.to_string(),
            }
        }
        Err(Error::Device(format!(
            "no GPU was found for --device {choice} ({problem}); \
             `wordspace devices` lists what is there, --device flex trains on the processor"
        )))
    }

    fn describe(device: Device, choice: DeviceChoice, setup: &WgpuSetup) -> OpenDevice {
        let (info, limits) = (setup.adapter.get_info(), setup.adapter.limits());
        OpenDevice {
            device,
            name: choice.to_string(),
            part: format!("{}, {:?}", info.name, info.backend),
            is_software: info.device_type == wgpu::DeviceType::Cpu,
            largest_buffer: Some(limits.max_buffer_size.min(limits.max_storage_buffer_binding_size)),
            reason: "it was asked for".into(),
        }
    }
}

/// GPUs through their maker's own interface.
#[cfg(any(feature = "cuda", feature = "rocm"))]
mod compute {
    use std::panic::catch_unwind;

    use burn::tensor::{Device, DeviceType};

    use super::{DeviceChoice, OpenDevice};
    use crate::{Error, Result};

    pub(super) fn open(choice: DeviceChoice, number: usize) -> Result<OpenDevice> {
        // Without a driver the bindings panic when they look for it.
        let found = catch_unwind(|| {
            let all = match choice {
                #[cfg(feature = "cuda")]
                DeviceChoice::Cuda(_) => Device::enumerate(DeviceType::Cuda),
                #[cfg(feature = "rocm")]
                DeviceChoice::Rocm => Device::enumerate(DeviceType::Rocm),
                _ => return None,
            };
            let device = all.into_iter().nth(number)?;
            let part = device.identity().map(|identity| identity.name);
            Some((device, part.unwrap_or_else(|| choice.to_string())))
        });
        let (device, part) = found.ok().flatten().ok_or_else(|| {
            Error::Device(format!(
                "no GPU was found for --device {choice}; \
                 `wordspace devices` lists what is there, --device flex trains on the processor"
            ))
        })?;
        let (name, reason) = (choice.to_string(), "it was asked for".to_string());
        Ok(OpenDevice { device, name, part, is_software: false, largest_buffer: None, reason })
    }
}
