//! The head and the loss: `logits = hidden · tableᵀ`, `loss = mean over n of −log softmax(logits[n])[target[n]]`.
//!
//! `[N, V]` is never whole. With `e = exp(logit − shift)`, of any shift for each row, and s the sum of e:
//! `d_hidden = (e/s · table − table[target]) / N` and `d_table = (eᵀ · hidden/s − hidden at the target) / N`, so that e is written once
//! and never divided. The limit is the arithmetic of three products of `2 N V C` operations.

#[cfg(feature = "flex")]
mod cpu;
#[cfg(feature = "cube")]
mod gpu;
#[cfg(test)]
mod tests;

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

/// The logit of each row of `table` for each hidden state.
///
/// # Shapes
///
/// - `hidden`: `[N, C]`
/// - `table`: `[V, C]`
/// - output: `[N, V]`
pub fn logits(hidden: Tensor<2>, table: Tensor<2>) -> Tensor<2> {
    hidden.matmul(table.transpose())
}

/// The mean cross-entropy, in nats, of the targets under the softmax of the [`logits`].
///
/// # Shapes
///
/// - `hidden`: `[N, C]`
/// - `table`: `[V, C]`
/// - `targets`: `[N]`, each below V
/// - output: `[1]`
pub fn cross_entropy(hidden: Tensor<2>, table: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    dispatch!(match backend_of(&hidden) {
        Cpu => crate::run(cpu::CrossEntropy::new(targets), [hidden.into(), table.into()]),
        Gpu if gpu::takes(&hidden, &table) => gpu::cross_entropy(hidden, table, targets),
        Reference => reference(hidden, table, targets),
    })
}

pub(crate) fn reference(hidden: Tensor<2>, table: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    of_logits(logits(hidden, table), targets)
}

fn of_logits(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let [n] = targets.dims();
    let log_probabilities = log_softmax(logits, 1); // [N, V]
    log_probabilities.gather(1, targets.reshape([n, 1])).mean().neg()
}
