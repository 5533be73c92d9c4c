//! The tied head, forward to the loss and backward to both gradients, by V, N and C.
//!
//! `cargo bench --bench head`. It is bound by its matrix products, 6 N V C operations.

mod swept;

use criterion::{Criterion, criterion_group, criterion_main};
use wordspace::bench::{Case, Ids, Work};

fn head(criterion: &mut Criterion) {
    let toy = Case { work: Work::Head, v: 1024, c: 64, b: 32, t: 64, ids: Ids::Zipf };
    let mut cases: Vec<Case> = [256, 1024, 8192].map(|v| Case { v, ..toy }).into();
    cases.extend([1, 8].map(|b| Case { b, ..toy }));
    cases.extend([128, 512].map(|c| Case { c, ..toy }));
    cases.push(Case { v: 50_257, c: 256, b: 8, t: 128, ..toy });
    swept::sweep(criterion, &cases);
}

criterion_group!(benches, head);
criterion_main!(benches);
