//! AdamW on tables of 16 thousand to 39 million values, and training steps of a token table alone that update all rows or only
//! those that were read, by V from 256 to a million.
//!
//! `cargo bench --bench update`, or `cargo bench --bench update -- rows`. Throughput is in rows, and in 28 bytes per updated value:
//! parameter, gradient and two moments are read, all but the gradient are written.

mod swept;

use criterion::{Criterion, criterion_group, criterion_main};
use wordspace::bench::{Case, Ids, Work};

fn update(criterion: &mut Criterion) {
    let case = |v, c| Case { work: Work::Update, v, c, b: 1, t: 1, ids: Ids::Uniform };
    swept::sweep(criterion, &[case(256, 64), case(4096, 64), case(65_536, 64), case(50_257, 768)]);
}

fn table(criterion: &mut Criterion) {
    swept::sweep(criterion, &by_vocabulary(Work::Table));
}

fn rows(criterion: &mut Criterion) {
    swept::sweep(criterion, &by_vocabulary(Work::Rows));
}

fn by_vocabulary(work: Work) -> Vec<Case> {
    let case = |v, ids| Case { work, v, c: 64, b: 8, t: 1024, ids };
    [8, 10, 12, 14, 16, 18, 20].map(|log| case(1 << log, Ids::Zipf)).into()
}

criterion_group!(benches, update, table, rows);
criterion_main!(benches);
