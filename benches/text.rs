//! Text to ids, and ids to batches.
//!
//! `cargo bench --bench text`. Throughput is in bytes of text, and in ids of a batch.

use std::ops::ControlFlow;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wordspace::data::{Corpus, Preparation, Text, Windows, toy};

#[global_allocator]
static ALLOCATOR: wordspace::Allocator = wordspace::Allocator;

fn prepare(c: &mut Criterion) {
    let text = toy::text(1, 20_000);
    let mut group = c.benchmark_group("prepare");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
    for tokenizer in ["word", "char", "bpe:1000", "gpt2"] {
        group.bench_function(tokenizer, |bencher| {
            let folder = tempfile::tempdir().expect("a temporary folder can be made");
            bencher.iter(|| prepared(folder.path(), &text, tokenizer));
        });
    }
    group.finish();
}

fn windows(c: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    prepared(folder.path(), &toy::text(1, 20_000), "word");
    let corpus = Corpus::open(folder.path()).expect("it was just prepared");
    let (rows, context) = (32, 64);
    let windows = Windows::new(&corpus.train, context, corpus.tokenizer.vocab_size(), "the training part", "toy");
    let windows = windows.expect("the text is longer than a window");
    let mut group = c.benchmark_group("windows");
    group.throughput(Throughput::Elements((rows * context) as u64));
    group.bench_function("random 32 x 64", |bencher| {
        let mut step = 0;
        bencher.iter(|| {
            step += 1;
            windows.random(1, step, rows).expect("the ids are in the vocabulary")
        });
    });
    group.finish();
}

fn prepared(folder: &std::path::Path, text: &str, tokenizer: &str) {
    let how = Preparation {
        tokenizer: tokenizer.parse().expect("the name is known"),
        min_count: 2,
        held_out: 0.1,
        classes: Default::default(),
    };
    let text = Text::in_memory("toy", text.to_string());
    Corpus::prepare(folder, &text, &how, &|_, _, _| ControlFlow::Continue(())).expect("the toy corpus can be prepared");
}

criterion_group!(benches, prepare, windows);
criterion_main!(benches);
