//! AdamW on tables of 16 thousand to 39 million numbers.
//!
//! `cargo bench --bench update`. Throughput is rows, and 28 bytes a number: parameter, gradient and two moments are read, all
//! but the gradient are written.

mod swept;

use criterion::{Criterion, criterion_group, criterion_main};
use wordspace::bench::{Case, Ids, Work};

fn update(criterion: &mut Criterion) {
    let case = |v, c| Case { work: Work::Update, v, c, b: 1, t: 1, ids: Ids::Uniform };
    swept::sweep(criterion, &[case(256, 64), case(4096, 64), case(65_536, 64), case(50_257, 768)]);
}

criterion_group!(benches, update);
criterion_main!(benches);
