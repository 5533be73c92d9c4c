//! The ten nearest words, exactly, for one query and for 64 that share the pass.
//!
//! `cargo bench --bench neighbours`. Throughput is bytes of vectors read. The answers are compared with a reference
//! implementation first.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use wordspace::data::{WordVectors, below, generator};
use wordspace::explore::{Centre, Query, nearest};

#[global_allocator]
static ALLOCATOR: wordspace::Allocator = wordspace::Allocator;

const TOP: usize = 10;

fn neighbours(c: &mut Criterion) {
    let mut group = c.benchmark_group("neighbours");
    group.sample_size(20);
    for (words, dimension) in [(10_000, 100), (50_257, 768), (400_000, 300)] {
        let vectors = random_vectors(words, dimension);
        let centre = Centre::origin(&vectors);
        let query = |row| Query::new(&vectors, &centre, &[row], &[]).expect("the vectors are not zero");
        let all: Vec<Query> = (0..64).map(|nth| query(nth * 100)).collect();
        check(&vectors, &centre, &all);
        group.throughput(Throughput::Bytes((words * dimension * 4) as u64));
        for queries in [1, 64] {
            let id = BenchmarkId::new(format!("{queries} of"), format!("{words} x {dimension}"));
            group.bench_function(id, |bencher| {
                bencher.iter(|| nearest(&vectors, &centre, &all[..queries], TOP, &|_, _| ()));
            });
        }
    }
    group.finish();
}

fn random_vectors(words: usize, dimension: usize) -> WordVectors {
    let mut random = generator(1, "vectors", 0);
    let mut value = || below(&mut random, 2001) as f32 / 1000.0 - 1.0;
    let rows = (0..words * dimension).map(|_| value()).collect();
    WordVectors::new((0..words).map(|row| row.to_string()).collect(), rows, dimension)
}

/// Compares the answers with the reference implementation: all cosines, sorted.
fn check(vectors: &WordVectors, centre: &Centre, queries: &[Query]) {
    let answers = nearest(vectors, centre, queries, TOP, &|_, _| ()).answers;
    for (nth, answer) in answers.iter().enumerate().step_by(9) {
        let row = (nth * 100) as u32;
        assert_eq!(nearest(vectors, centre, &queries[nth..=nth], TOP, &|_, _| ()).answers[0], *answer);
        let others = (0..vectors.len() as u32).filter(|&other| other != row);
        let mut all: Vec<(f64, u32)> = others.map(|other| (centre.cosine(vectors, row, other), other)).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        for ((cosine, _), near) in all.iter().zip(answer) {
            assert!((cosine - near.cosine as f64).abs() < 1e-6, "{cosine} {near:?}");
        }
    }
}

criterion_group!(benches, neighbours);
criterion_main!(benches);
