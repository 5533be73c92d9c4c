//! Token lookups, lookups with positions, and the gradients of both tables, by V, N, C and the distribution of ids.
//!
//! `cargo bench --bench embedding`, or `cargo bench --bench embedding -- gradient/flex`.

mod swept;

use criterion::{Criterion, criterion_group, criterion_main};
use wordspace::bench::{Case, Ids, Work};

fn lookup(criterion: &mut Criterion) {
    swept::sweep(criterion, &cases(Work::Lookup));
}

fn embed(criterion: &mut Criterion) {
    swept::sweep(criterion, &cases(Work::Embed));
}

fn gradient(criterion: &mut Criterion) {
    swept::sweep(criterion, &cases(Work::Gradient));
}

fn cases(work: Work) -> Vec<Case> {
    let gpt2 = Case { work, v: 50_257, c: 768, b: 8, t: 1024, ids: Ids::Zipf };
    let mut all: Vec<Case> = Ids::ALL.map(|ids| Case { ids, ..gpt2 }).into();
    all.extend([8, 12, 16, 20].map(|log| Case { v: 1 << log, c: 64, b: 16, t: 1024, ids: Ids::Uniform, ..gpt2 }));
    all.extend([1, 64, 4096].map(|n| Case { c: 256, b: 1, t: n, ..gpt2 }));
    all.push(Case { c: 256, b: 64, ..gpt2 });
    all.extend([32, 128, 1024].map(|c| Case { c, ..gpt2 }));
    all
}

criterion_group!(benches, lookup, embed, gradient);
criterion_main!(benches);
