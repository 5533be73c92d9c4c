//! The memory of a run is what was estimated before it began, and a GPU's does not grow: what an update needs is there again for
//! the next.

mod harness;

#[test]
#[cfg(feature = "wgpu")]
fn the_second_two_hundred_updates_on_a_gpu_hold_no_more_memory() {
    use ::wordspace::data::Batch;
    use ::wordspace::learn::config::TrainConfig;
    use ::wordspace::learn::{Learner, Optimizer};
    use ::wordspace::model::{Gpt, ModelConfig};

    let test = "the_second_two_hundred_updates_on_a_gpu_hold_no_more_memory";
    let Some(gpu) = harness::gpu(test) else { return };
    let sizes = ModelConfig { vocab_size: 50, context: 8, channels: 8, heads: 2, layers: 0, ..Default::default() };
    let model = Gpt::init(&sizes, 42, &gpu.device.clone().autodiff()).unwrap();
    let mut learner = Some(Learner { model, optimizer: Optimizer::new(&sizes), seed: 42 });
    let mut updates = |steps: std::ops::RangeInclusive<u64>| {
        for step in steps {
            let ids = |salt: u64| (0..32).map(|at| ((at * at + salt * step) % 50) as u32).collect();
            let batch = Batch { rows: 4, context: 8, ids: ids(3), targets: ids(5) };
            let (updated, result) = learner.take().unwrap().step(&[batch], &TrainConfig::default(), step);
            assert!(result.into_data().try_into_vec::<f32>().unwrap()[0].is_finite());
            learner = Some(updated);
        }
        gpu.device.memory_pool_usage().expect("a GPU knows what it holds").bytes_reserved
    };
    // Kernels are tried out in the first, and small things are let go of some hundred at a time.
    let few = updates(1..=200);
    let many = updates(201..=400);
    assert!(many <= few, "{many} bytes after {few}");
}

#[test]
#[cfg(all(feature = "flex", target_os = "linux"))]
fn the_estimate_is_within_a_third_of_the_peak_of_the_toy_run() {
    use ::wordspace::learn::Memory;
    use ::wordspace::learn::config::Config;

    let folder = harness::Folder::new();
    let page = harness::page::Page::beside(&folder, &["train", "--steps", "40", "--device", "flex", "--serve"]);
    let complete = page.live().find(|news| news["runs"][0]["state"] == "complete").expect("it ends");
    let vocabulary = complete["runs"][0]["words"].as_u64().unwrap() as usize;
    let config = Config::default();
    let (estimate, peak) = (Memory::of(&config.model(vocabulary), &config).total(), page.peak_memory());
    assert!(
        estimate * 3 > peak * 2 && estimate * 3 < peak * 4,
        "an estimate of {estimate} bytes, but a peak of {peak}"
    );
}
