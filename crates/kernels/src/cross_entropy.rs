//! The head and the loss: `logits = hidden · tableᵀ`, `loss = mean over n of −log softmax(logits[n])[target[n]]`.
//!
//! `[N, V]` is never whole. Some rows of logits are computed, turned in place into `e = exp(logit − largest)`, and used for
//! the gradients while they are near: with s the sum of e, `d_hidden = (e/s · table − table[target]) / N` and
//! `d_table = (eᵀ · hidden/s − hidden at the target) / N`, so that e is written once and divided never. Three products of
//! `2 N V C` operations are the limit.

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
        let operation = processor::CrossEntropy { targets: crate::ids::on_the_host(targets) };
        return crate::operation::run(operation, [hidden.into(), table.into()]);
    }
    #[cfg(feature = "cube")]
    if crate::gpu::is_ours(&hidden) {
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

#[cfg(feature = "flex")]
mod processor {
    use std::sync::Arc;

    use crate::operation::{Operation, Values, View};
    use crate::processor::{Matrix, MatrixMut, Onto, PIECE, Threads, each_of, exp, largest, multiply, product};
    use crate::processor::{rows_of_a_piece, simd, sum};

    #[derive(Clone, Debug)]
    pub struct CrossEntropy {
        pub targets: Arc<[u32]>,
    }

    /// How many rows of logits there are at a time: enough that adding to the table's gradient, once for each time, is
    /// little beside the products, and no more than 40 MiB, whatever V is. Besides the gradients they are all that is kept.
    fn rows_at_a_time(v: usize) -> usize {
        ((10 << 20) / v.max(1)).clamp(16, 256)
    }

    impl Operation<2> for CrossEntropy {
        /// The gradients in hidden states and table.
        type Saved = Option<[Values; 2]>;

        fn forward(&self, [hidden, table]: [View<'_>; 2], is_tracked: bool) -> (Values, Self::Saved) {
            let ([n, c], [v, _]) = (hidden.dims(), table.dims());
            let rows = rows_at_a_time(v).min(n);
            // The gradient in the table begins as that of the first rows.
            let mut gradients = is_tracked.then(|| [vec![0.0; n * c], Vec::new()]);
            let mut loss = 0.0;
            for start in (0..n).step_by(rows) {
                let rows = start..n.min(start + rows);
                let part = Part { hidden: &hidden[start * c..rows.end * c], table, targets: &self.targets[rows], v, c };
                let (e, cost, shares) = part.exponentials();
                loss += cost;
                if let Some([d_hidden, d_table]) = &mut gradients {
                    part.differentiate(&e, &shares, 1.0 / n as f32, &mut d_hidden[start * c..], d_table);
                }
            }
            let saved =
                gradients.map(|[d_hidden, d_table]| [Values::like(d_hidden, hidden), Values::like(d_table, table)]);
            (Values::new(vec![(loss / n as f64) as f32], [1]), saved)
        }

        fn backward(&self, _: [View<'_>; 2], saved: Self::Saved, d_out: Values, _: [bool; 2]) -> [Option<Values>; 2] {
            let factor = d_out.view()[0];
            saved.expect("a tracked loss has gradients").map(|mut gradient| {
                if factor != 1.0 {
                    each_of(gradient.as_mut_slice().chunks_mut(PIECE), |_, x| x.iter_mut().for_each(|x| *x *= factor));
                }
                Some(gradient)
            })
        }
    }

    /// Some hidden states with their targets.
    struct Part<'a> {
        hidden: &'a [f32],
        table: View<'a>,
        targets: &'a [u32],
        v: usize,
        c: usize,
    }

    impl Part<'_> {
        /// The exponentials of the logits below the largest of their row, the loss of all rows, and one over the sum of each.
        fn exponentials(&self) -> (Vec<f32>, f64, Vec<f32>) {
            let &Self { hidden, table, targets, v, c } = self;
            let n = targets.len();
            let (hidden, table) = (Matrix::new(hidden, n, c), Matrix::new(&table, v, c).transposed());
            let mut e = product(None, 1.0, hidden, table, Threads::All);
            let rows = rows_of_a_piece(v);
            let found = each_of(e.chunks_mut(rows * v).zip(targets.chunks(rows)), |_, (e, targets)| {
                let rows = e.chunks_exact_mut(v).zip(targets);
                rows.map(|(row, &target)| exponentials_of(row, target as usize)).collect::<Vec<(f64, f32)>>()
            });
            let found = found.concat();
            (e, found.iter().map(|(loss, _)| loss).sum(), found.into_iter().map(|(_, share)| share).collect())
        }

        /// Writes the gradient in these hidden states, times `factor`, and adds that in the table.
        fn differentiate(&self, e: &[f32], shares: &[f32], factor: f32, d_hidden: &mut [f32], d_table: &mut Vec<f32>) {
            let &Self { hidden, table, targets, v, c } = self;
            let n = targets.len();
            let e = Matrix::new(e, n, v);
            multiply(MatrixMut::new(d_hidden, n, c), Onto::Nothing, factor, e, Matrix::new(&table, v, c), Threads::All);
            let mut scaled = hidden.to_vec();
            for (row, (&share, &target)) in shares.iter().zip(targets).enumerate() {
                let row = row * c..(row + 1) * c;
                let wanted = &table[target as usize * c..][..c];
                for (d, table) in d_hidden[row.clone()].iter_mut().zip(wanted) {
                    *d = *d * share - table * factor;
                }
                scaled[row].iter_mut().for_each(|x| *x *= share);
            }
            let scaled = Matrix::new(&scaled, n, c);
            match d_table.is_empty() {
                true => *d_table = product(None, factor, e.transposed(), scaled, Threads::All),
                false => {
                    multiply(MatrixMut::new(d_table, v, c), Onto::Itself, factor, e.transposed(), scaled, Threads::All)
                }
            }
            for (hidden, &target) in hidden.chunks_exact(c).zip(targets) {
                for (d, hidden) in d_table[target as usize * c..][..c].iter_mut().zip(hidden) {
                    *d -= hidden * factor;
                }
            }
        }
    }

    /// Turns a row of logits into their exponentials below the largest; its loss, and one over their sum.
    fn exponentials_of(row: &mut [f32], target: usize) -> (f64, f32) {
        let wanted = row[target];
        simd(
            #[inline(always)]
            || {
                let most = largest(row);
                for i in 0..row.len() {
                    row[i] = exp(row[i] - most);
                }
                let sum = sum(row);
                ((sum.ln() + (most - wanted)) as f64, 1.0 / sum)
            },
        )
    }
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
        for (n, c, v) in [(1, 1, 1), (5, 3, 7), (300, 8, 50), (40, 16, 3000)] {
            agrees(
                [random([n, c], 1.0), random([v, c], 1.0)],
                |[hidden, table]| cross_entropy(hidden.clone(), table, targets(n, v, &hidden.device())),
                |[hidden, table]| stock(hidden.clone(), table, targets(n, v, &hidden.device())),
            );
        }
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_too_by_parts_of_the_rows() {
        let Some(gpu) = crate::oracle::gpu("cross-entropy on a GPU") else { return };
        let (n, c, v) = (20, 8, 300);
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
            let alone = gpu::losses(at.clone(), targets(n, v, &gpu), 0, false).0.sum().into_scalar::<f32>();
            let (losses, found) = gpu::losses(at, targets(n, v, &gpu), 0, true);
            let (sum, loss) = (losses.sum().into_scalar::<f32>(), loss.into_scalar::<f32>());
            assert!((sum - loss).abs() <= 2e-5 * loss.abs() && alone == sum, "{sum} and {alone} instead of {loss}");
            for (found, expected) in numbers(found).into_iter().zip(expected) {
                assert!((found - expected).abs() <= 2e-5 / n as f32, "{found} instead of {expected}");
            }
        }
    }
}
