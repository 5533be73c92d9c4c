//! A table of cases on every device of this machine, as one group of criterion's.
//!
//! A case is held to its definition before it is timed; the device is waited for at both ends of what is timed. Throughput
//! is rows, and the least number of bytes that must move for them.

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use wordspace::bench::{Case, Prepared, expected};
use wordspace::train::device::OpenDevice;

#[global_allocator]
static ALLOCATOR: wordspace::Allocator = wordspace::Allocator;

/// Times `cases`; a GPU that is only imitated is left out.
pub fn sweep(criterion: &mut Criterion, cases: &[Case]) {
    wordspace::keep_freed_memory();
    for device in OpenDevice::all().into_iter().filter(|device| !device.is_software) {
        let mut group = criterion.benchmark_group(cases[0].work.name());
        group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
        for case in cases {
            group.throughput(Throughput::ElementsAndBytes { elements: case.rows() as u64, bytes: case.bytes() });
            // Nothing is prepared for a case that was not asked for.
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
