//! The head and the loss: `logits = hidden · tableᵀ`, `loss = mean over n of −log softmax(logits[n])[target[n]]`.
//!
//! `[N, V]` is never whole: with `e = exp(logit − reference)` and s the sum of e, `d_hidden = (e/s · table − table[target]) / N`
//! and `d_table = (eᵀ · hidden/s − hidden at the target) / N`, so that e is written once and divided never. Three products of
//! `2 N V C` operations are the limit.

#[cfg(feature = "flex")]
mod cpu;
#[cfg(feature = "cube")]
mod gpu;

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor};

/// How well each of the V rows of `table` fits each hidden state.
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
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&hidden) {
        let operation = cpu::CrossEntropy { targets: crate::ids::on_the_host(targets) };
        return crate::operation::run(operation, [hidden.into(), table.into()]);
    }
    #[cfg(feature = "cube")]
    if gpu::CrossEntropy::fits(&hidden, &table) {
        return crate::gpu::run(gpu::CrossEntropy::of(targets, &table), [hidden.into(), table.into()]);
    }
    stock(hidden, table, targets)
}

pub(crate) fn stock(hidden: Tensor<2>, table: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    of_logits(logits(hidden, table), targets)
}

fn of_logits(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let [n] = targets.dims();
    let log_probabilities = log_softmax(logits, 1); // [N, V]
    log_probabilities.gather(1, targets.reshape([n, 1])).mean().neg()
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::oracle::{agrees, random};
    #[cfg(feature = "wgpu")]
    use crate::oracle::{agrees_on, on};

    #[test]
    fn equal_logits_cost_the_logarithm_of_the_vocabulary() {
        let device = Device::flex();
        let hidden = Tensor::<2>::ones([3, 4], &device);
        let table = Tensor::<2>::ones([7, 4], &device);
        let loss = cross_entropy(hidden, table, Tensor::from_ints([0, 3, 6], &device)).into_scalar::<f32>();
        assert!((loss - 7_f32.ln()).abs() < 1e-6, "{loss}");
    }

    #[test]
    fn large_logits_overflow_nothing() {
        let device = Device::flex();
        let hidden = Tensor::<2>::from_floats([[1000.0]], &device);
        let table = Tensor::<2>::from_floats([[1.0], [-1.0]], &device);
        let loss = |target: i32| {
            cross_entropy(hidden.clone(), table.clone(), Tensor::from_ints([target], &device)).into_scalar::<f32>()
        };
        assert_eq!(loss(0), 0.0);
        assert_eq!(loss(1), 2000.0);
    }

    #[test]
    fn what_is_certain_costs_nothing_and_never_less() {
        for seed in 1..40 {
            // Each hidden state is far along the row of its target, and in no simple number.
            let table = random([seed + 1, 37], 9.0).inner();
            let n = seed + 1;
            let loss = cross_entropy(table.clone() * 1.7, table, Tensor::arange(0..n as i64, &Device::flex()));
            let loss = loss.into_scalar::<f32>();
            assert!((0.0..1e-3).contains(&loss), "{loss}");
        }
    }

    #[test]
    fn a_number_that_is_none_makes_the_loss_none_too() {
        let device = Device::flex();
        let table = Tensor::<2>::from_floats([[1.0], [f32::NAN], [2.0]], &device);
        let hidden = Tensor::<2>::from_floats([[1.0]], &device);
        let loss = cross_entropy(hidden, table, Tensor::from_ints([0], &device)).into_scalar::<f32>();
        assert!(loss.is_nan(), "{loss}");
    }

    fn targets(n: usize, v: usize, device: &Device) -> Tensor<1, Int> {
        let targets: Vec<i32> = (0..n).map(|at| (at * 31 % v) as i32).collect();
        Tensor::from_data(TensorData::new(targets, [n]), device)
    }

    #[test]
    fn it_is_its_definition_in_value_and_gradient() {
        for (n, c, v, scale) in [
            (1, 1, 1, 1.0),
            (5, 3, 7, 1.0),
            (300, 8, 50, 1.0),
            (40, 16, 3000, 1.0),
            (300, 4, 60_000, 1.0),
            (9, 8, 70, 20.0),
        ] {
            agrees(
                [random([n, c], scale), random([v, c], scale)],
                |[hidden, table]| cross_entropy(hidden.clone(), table, targets(n, v, &hidden.device())),
                |[hidden, table]| stock(hidden.clone(), table, targets(n, v, &hidden.device())),
            );
        }
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too_by_parts_of_the_rows() {
        let Some(gpu) = crate::oracle::gpu("cross-entropy on a GPU") else { return };
        // Rows of logits are as long as whole fours are, whatever V is.
        for (n, c, v) in [(20, 8, 300), (20, 8, 301), (150, 12, 7)] {
            agrees_on(
                &gpu,
                [random([n, c], 1.0), random([v, c], 1.0)],
                |[hidden, table]| {
                    let parts = gpu::CrossEntropy { targets: targets(n, v, &hidden.device()), rows: 7 };
                    crate::gpu::run(parts, [hidden.into(), table.into()])
                },
                |[hidden, table]| stock(hidden.clone(), table, targets(n, v, &hidden.device())),
            );
        }
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_any_logits_have_the_loss_and_the_gradient_of_the_definition() {
        let Some(gpu) = crate::oracle::gpu("the loss of logits on a GPU") else { return };
        let numbers = |tensor: Tensor<2>| tensor.into_data().try_into_vec::<f32>().unwrap();
        for (n, v) in [(1, 1), (1, 2), (5, 7), (300, 50), (3, 70_001)] {
            let logits = random([n, v], 30.0).require_grad();
            let loss = of_logits(logits.clone(), targets(n, v, &logits.device()));
            let expected = numbers(logits.grad(&loss.backward()).unwrap());
            let at = on(logits.inner(), &gpu);
            let losses = |is_tracked| {
                let logits = crate::gpu::primitive(at.clone());
                gpu::losses(logits, v, targets(n, v, &gpu), 0, is_tracked)
            };
            let alone = losses(false).0.sum().into_scalar::<f32>();
            let (losses, found) = losses(true);
            let (sum, loss) = (losses.sum().into_scalar::<f32>(), loss.into_scalar::<f32>());
            assert!((sum - loss).abs() <= 2e-5 * loss.abs() && alone == sum, "{sum} and {alone} instead of {loss}");
            for (found, expected) in numbers(crate::gpu::tensor(found)).into_iter().zip(expected) {
                assert!((found - expected).abs() <= 2e-5 / n as f32, "{found} instead of {expected}");
            }
        }
    }
}
