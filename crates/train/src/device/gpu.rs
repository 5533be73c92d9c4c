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

/// The ways to a GPU that this build has, the best one first.
const WAYS: &[DeviceChoice] = &[
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

/// Every GPU that this build reaches.
pub(super) fn all() -> Vec<OpenDevice> {
    WAYS.iter().filter_map(|&way| open(way).ok()).collect()
}

/// The best real GPU, or the name of one that is only imitated by the processor, if that is all there is.
pub(super) fn best() -> std::result::Result<OpenDevice, Option<String>> {
    #[cfg_attr(not(feature = "wgpu"), allow(unused_mut))]
    let mut software = None;
    for &way in WAYS {
        match way {
            // A graphics interface tells what it has before it is opened.
            #[cfg(feature = "wgpu")]
            DeviceChoice::Wgpu | DeviceChoice::Vulkan | DeviceChoice::Metal => match graphics::find(way) {
                Ok(adapter) if adapter.is_software() => software = Some(adapter.info.name),
                Ok(_) => return open(way).map_err(|_| None),
                Err(_) => {}
            },
            _ => {
                if let Ok(device) = open(way) {
                    return Ok(device);
                }
            }
        }
    }
    Err(software)
}

/// GPUs through a graphics interface.
#[cfg(feature = "wgpu")]
mod graphics {
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex};

    use burn::tensor::wgpu::{WgpuBackend, wgpu};
    use burn::tensor::{Device, DeviceKind};
    use futures_lite::future::block_on;
    use wgpu::DeviceType;

    use super::{DeviceChoice, OpenDevice};
    use crate::{Error, Result};

    /// burn opens a device once; what was opened is kept.
    static OPENED: LazyLock<Mutex<HashMap<String, OpenDevice>>> = LazyLock::new(Mutex::default);

    /// What each system offers for computing. OpenGL is left out: its drivers are made for pictures.
    const INTERFACES: &[(WgpuBackend, wgpu::Backends)] = if cfg!(target_vendor = "apple") {
        &[(WgpuBackend::Metal, wgpu::Backends::METAL)]
    } else if cfg!(windows) {
        &[(WgpuBackend::Vulkan, wgpu::Backends::VULKAN), (WgpuBackend::Dx12, wgpu::Backends::DX12)]
    } else {
        &[(WgpuBackend::Vulkan, wgpu::Backends::VULKAN)]
    };

    /// Kinds of adapters, the best first, the last one imitated by the processor.
    const KINDS: &[(DeviceType, DeviceKind)] = &[
        (DeviceType::DiscreteGpu, DeviceKind::DiscreteGpu(0)),
        (DeviceType::IntegratedGpu, DeviceKind::IntegratedGpu(0)),
        (DeviceType::VirtualGpu, DeviceKind::VirtualGpu(0)),
        (DeviceType::Cpu, DeviceKind::Cpu),
    ];

    /// An adapter that is there, not opened yet.
    pub(super) struct Adapter {
        pub info: wgpu::AdapterInfo,
        limits: wgpu::Limits,
        kind: DeviceKind,
        interface: WgpuBackend,
    }

    impl Adapter {
        pub fn is_software(&self) -> bool {
            self.info.device_type == DeviceType::Cpu
        }
    }

    /// The best adapter that `choice` reaches.
    pub(super) fn find(choice: DeviceChoice) -> Result<Adapter> {
        let wanted = |interface: &WgpuBackend| match choice {
            DeviceChoice::Vulkan => *interface == WgpuBackend::Vulkan,
            DeviceChoice::Metal => *interface == WgpuBackend::Metal,
            _ => true,
        };
        let mut found = Vec::new();
        for &(interface, backends) in INTERFACES.iter().filter(|(interface, _)| wanted(interface)) {
            let descriptor =
                wgpu::InstanceDescriptor { backends, ..wgpu::InstanceDescriptor::new_without_display_handle() };
            let adapters = block_on(wgpu::Instance::new(descriptor).enumerate_adapters(backends));
            found.extend(adapters.into_iter().map(|adapter| (adapter.get_info(), adapter.limits(), interface)));
        }
        let of_kind = |(device_type, kind): &(DeviceType, DeviceKind)| {
            let (info, limits, interface) = found.iter().find(|(info, ..)| info.device_type == *device_type)?.clone();
            Some(Adapter { info, limits, kind: kind.clone(), interface })
        };
        KINDS.iter().find_map(of_kind).ok_or_else(|| {
            Error::Device(format!(
                "no GPU was found for --device {choice}; \
                 `wordspace devices` lists what is there, --device flex trains on the processor"
            ))
        })
    }

    pub(super) fn open(choice: DeviceChoice) -> Result<OpenDevice> {
        let mut opened = OPENED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(device) = opened.get(&choice.to_string()) {
            return Ok(device.clone());
        }
        let adapter = find(choice)?;
        let options = Device::wgpu_options().device_kind(adapter.kind.clone()).graphics_api(adapter.interface);
        let device = options.init().map_err(|error| {
            Error::Device(format!(
                "{} cannot be used: {error}; --device flex trains on the processor",
                adapter.info.name
            ))
        })?;
        let device = OpenDevice {
            device,
            name: choice.to_string(),
            part: format!("{}, {:?}", adapter.info.name, adapter.info.backend),
            is_software: adapter.is_software(),
            largest_buffer: Some(adapter.limits.max_buffer_size.min(adapter.limits.max_storage_buffer_binding_size)),
            reason: "it was asked for".into(),
        };
        opened.insert(choice.to_string(), device.clone());
        Ok(device)
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
