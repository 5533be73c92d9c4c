//! Measures a list of cases on every device of this machine, as a group of criterion.
//!
//! A case is checked before it is timed, and timing starts and ends with an idle device. Throughput is in rows and in bytes of the
//! minimal memory traffic.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use wordspace::bench::{Case, Prepared, expected};
use wordspace::train::device::OpenDevice;

#[global_allocator]
static ALLOCATOR: wordspace::Allocator = wordspace::Allocator;

/// Times `cases`, leaving out software-emulated GPUs.
pub fn sweep(criterion: &mut Criterion, cases: &[Case]) {
    wordspace::keep_freed_memory();
    for device in OpenDevice::all().into_iter().filter(|device| !device.is_software) {
        let mut group = criterion.benchmark_group(cases[0].work.name());
        group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
        for case in cases {
            group.throughput(Throughput::ElementsAndBytes { elements: case.rows() as u64, bytes: case.bytes() });
            // Prepare only the cases that the filter selects.
            let mut prepared = None;
            group.bench_function(BenchmarkId::new(&device.name, name(case)), |bencher| {
                let prepared = prepared.get_or_insert_with(|| checked(case, &device));
                bencher.iter_custom(|times| prepared.time(times));
            });
        }
        group.finish();
    }
}

fn checked(case: &Case, device: &OpenDevice) -> Prepared {
    let prepared = Prepared::checked(case, device, &expected(case, &device.device));
    prepared.unwrap_or_else(|problem| panic!("{} on {}: {problem}", name(case), device.name))
}

fn name(case: &Case) -> String {
    format!("V {} C {} N {} {}", case.v, case.c, case.rows(), case.ids.name())
}
