//! Finds and opens GPUs.

use wordspace_learn::config::DeviceChoice;

use super::{OpenDevice, not_built};
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

/// The GPU backends of this build, the best first.
const BACKENDS: &[DeviceChoice] = &[
    #[cfg(feature = "cuda")]
    DeviceChoice::Cuda(0),
    #[cfg(feature = "rocm")]
    DeviceChoice::Rocm,
    #[cfg(feature = "metal")]
    DeviceChoice::Metal,
    #[cfg(feature = "vulkan")]
    DeviceChoice::Vulkan,
    #[cfg(feature = "wgpu")]
    DeviceChoice::Wgpu,
];

/// Every GPU that this build can open.
pub(super) fn all() -> Vec<OpenDevice> {
    BACKENDS.iter().filter_map(|&backend| open(backend).ok()).collect()
}

/// The best hardware GPU; if there is none, the name of a software-emulated one, if there is one.
pub(super) fn best() -> std::result::Result<OpenDevice, Option<String>> {
    #[cfg_attr(not(feature = "wgpu"), allow(unused_mut))]
    let mut software = None;
    for &backend in BACKENDS {
        match backend {
            // A graphics API lists its adapters without opening one.
            #[cfg(feature = "wgpu")]
            DeviceChoice::Wgpu | DeviceChoice::Vulkan | DeviceChoice::Metal => match graphics::find(backend) {
                Ok(adapter) if adapter.is_software() => software = Some(adapter.info.name),
                Ok(_) => return open(backend).map_err(|_| None),
                Err(_) => {}
            },
            _ => {
                if let Ok(device) = open(backend) {
                    return Ok(device);
                }
            }
        }
    }
    Err(software)
}

#[cfg(any(feature = "wgpu", feature = "cuda", feature = "rocm"))]
fn not_found(choice: DeviceChoice) -> crate::Error {
    crate::Error::Device(format!(
        "no GPU was found for --device {choice}; \
         `wordspace devices` lists the devices of this machine, --device flex trains on the CPU"
    ))
}

/// GPUs through a graphics API.
#[cfg(feature = "wgpu")]
mod graphics {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex};

    use burn::tensor::wgpu::{WgpuBackend, wgpu};
    use burn::tensor::{Device, DeviceKind};
    use futures_lite::future::block_on;
    use wgpu::DeviceType;

    use wordspace_learn::config::DeviceChoice;

    use super::super::OpenDevice;
    use super::not_found;
    use crate::{Error, Result};

    /// burn opens each device only once, so open devices are kept.
    static OPENED: LazyLock<Mutex<HashMap<String, OpenDevice>>> = LazyLock::new(Mutex::default);

    /// The graphics APIs to compute with on each system. Not OpenGL: many of its drivers lack compute shaders.
    const APIS: &[(WgpuBackend, wgpu::Backends)] = if cfg!(target_vendor = "apple") {
        &[(WgpuBackend::Metal, wgpu::Backends::METAL)]
    } else if cfg!(windows) {
        &[(WgpuBackend::Vulkan, wgpu::Backends::VULKAN), (WgpuBackend::Dx12, wgpu::Backends::DX12)]
    } else {
        &[(WgpuBackend::Vulkan, wgpu::Backends::VULKAN)]
    };

    /// The kinds of adapters, the best first. The last one is software-emulated.
    const KINDS: &[(DeviceType, DeviceKind)] = &[
        (DeviceType::DiscreteGpu, DeviceKind::DiscreteGpu(0)),
        (DeviceType::IntegratedGpu, DeviceKind::IntegratedGpu(0)),
        (DeviceType::VirtualGpu, DeviceKind::VirtualGpu(0)),
        (DeviceType::Cpu, DeviceKind::Cpu),
    ];

    /// An adapter of this machine, not opened yet.
    pub(super) struct Adapter {
        pub info: wgpu::AdapterInfo,
        limits: wgpu::Limits,
        kind: DeviceKind,
        api: WgpuBackend,
    }

    impl Adapter {
        pub fn is_software(&self) -> bool {
            self.info.device_type == DeviceType::Cpu
        }
    }

    /// The best adapter for `choice`.
    pub(super) fn find(choice: DeviceChoice) -> Result<Adapter> {
        let wanted = |api: &WgpuBackend| match choice {
            DeviceChoice::Vulkan => *api == WgpuBackend::Vulkan,
            DeviceChoice::Metal => *api == WgpuBackend::Metal,
            _ => true,
        };
        let mut found = Vec::new();
        for &(api, backends) in APIS.iter().filter(|(api, _)| wanted(api)) {
            let descriptor =
                wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::new_without_display_handle() };
            let adapters = block_on(wgpu::Instance::new(descriptor).enumerate_adapters(backends));
            found.extend(adapters.into_iter().map(|adapter| (adapter.get_info(), adapter.limits(), api)));
        }
        let of_kind = |(device_type, kind): &(DeviceType, DeviceKind)| {
            let (info, limits, api) = found.iter().find(|(info, ..)| info.device_type == *device_type)?.clone();
            Some(Adapter { info, limits, kind: kind.clone(), api })
        };
        KINDS.iter().find_map(of_kind).ok_or_else(|| not_found(choice))
    }

    pub(super) fn open(choice: DeviceChoice) -> Result<OpenDevice> {
        let mut opened = OPENED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(device) = opened.get(&choice.to_string()) {
            return Ok(device.clone());
        }
        let adapter = find(choice)?;
        let options = Device::wgpu_options().device_kind(adapter.kind.clone()).graphics_api(adapter.api);
        let device = options.init().map_err(|error| {
            Error::Device(format!("{} cannot be used: {error}; --device flex trains on the CPU", adapter.info.name))
        })?;
        let device = OpenDevice {
            device,
            name: choice.to_string(),
            hardware: format!("{}, {:?}", adapter.info.name, adapter.info.backend),
            is_software: adapter.is_software(),
            largest_buffer: Some(adapter.limits.max_buffer_size.min(adapter.limits.max_storage_buffer_binding_size)),
            reason: "it was asked for".into(),
        };
        opened.insert(choice.to_string(), device.clone());
        Ok(device)
    }
}

/// GPUs through their vendor's own API.
#[cfg(any(feature = "cuda", feature = "rocm"))]
mod compute {
    use std::panic::catch_unwind;

    use burn::tensor::{Device, DeviceType};

    use wordspace_learn::config::DeviceChoice;

    use super::super::OpenDevice;
    use super::not_found;
    use crate::Result;

    pub(super) fn open(choice: DeviceChoice, number: usize) -> Result<OpenDevice> {
        // The bindings panic if there is no driver.
        let found = catch_unwind(|| {
            let all = match choice {
                #[cfg(feature = "cuda")]
                DeviceChoice::Cuda(_) => Device::enumerate(DeviceType::Cuda),
                #[cfg(feature = "rocm")]
                DeviceChoice::Rocm => Device::enumerate(DeviceType::Rocm),
                _ => return None,
            };
            let device = all.into_iter().nth(number)?;
            let hardware = device.identity().map(|identity| identity.name);
            Some((device, hardware.unwrap_or_else(|| choice.to_string())))
        });
        let (device, hardware) = found.ok().flatten().ok_or_else(|| not_found(choice))?;
        let (name, reason) = (choice.to_string(), "it was asked for".to_string());
        Ok(OpenDevice { device, name, hardware, is_software: false, largest_buffer: None, reason })
    }
}
