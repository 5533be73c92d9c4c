//! The head and the loss: `logits = hidden · tableᵀ`, `loss = mean over n of −log softmax(logits[n])[target[n]]`.

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
    let [n] = targets.dims();
    let log_probabilities = log_softmax(logits(hidden, table), 1); // [N, V]
    log_probabilities.gather(1, targets.reshape([n, 1])).mean().neg()
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

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
}
