//! Training steps of models of two blocks: batch, forward, loss, backward, clipping, AdamW.
//!
//! `cargo bench --bench training`. Throughput is in tokens. The first case has the sizes of the toy run.

mod swept;

use criterion::{Criterion, criterion_group, criterion_main};
use wordspace::bench::{Case, Ids, Work};

fn step(criterion: &mut Criterion) {
    let toy = Case { work: Work::Step, v: 376, c: 64, b: 32, t: 32, ids: Ids::Zipf };
    let head = Case { v: 50_257, c: 256, b: 8, t: 128, ..toy };
    swept::sweep(criterion, &[toy, Case { v: 1024, t: 64, ..toy }, Case { v: 8192, c: 128, t: 64, ..toy }, head]);
}

criterion_group!(benches, step);
criterion_main!(benches);
