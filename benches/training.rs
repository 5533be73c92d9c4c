//! One update of the toy run's model, on every device of this machine: batch, forward, loss, backward, clipping, AdamW.
//!
//! `cargo bench --bench training`. Throughput is tokens per second. The result of an update is read back inside the timed
//! region, so that a device that only queues is waited for.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wordspace::data::{Batch, below, generator};
use wordspace::model::{Gpt, ModelConfig};
use wordspace::train::config::Config;
use wordspace::train::device::OpenDevice;
use wordspace::train::{Learner, Optimizer, StepResult};

const VOCAB_SIZE: usize = 376;

fn update(c: &mut Criterion) {
    let config = Config::default();
    let model = ModelConfig { vocab_size: VOCAB_SIZE, ..config.model(VOCAB_SIZE) };
    let batch = batch(config.train.batch, model.context);
    let mut group = c.benchmark_group("toy update");
    group.throughput(Throughput::Elements(config.tokens_per_step())).sample_size(20);
    for device in OpenDevice::all().into_iter().filter(|device| !device.is_software) {
        let gpt = Gpt::init(&model, 42, &device.device.clone().autodiff()).expect("the toy model is valid");
        let mut learner = Some(Learner { model: gpt, optimizer: Optimizer::new(&model) });
        let mut step = 0;
        group.bench_function(&device.name, |bencher| {
            bencher.iter(|| {
                step += 1;
                let taken = learner.take().expect("it was put back");
                let (updated, result) = taken.step(std::slice::from_ref(&batch), &config.train, step);
                learner = Some(updated);
                let result = StepResult::from(result.into_data());
                assert!(result.loss.is_finite(), "{result:?}");
            });
        });
    }
    group.finish();
}

/// Ids drawn as a text has them: a few often, most seldom.
fn batch(rows: usize, context: usize) -> Batch {
    let mut random = generator(1, "bench ids", 0);
    let mut ids = |count| -> Vec<u32> {
        (0..count)
            .map(|_| below(&mut random, VOCAB_SIZE as u64).min(below(&mut random, VOCAB_SIZE as u64)) as u32)
            .collect()
    };
    Batch { rows, context, ids: ids(rows * context), targets: ids(rows * context) }
}

criterion_group!(benches, update);
criterion_main!(benches);
