//! The matrix products of training: forward, input gradient and weight gradient of a model's linear layers and of its
//! tied head.

/// A product `C = A B`, with A `[M, K]`, B `[K, N]`; a transposed one is stored as `[K, M]` or `[N, K]`.
#[derive(Clone, Copy)]
pub struct Shape {
    pub model: &'static str,
    pub layer: &'static str,
    pub pass: &'static str,
    pub m: usize,
    pub k: usize,
    pub n: usize,
    pub is_a_transposed: bool,
    pub is_b_transposed: bool,
}

impl Shape {
    /// Such as `toy mlp.in forward`.
    pub fn name(&self) -> String {
        format!("{} {} {}", self.model, self.layer, self.pass)
    }

    /// Floating-point operations: 2 M K N.
    pub fn operations(&self) -> f64 {
        2.0 * self.m as f64 * self.k as f64 * self.n as f64
    }

    /// Whether it is the gradient of a linear layer's weight, which may be summed split-K.
    pub fn is_weight_gradient(&self) -> bool {
        self.pass == "weight gradient" && self.layer != "head"
    }
}

/// Of every model that `configs/` trains on a CPU, and of GPT-2 small, with one sequence of 1,024 tokens (its head with
/// 512).
pub fn shapes() -> Vec<Shape> {
    let mut all = Vec::new();
    for (model, rows, c, v) in
        [("toy", 32 * 32, 64, 376), ("shakespeare-char", 12 * 64, 128, 65), ("gpt2-small", 1024, 768, 50_257)]
    {
        for (layer, inputs, outputs) in
            [("attn.qkv", c, 3 * c), ("attn.proj", c, c), ("mlp.in", c, 4 * c), ("mlp.out", 4 * c, c)]
        {
            all.extend(linear(model, layer, rows, inputs, outputs));
        }
        all.extend(head(model, rows.min(if v > 10_000 { 512 } else { rows }), c, v));
    }
    all
}

/// `y = x W`, with W `[inputs, outputs]`: forward, `d Wᵀ` and `xᵀ d`.
fn linear(model: &'static str, layer: &'static str, rows: usize, inputs: usize, outputs: usize) -> [Shape; 3] {
    let shape = |pass, [m, k, n]: [usize; 3], is_a_transposed, is_b_transposed| Shape {
        model,
        layer,
        pass,
        m,
        k,
        n,
        is_a_transposed,
        is_b_transposed,
    };
    [
        shape("forward", [rows, inputs, outputs], false, false),
        shape("input gradient", [rows, outputs, inputs], false, true),
        shape("weight gradient", [inputs, rows, outputs], true, false),
    ]
}

/// `logits = x Eᵀ`, with the token table E `[V, C]`: forward, `d E` and `dᵀ x`.
fn head(model: &'static str, rows: usize, c: usize, v: usize) -> [Shape; 3] {
    let shape = |pass, [m, k, n]: [usize; 3], is_a_transposed, is_b_transposed| Shape {
        model,
        layer: "head",
        pass,
        m,
        k,
        n,
        is_a_transposed,
        is_b_transposed,
    };
    [
        shape("forward", [rows, c, v], false, true),
        shape("input gradient", [rows, v, c], false, false),
        shape("weight gradient", [v, rows, c], true, false),
    ]
}
