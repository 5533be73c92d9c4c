//! Matrix products alone: the share of the machine's FMA rate that each product of training reaches, on all threads.
//!
//! `cargo bench -p wordspace-gemm --bench gemm`; what follows `--` is part of a product's name, as `-- toy`, or
//! `--test`, for one repetition of each of the small ones. The comparison with other crates is `scripts/peers/gemm`.

mod shapes;

use std::hint::black_box;
use std::time::Instant;

use shapes::{Shape, shapes};
use wordspace_gemm::{Matrix, MatrixMut, Threads, WeightGradient, fma_rate, on_pool};

/// A measurement takes about so long, and the best of so many counts: others only ever slow it down.
const SECONDS: f64 = 0.05;
const MEASUREMENTS: usize = 7;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let is_test = arguments.iter().any(|argument| argument == "--test");
    let is_asked_for = |shape: &Shape| {
        let name = shape.name();
        arguments.iter().all(|part| part.starts_with("--") || name.contains(part.as_str()))
            && !(is_test && shape.operations() > 1e9)
    };
    let ceiling =
        if is_test { fma_rate(1_000_000) } else { (0..MEASUREMENTS).map(|_| fma_rate(20_000_000)).fold(0.0, f64::max) };
    println!("{} threads, {:.1} GFLOP/s of fused multiply-adds at most", rayon::current_num_threads(), ceiling / 1e9);
    for shape in shapes().into_iter().filter(is_asked_for) {
        let rate = shape.operations() / if is_test { seconds(&shape, 1, 1) } else { best_seconds(&shape) };
        let dims = format!("{} × {} × {}", shape.m, shape.k, shape.n);
        println!("{:40} {dims:>20} {:8.1} GFLOP/s {:5.1} %", shape.name(), rate / 1e9, 100.0 * rate / ceiling);
    }
}

fn best_seconds(shape: &Shape) -> f64 {
    let once = seconds(shape, 1, 2);
    seconds(shape, (SECONDS / once).ceil() as usize, MEASUREMENTS)
}

/// Seconds that a product takes: the least of `measurements` means over `repetitions`.
fn seconds(shape: &Shape, repetitions: usize, measurements: usize) -> f64 {
    let [a, b] = [shape.m * shape.k, shape.k * shape.n].map(values);
    let a = match shape.is_a_transposed {
        true => Matrix::new(&a, shape.k, shape.m).transposed(),
        false => Matrix::new(&a, shape.m, shape.k),
    };
    let b = match shape.is_b_transposed {
        true => Matrix::new(&b, shape.n, shape.k).transposed(),
        false => Matrix::new(&b, shape.k, shape.n),
    };
    let mut c = vec![0.0; shape.m * shape.n];
    let mut product = || match shape.is_weight_gradient() {
        true => _ = black_box(WeightGradient::new(a.transposed(), b).finish()),
        false => {
            let c = MatrixMut::new(&mut c, shape.m, shape.n);
            wordspace_gemm::gemm(c, wordspace_gemm::Accumulate::Overwrite, 1.0, a, b, Threads::All);
        }
    };
    on_pool(|| {
        let mut measure = || {
            let start = Instant::now();
            (0..repetitions).for_each(|_| product());
            start.elapsed().as_secs_f64() / repetitions as f64
        };
        (0..measurements).map(|_| measure()).fold(f64::INFINITY, f64::min)
    })
}

fn values(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i * 7919 % 1009) as f32 / 1009.0 - 0.5).collect()
}
