//! The matrix products of training by our crate, by `gemm` and by `matrixmultiply`, turn about in one process.
//!
//! ```text
//! cargo run --release -- [PART OF A NAME] [--rounds 9] [--turn-ms 50] [--json FILE]
//! cargo run --release -- turns        what scripts/peers/gemm.py speaks: a line of JSON in, one out
//! ```

#[path = "../../../../benches/gemm/shapes.rs"]
mod shapes;

use std::hint::black_box;
use std::io::BufRead;
use std::time::Instant;

use gemm::Parallelism;
use serde_json::{Value, json};
use shapes::{Shape, shapes};
use wordspace_gemm::{Accumulate, Matrix, MatrixMut, Threads, WeightGradient, on_pool};

const CONTENDERS: [&str; 3] = ["wordspace-gemm", "gemm", "matrixmultiply"];

/// A product's operands, and the result of the contender who has the turn.
struct Product {
    shape: Shape,
    a: Vec<f32>,
    b: Vec<f32>,
    c: Vec<f32>,
}

impl Product {
    fn new(shape: Shape) -> Self {
        let values = |count: usize| (0..count).map(|i| (i * 7919 % 1009) as f32 / 1009.0 - 0.5).collect();
        let Shape { m, k, n, .. } = shape;
        Self { shape, a: values(m * k), b: values(k * n), c: vec![0.0; m * n] }
    }

    /// Row and column strides of A and of B.
    fn strides(&self) -> [[isize; 2]; 2] {
        let Shape { m, k, n, is_a_transposed, is_b_transposed, .. } = self.shape;
        let of = |is_transposed, rows: usize, columns: usize| match is_transposed {
            true => [1, rows as isize],
            false => [columns as isize, 1],
        };
        [of(is_a_transposed, m, k), of(is_b_transposed, k, n)]
    }

    /// Seconds per product of a turn of so many.
    fn turn(&mut self, contender: &str, repetitions: usize) -> f64 {
        let start = Instant::now();
        match contender {
            // As in training: its threads spin between products, and only then.
            "wordspace-gemm" => on_pool(|| (0..repetitions).for_each(|_| self.ours())),
            "gemm" => (0..repetitions).for_each(|_| self.gemm()),
            "matrixmultiply" => (0..repetitions).for_each(|_| self.matrixmultiply()),
            other => panic!("no contender is named {other:?}; there are {CONTENDERS:?}"),
        }
        start.elapsed().as_secs_f64() / repetitions as f64
    }

    fn ours(&mut self) {
        let Shape { m, k, n, is_a_transposed, is_b_transposed, .. } = self.shape;
        let of = |values, is_transposed, rows, columns| match is_transposed {
            true => Matrix::new(values, columns, rows).transposed(),
            false => Matrix::new(values, rows, columns),
        };
        let (a, b) = (of(&self.a, is_a_transposed, m, k), of(&self.b, is_b_transposed, k, n));
        if self.shape.is_weight_gradient() {
            // What training calls; it makes a new vector each time.
            self.c = black_box(WeightGradient::new(a.transposed(), b).finish());
        } else {
            wordspace_gemm::gemm(MatrixMut::new(&mut self.c, m, n), Accumulate::Overwrite, 1.0, a, b, Threads::All);
        }
    }

    fn gemm(&mut self) {
        let Shape { m, k, n, .. } = self.shape;
        let [[a_rows, a_columns], [b_rows, b_columns]] = self.strides();
        let (a, b, c, c_rows) = (self.a.as_ptr(), self.b.as_ptr(), self.c.as_mut_ptr(), n as isize);
        // The first factor belongs to C, which is not read; the second to the product.
        // SAFETY: the vectors have M K, K N and M N elements, at these strides.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                c,
                1,
                c_rows,
                false,
                a,
                a_columns,
                a_rows,
                b,
                b_columns,
                b_rows,
                0.0,
                1.0,
                false,
                false,
                false,
                Parallelism::Rayon(0),
            )
        }
    }

    fn matrixmultiply(&mut self) {
        let Shape { m, k, n, .. } = self.shape;
        let [[a_rows, a_columns], [b_rows, b_columns]] = self.strides();
        let (a, b, c) = (self.a.as_ptr(), self.b.as_ptr(), self.c.as_mut_ptr());
        // SAFETY: the vectors have M K, K N and M N elements, at these strides.
        unsafe {
            matrixmultiply::sgemm(m, k, n, 1.0, a, a_rows, a_columns, b, b_rows, b_columns, 0.0, c, n as isize, 1)
        }
    }

    /// Fails unless all contenders find the same product, up to rounding.
    fn agree(&mut self) {
        self.turn(CONTENDERS[0], 1);
        let expected = self.c.clone();
        for contender in &CONTENDERS[1..] {
            self.c.fill(f32::NAN);
            self.turn(contender, 1);
            let tolerance = 1e-5 * self.shape.k as f32;
            let is_near = self.c.iter().zip(&expected).all(|(c, expected)| (c - expected).abs() <= tolerance);
            assert!(is_near, "{contender} finds another product for {}", self.shape.name());
        }
    }

    /// Repetitions that take ours about so many seconds.
    fn repetitions(&mut self, seconds: f64) -> usize {
        let once = self.turn(CONTENDERS[0], 2).min(self.turn(CONTENDERS[0], 2));
        ((seconds / once) as usize).max(1)
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // One pool for ours and for `gemm`; matrixmultiply reads a variable of its own when it first runs.
    let threads = rayon::current_num_threads();
    // SAFETY: no other thread has been started that could read the environment.
    unsafe { std::env::set_var("MATMUL_NUM_THREADS", threads.to_string()) };
    match arguments.first().map(String::as_str) {
        Some("turns") => turns(),
        _ => table(&arguments, threads),
    }
}

/// Measures `{"shape": name, "contender": name, "repetitions": n}` for each line; first says what there is.
fn turns() {
    let describe = |shape: &Shape| {
        json!({"name": shape.name(), "m": shape.m, "k": shape.k, "n": shape.n, "operations": shape.operations(),
               "is_a_transposed": shape.is_a_transposed, "is_b_transposed": shape.is_b_transposed})
    };
    println!("{}", json!({"contenders": CONTENDERS, "shapes": shapes().iter().map(describe).collect::<Vec<_>>()}));
    let mut product: Option<Product> = None;
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line.unwrap()).expect("a request is a line of JSON");
        let name = request["shape"].as_str().expect("a request names its shape");
        if product.as_ref().is_none_or(|product| product.shape.name() != name) {
            product = None;
            let shape = shapes().into_iter().find(|shape| shape.name() == name).expect("a shape of the list");
            let mut new = Product::new(shape);
            new.agree();
            product = Some(new);
        }
        let product = product.as_mut().expect("it was just made");
        let contender = request["contender"].as_str().expect("a request names its contender");
        let repetitions = request["repetitions"].as_u64().expect("a request says how often") as usize;
        println!("{}", json!({"seconds": product.turn(contender, repetitions)}));
    }
}

fn table(arguments: &[String], threads: usize) {
    let option = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let rounds: usize = option("--rounds").map_or(9, |rounds| rounds.parse().expect("--rounds is a number"));
    let turn: f64 = option("--turn-ms").map_or(50.0, |turn| turn.parse().expect("--turn-ms is a number"));
    let part = arguments.first().filter(|part| !part.starts_with("--")).map_or("", String::as_str);
    println!("{threads} threads, {rounds} rounds of turns of {turn} ms; medians");
    println!("{:40} {:>20} {:>12} {:>16} {:>16}", "", "M × K × N", "ours, ms", "gemm", "matrixmultiply");
    let mut record = Vec::new();
    for shape in shapes().into_iter().filter(|shape| shape.name().contains(part)) {
        let mut product = Product::new(shape);
        product.agree();
        let repetitions = product.repetitions(turn / 1000.0);
        let mut seconds = CONTENDERS.map(|_| Vec::new());
        for round in 0..rounds {
            for nth in 0..CONTENDERS.len() {
                let nth = (nth + round) % CONTENDERS.len();
                seconds[nth].push(product.turn(CONTENDERS[nth], repetitions));
            }
        }
        let against =
            |peer: usize| median(seconds[peer].iter().zip(&seconds[0]).map(|(theirs, ours)| theirs / ours).collect());
        let (dims, ours) = (format!("{} × {} × {}", shape.m, shape.k, shape.n), 1e3 * median(seconds[0].clone()));
        println!("{:40} {dims:>20} {ours:12.4} {:14.2} × {:14.2} ×", shape.name(), against(1), against(2));
        let by_contender: serde_json::Map<_, _> =
            CONTENDERS.iter().zip(&seconds).map(|(name, seconds)| (name.to_string(), json!(seconds))).collect();
        record.push(json!({"name": shape.name(), "m": shape.m, "k": shape.k, "n": shape.n, "seconds": by_contender}));
    }
    if let Some(path) = option("--json") {
        std::fs::write(path, format!("{}\n", json!({"threads": threads, "shapes": record})))
            .expect("the record is written");
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}
