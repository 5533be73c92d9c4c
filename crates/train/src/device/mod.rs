//! Which device a run uses, chosen by name or by what is there, and what it can hold.

mod gpu;
mod parity;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;

use burn::tensor::Device;
use wordspace_model::ModelConfig;

use crate::config::Config;
use crate::{Error, Result};

pub use parity::{Parity, parity};

/// A device as `--device` and `device.name` name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceChoice {
    /// A real GPU if one is there, else the processor.
    Auto,
    /// The processor.
    Flex,
    /// The processor, by burn's older backend.
    Ndarray,
    /// A GPU, by whichever graphics interface there is.
    Wgpu,
    /// A GPU by Vulkan.
    Vulkan,
    /// A GPU by Metal.
    Metal,
    /// An NVIDIA GPU, by its number.
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

/// A device that is there and can be used.
#[derive(Clone, Debug)]
pub struct OpenDevice {
    /// burn's handle, without differentiation.
    pub device: Device,
    /// The name it can be chosen by.
    pub name: String,
    /// What it is: the processor, or a GPU's own name and the interface to it.
    pub part: String,
    /// Whether a GPU is imitated by the processor: right for tests, slow for everything else.
    pub is_software: bool,
    /// The largest buffer it takes, in bytes, if there is such a limit.
    pub largest_buffer: Option<u64>,
    /// Why it was chosen.
    pub reason: String,
}

impl OpenDevice {
    /// Opens the device that `choice` names.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if it is not there, or this program was built without it.
    pub fn open(choice: DeviceChoice) -> Result<Self> {
        match choice {
            DeviceChoice::Auto => Self::best(),
            DeviceChoice::Flex => flex("it was asked for"),
            DeviceChoice::Ndarray => ndarray(),
            gpu => gpu::open(gpu),
        }
    }

    /// Every device that this build can reach here, the processor first.
    pub fn all() -> Vec<Self> {
        [flex("it is always there"), ndarray()].into_iter().flatten().chain(gpu::all()).collect()
    }

    fn best() -> Result<Self> {
        match gpu::best() {
            Ok(gpu) => Ok(Self { reason: "a GPU is there".into(), ..gpu }),
            Err(Some(part)) => flex(&format!("there is no GPU, only {part}, which imitates one on the processor")),
            Err(None) => flex("no GPU was found"),
        }
    }

    /// Whether it is the processor itself, not a GPU and not an imitation of one.
    pub fn is_processor(&self) -> bool {
        matches!(self.name.as_str(), "flex" | "ndarray")
    }

    /// Name, part and reason in one line.
    pub fn description(&self) -> String {
        format!("{} ({}): {}", self.name, self.part, self.reason)
    }

    /// Checks that no single tensor of the run is larger than the device takes. The scores of a batch are none: they are
    /// computed by parts that fit.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] names the tensor, both sizes and what would help.
    pub(crate) fn check_fits(&self, model: &ModelConfig, config: &Config) -> Result<()> {
        self.check_holds(model)?;
        let rows = config.train.batch * model.context;
        // The widest that each place is inside a block, and how much it attends to.
        let widest =
            if model.layers == 0 { model.channels } else { (4 * model.channels).max(model.heads * model.context) };
        let help = "a smaller train.batch with train.accumulate";
        self.check_buffer("one batch inside the network", [rows, widest], help)
    }

    /// Checks that the largest tensor of `model` is no larger than the device takes.
    pub(crate) fn check_holds(&self, model: &ModelConfig) -> Result<()> {
        let help = "a smaller vocabulary or fewer channels";
        self.check_buffer("the token table", [model.vocab_size, model.channels], help)
    }

    fn check_buffer(&self, what: &str, [a, b]: [usize; 2], help: &str) -> Result<()> {
        let bytes = a as u128 * b as u128 * 4;
        match self.largest_buffer {
            Some(largest) if bytes > largest as u128 => {
                let (part, need, limit) = (&self.part, megabytes(bytes), megabytes(largest as u128));
                Err(Error::Device(format!(
                    "{what}, {a} x {b} numbers, takes {need}, but {part} takes at most {limit} in one buffer; \
                     use --device flex, or {help}"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Runs `work`, turning a panic into [`Error::Computation`]: so burn reports what goes wrong on a device.
pub(crate) fn on_device<T>(device: &OpenDevice, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let problem = panic.downcast_ref::<String>().cloned();
        let problem = problem.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default();
        Err(Error::Computation { device: device.name.clone(), problem })
    })
}

/// Lets the processor's devices use `threads` threads; 0 means all. Only the first call counts.
pub fn set_threads(threads: usize) {
    // It fails only when the pool exists already, and then its size is settled.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
}

#[cfg(feature = "flex")]
fn flex(reason: &str) -> Result<OpenDevice> {
    Ok(processor(Device::flex(), "flex", reason))
}

#[cfg(not(feature = "flex"))]
fn flex(_: &str) -> Result<OpenDevice> {
    Err(not_built("flex"))
}

#[cfg(feature = "ndarray")]
fn ndarray() -> Result<OpenDevice> {
    // Deprecated upstream; kept as a column to compare with.
    #[allow(deprecated)]
    Ok(processor(Device::ndarray(), "ndarray", "it was asked for"))
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Result<OpenDevice> {
    Err(not_built("ndarray"))
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
fn processor(device: Device, name: &str, reason: &str) -> OpenDevice {
    let threads = rayon::current_num_threads();
    let part = format!("processor, {threads} thread{}", if threads == 1 { "" } else { "s" });
    OpenDevice { device, name: name.into(), part, is_software: false, largest_buffer: None, reason: reason.into() }
}

/// The error of a device that this program was built without.
#[allow(dead_code)] // Used by whichever devices are left out.
fn not_built(name: &str) -> Error {
    Error::Device(format!(
        "this program was built without {name}; build it in with `cargo run --release --features {name}`"
    ))
}

fn megabytes(bytes: u128) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_reads_as_it_is_written() {
        for name in ["auto", "flex", "ndarray", "wgpu", "vulkan", "metal", "cuda", "cuda:3", "rocm"] {
            assert_eq!(name.parse::<DeviceChoice>().unwrap().to_string(), name);
        }
        let error = "gpu".parse::<DeviceChoice>().unwrap_err().to_string();
        assert!(error.contains("wgpu"), "{error}");
    }

    #[test]
    #[cfg(feature = "flex")]
    fn a_buffer_limit_too_small_is_told_in_numbers_before_training() {
        let small = OpenDevice { largest_buffer: Some(128 << 20), part: "Tiny".into(), ..flex("test").unwrap() };
        let model = ModelConfig { vocab_size: 50_257, channels: 768, heads: 12, ..Default::default() };
        let error = small.check_fits(&model, &Config::default()).unwrap_err().to_string();
        assert!(error.contains("154 MB") && error.contains("134 MB") && error.contains("the token table"), "{error}");
        let mut config = Config::default();
        config.train.batch = 1 << 14;
        let model = ModelConfig { channels: 64, ..Default::default() };
        let error = small.check_fits(&model, &config).unwrap_err().to_string();
        assert!(
            error.contains("one batch inside the network, 524288 x 256") && error.contains("train.accumulate"),
            "{error}"
        );
    }
}
