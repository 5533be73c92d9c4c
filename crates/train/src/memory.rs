//! Compares the memory that a run needs with what this machine gives, before the run takes it.

use std::fs;
use std::path::Path;

use wordspace_learn::Memory;
use wordspace_learn::config::Config;
use wordspace_model::ModelConfig;

use crate::device::OpenDevice;
use crate::{Error, Result};

/// Memory that a process may still take, and who sets the limit.
type Limit = (u64, &'static str);

/// Checks that training a `model` fits into memory. On a GPU, only what passes through the memory of the machine is counted. Where
/// the system does not say how much memory there is, nothing is checked.
///
/// # Errors
///
/// [`Error::Memory`] with the sum, the largest part and what makes it smaller.
pub fn check_memory(model: &ModelConfig, config: &Config, device: &OpenDevice) -> Result<()> {
    let mut needed = Memory::of(model, config);
    if !device.is_cpu() {
        needed.parts.retain(|part| part.is_on_host);
    }
    match available().filter(|(bytes, _)| needed.total() > *bytes) {
        None => Ok(()),
        Some((bytes, limit)) => {
            let largest = needed.largest();
            let mut parts: Vec<_> = needed.parts.iter().collect();
            parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
            let parts: Vec<_> = parts.iter().map(|part| format!("{} {}", part.name, gigabytes(part.bytes))).collect();
            Err(Error::Memory(format!(
                "the run needs about {} of memory, but {limit} leaves {}: {}; what helps most: {}",
                gigabytes(needed.total()),
                gigabytes(bytes),
                parts.join(", "),
                largest.advice
            )))
        }
    }
}

/// The tightest limit on what this process may still take; none if the system does not say.
fn available() -> Option<Limit> {
    [machine(), control_group(), address_space()].into_iter().flatten().min_by_key(|(bytes, _)| *bytes)
}

/// The available memory of the machine, and its free swap.
fn machine() -> Option<Limit> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let swap = kilobytes(&meminfo, "SwapFree:").unwrap_or(0);
    Some((kilobytes(&meminfo, "MemAvailable:")?.saturating_add(swap), "this machine"))
}

/// The memory left in the control groups of this process, such as a container's.
fn control_group() -> Option<Limit> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let groups = groups.lines().filter_map(|line| line.splitn(3, ':').skip(1).collect::<Vec<_>>().try_into().ok());
    let limits = groups.flat_map(|[controllers, path]: [&str; 2]| match controllers {
        "" => limits_along("/sys/fs/cgroup", path, "memory.max", "anon "),
        "memory" => limits_along("/sys/fs/cgroup/memory", path, "memory.limit_in_bytes", "total_rss "),
        _ => Vec::new(),
    });
    limits.min().map(|bytes| (bytes, "the control group (container)"))
}

/// For the group `path` below `root` and all groups around it: the limit in the file `name`, less the memory in use that
/// cannot be given back.
fn limits_along(root: &str, path: &str, name: &str, used: &str) -> Vec<u64> {
    let limit = |group: &Path| {
        let folder = Path::new(root).join(group.strip_prefix("/").unwrap_or(group));
        let limit: u64 = fs::read_to_string(folder.join(name)).ok()?.trim().parse().ok()?;
        let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
        let used = stat.lines().find_map(|line| line.strip_prefix(used)?.trim().parse().ok()).unwrap_or(0);
        Some(limit.saturating_sub(used))
    };
    Path::new(path).ancestors().filter_map(limit).collect()
}

/// What `ulimit -v` leaves.
fn address_space() -> Option<Limit> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let limit = limits.lines().find_map(|line| line.strip_prefix("Max address space")?.split_whitespace().next())?;
    let used = kilobytes(&fs::read_to_string("/proc/self/status").ok()?, "VmSize:").unwrap_or(0);
    Some((limit.parse::<u64>().ok()?.saturating_sub(used), "ulimit -v"))
}

/// The number of bytes in a line such as `MemFree:  12 kB`.
fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let number = text.lines().find_map(|line| line.strip_prefix(key)?.split_whitespace().next())?;
    number.parse::<u64>().ok()?.checked_mul(1024)
}

fn gigabytes(bytes: u64) -> String {
    match bytes as f64 / 1e9 {
        small @ ..0.1 => format!("{:.0} MB", small * 1e3),
        large => format!("{large:.1} GB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_the_system_writes_them() {
        assert_eq!(kilobytes("MemTotal: 5 kB\nMemFree:     12 kB\n", "MemFree:"), Some(12 * 1024));
        assert_eq!(kilobytes("MemFree: x kB\n", "MemFree:"), None);
        assert_eq!([gigabytes(5_000_000), gigabytes(12_340_000_000)], ["5 MB", "12.3 GB"]);
    }

    #[test]
    fn a_group_is_limited_by_the_groups_around_it() {
        let root = tempfile::tempdir().unwrap();
        let inner = root.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("memory.max"), "max\n").unwrap();
        fs::write(root.path().join("a/memory.max"), "1000\n").unwrap();
        fs::write(root.path().join("a/memory.stat"), "file 5\nanon 300\n").unwrap();
        fs::write(root.path().join("memory.max"), "5000\n").unwrap();
        let limits = limits_along(root.path().to_str().unwrap(), "/a/b", "memory.max", "anon ");
        assert_eq!(limits, [700, 5000]);
    }

    #[test]
    #[cfg(all(target_os = "linux", feature = "flex"))]
    fn a_run_larger_than_the_machine_is_refused_with_its_parts() {
        let device = OpenDevice::open(wordspace_learn::config::DeviceChoice::Flex).unwrap();
        let mut config = Config::default();
        check_memory(&config.model(1000), &config, &device).unwrap();
        config.model.channels = 1_000_000;
        let error = check_memory(&config.model(1000), &config, &device).unwrap_err().to_string();
        for part in ["needs about", "GB of memory", "leaves", "moments", "what helps most: fewer model.channels"] {
            assert!(error.contains(part), "{part} is not in: {error}");
        }
    }
}
