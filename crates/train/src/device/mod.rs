//! Opens the device of a run, by name or by what the machine has, and checks that the run fits it.

mod gpu;

use std::panic::{AssertUnwindSafe, catch_unwind};

use burn::tensor::Device;
use wordspace_learn::config::{Config, DeviceChoice};
use wordspace_learn::parity::{self, Parity};
use wordspace_model::ModelConfig;

use crate::{Error, Result};

/// A device that is open and ready to use.
#[derive(Clone, Debug)]
pub struct OpenDevice {
    /// burn's handle, without automatic differentiation.
    pub device: Device,
    /// The name that `--device` takes.
    pub name: String,
    /// The hardware: the CPU and its threads, or the GPU's own name and the API.
    pub hardware: String,
    /// Whether it is a software-emulated GPU: right for tests, slow for everything else.
    pub is_software: bool,
    /// The size of the largest buffer, in bytes, if there is a limit.
    pub largest_buffer: Option<u64>,
    /// Why it was chosen.
    pub reason: String,
}

impl OpenDevice {
    /// Opens the device that `choice` names.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the machine does not have it, or this program was built without it.
    pub fn open(choice: DeviceChoice) -> Result<Self> {
        match choice {
            DeviceChoice::Auto => Self::best(),
            DeviceChoice::Flex => flex("it was asked for"),
            DeviceChoice::Ndarray => ndarray(),
            gpu => gpu::open(gpu),
        }
    }

    /// Every device of this machine that this build supports, the CPU first.
    pub fn all() -> Vec<Self> {
        [flex("it is always available"), ndarray()].into_iter().flatten().chain(gpu::all()).collect()
    }

    fn best() -> Result<Self> {
        match gpu::best() {
            Ok(gpu) => Ok(Self { reason: "it is the best GPU here".into(), ..gpu }),
            Err(Some(hardware)) => flex(&format!("no GPU was found, only {hardware}, which is software-emulated")),
            Err(None) => flex("no GPU was found"),
        }
    }

    /// Whether it is the CPU, and not a GPU, hardware or software-emulated.
    pub fn is_cpu(&self) -> bool {
        matches!(self.name.as_str(), "flex" | "ndarray")
    }

    /// Name, hardware and reason in one line.
    pub fn description(&self) -> String {
        format!("{} ({}): {}", self.name, self.hardware, self.reason)
    }

    /// Checks that no tensor of the run exceeds the device's largest buffer. The logits of a batch need no check: they are
    /// computed in chunks that fit.
    ///
    /// # Errors
    ///
    /// [`Error::Device`], naming the tensor, both sizes and what would help.
    pub(crate) fn check_fits(&self, model: &ModelConfig, config: &Config) -> Result<()> {
        self.check_holds(model)?;
        let rows = config.train.batch * model.context;
        // Per position, the MLP holds 4C values and attention H T.
        let widest =
            if model.layers == 0 { model.channels } else { (4 * model.channels).max(model.heads * model.context) };
        let help = "a smaller train.batch with train.accumulate";
        self.check_buffer("one batch inside the network", [rows, widest], help)
    }

    /// Checks that the largest tensor of `model` does not exceed the device's largest buffer.
    pub(crate) fn check_holds(&self, model: &ModelConfig) -> Result<()> {
        let help = "a smaller vocabulary or fewer channels";
        self.check_buffer("the token table", [model.vocab_size, model.channels], help)
    }

    fn check_buffer(&self, what: &str, [a, b]: [usize; 2], help: &str) -> Result<()> {
        let bytes = a as u128 * b as u128 * 4;
        match self.largest_buffer {
            Some(largest) if bytes > largest as u128 => {
                let (hardware, need, limit) = (&self.hardware, megabytes(bytes), megabytes(largest as u128));
                Err(Error::Device(format!(
                    "{what}, {a} x {b} values, needs {need}, but the largest buffer of {hardware} is {limit}; \
                     use --device flex, or {help}"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Runs `work` and turns a panic into [`Error::Computation`], because burn reports the failure of a device by panicking.
pub(crate) fn on_device<T>(device: &OpenDevice, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let problem = panic.downcast_ref::<String>().cloned();
        let problem = problem.or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string())).unwrap_or_default();
        Err(Error::Computation { device: device.name.clone(), problem })
    })
}

/// Compares the results of `device` for a tiny GPT-2 with PyTorch's.
///
/// # Errors
///
/// [`Error::Device`] if the device fails.
pub fn check_parity(device: &Device) -> Result<Parity> {
    match catch_unwind(AssertUnwindSafe(|| parity::parity(device))) {
        Ok(parity) => Ok(parity?),
        Err(_) => Err(Error::Device("the device failed while it computed the test".into())),
    }
}

/// More threads than this for each core only wait for each other, and each takes memory.
const MAX_THREADS_PER_CORE: usize = 4;

/// Sets the number of threads of the CPU backends; 0 means all. Only the first call has an effect.
///
/// # Errors
///
/// If they are more than four for each core.
pub fn set_threads(threads: usize) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let most = cores.saturating_mul(MAX_THREADS_PER_CORE);
    if threads > most {
        let found = format!("device.threads is {threads}: this machine has {cores} cores");
        let problem = format!("{found}; expected at most {most}, or 0 for one thread a core");
        return Err(wordspace_learn::Error::Config(problem).into());
    }
    // It fails only if the pool already exists, and then its size is fixed.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    Ok(())
}

#[cfg(feature = "flex")]
fn flex(reason: &str) -> Result<OpenDevice> {
    Ok(cpu(Device::flex(), "flex", reason))
}

#[cfg(not(feature = "flex"))]
fn flex(_: &str) -> Result<OpenDevice> {
    Err(not_built("flex"))
}

#[cfg(feature = "ndarray")]
fn ndarray() -> Result<OpenDevice> {
    // Deprecated in burn; kept to compare with.
    #[allow(deprecated)]
    Ok(cpu(Device::ndarray(), "ndarray", "it was asked for"))
}

#[cfg(not(feature = "ndarray"))]
fn ndarray() -> Result<OpenDevice> {
    Err(not_built("ndarray"))
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
fn cpu(device: Device, name: &str, reason: &str) -> OpenDevice {
    let threads = rayon::current_num_threads();
    let hardware = format!("CPU, {threads} thread{}", if threads == 1 { "" } else { "s" });
    OpenDevice { device, name: name.into(), hardware, is_software: false, largest_buffer: None, reason: reason.into() }
}

/// The error for a device that this program was built without.
#[allow(dead_code)] // Unused if every device is built in.
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
    #[cfg(feature = "flex")]
    fn a_run_too_large_for_a_buffer_is_refused_before_training() {
        let small = OpenDevice { largest_buffer: Some(128 << 20), hardware: "Tiny".into(), ..flex("test").unwrap() };
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
