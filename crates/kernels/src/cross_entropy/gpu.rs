//! The loss on a GPU: a kernel turns logits into their gradient in place, and the products are burn's.

use burn::tensor::{Int, Tensor};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::logits;
use crate::gpu::{
    Gpu, Queued, UNITS, empty, grid_of_cubes, int, largest_buffer, largest_of_cube, primitive, queue, sum, sum_of_cube,
    tensor, unique,
};
use crate::node::Node;

#[derive(Debug)]
pub struct CrossEntropy {
    pub targets: Tensor<1, Int>,
    /// How many rows of logits there are at a time.
    pub rows: usize,
}

impl CrossEntropy {
    /// As many rows at a time as are enough for good products, in about 256 MiB if a buffer may be so large.
    pub fn of(targets: Tensor<1, Int>, table: &Tensor<2>) -> Self {
        let v = table.dims()[0];
        let fitting = (largest_buffer(&table.device()) / 4) as usize / v;
        Self { targets, rows: ((64 << 20) / v).max(256).min(fitting).max(1) }
    }
}

impl Node<Gpu, 2> for CrossEntropy {
    /// The gradients in hidden states and table.
    type Saved = Option<[Queued; 2]>;

    fn forward(&self, [hidden, table]: [Queued; 2], is_tracked: bool) -> (Queued, Self::Saved) {
        let (hidden, table): (Tensor<2>, Tensor<2>) = (tensor(hidden), tensor(table));
        let n = hidden.dims()[0];
        let (mut losses, mut d_hidden, mut d_table) = (Vec::new(), Vec::new(), None);
        for start in (0..n).step_by(self.rows) {
            let hidden = hidden.clone().narrow(0, start, self.rows.min(n - start));
            let logits = logits(hidden.clone(), table.clone());
            let (loss, d_logits) = self::losses(logits, self.targets.clone(), start, is_tracked);
            losses.push(loss);
            if !is_tracked {
                continue;
            }
            d_hidden.push(d_logits.clone().matmul(table.clone()));
            let more = d_logits.transpose().matmul(hidden);
            d_table = Some(match d_table {
                None => more,
                Some(sum) => sum + more,
            });
        }
        let loss = sum(primitive(Tensor::cat(losses, 0)), false);
        (loss, d_table.map(|d_table| [primitive(Tensor::cat(d_hidden, 0)), primitive(d_table)]))
    }

    fn backward(saved: Self::Saved, d_out: Queued, _: [bool; 2]) -> [Option<Queued>; 2] {
        let factor: Tensor<1> = tensor(d_out);
        saved.expect("a tracked loss has gradients").map(|gradient| {
            let gradient: Tensor<2> = tensor(gradient);
            Some(primitive(gradient * factor.clone().unsqueeze()))
        })
    }
}

/// The share in the mean loss of each row of `logits`, the first of which is the `first` of all; and if it `is_tracked`, the
/// gradient in the logits, which is written over them, else the logits.
pub fn losses(logits: Tensor<2>, targets: Tensor<1, Int>, first: usize, is_tracked: bool) -> (Tensor<1>, Tensor<2>) {
    let (shape, [rows, v]) = (logits.shape(), logits.dims());
    let inputs = [primitive(logits), int(targets)];
    let [losses, d_logits] = queue("cross_entropy", inputs, [[rows].into(), shape], move |[logits, targets]| {
        let logits = if is_tracked { unique(logits) } else { logits };
        let losses = empty(&logits, [rows]);
        let (count, cube) = grid_of_cubes(&losses.client, rows);
        let factor = 1.0 / targets.meta.num_elements() as f32;
        cross_entropy::launch(
            &losses.client,
            count,
            cube,
            logits.clone().into_buffer_arg(),
            targets.into_buffer_arg(),
            losses.clone().into_buffer_arg(),
            first,
            v,
            factor,
            is_tracked,
        );
        [losses, logits]
    });
    (tensor(losses), tensor(d_logits))
}

/// A cube for each row of logits.
#[cube(launch)]
fn cross_entropy(
    logits: &mut [f32],
    targets: &[i32],
    losses: &mut [f32],
    first: usize,
    v: usize,
    factor: f32,
    #[comptime] is_tracked: bool,
) {
    if CUBE_POS >= losses.len() {
        terminate!();
    }
    let row = CUBE_POS * v;
    let unit = UNIT_POS as usize;
    // A unit's sum of exponentials is always below its own largest logit, so that the logits are read once for both.
    let mut largest = f32::min_value();
    let mut sum = 0.0f32;
    for at in range_stepped(unit, v, UNITS as usize) {
        let logit = logits[row + at];
        if logit > largest {
            sum = sum * (largest - logit).exp() + 1.0;
            largest = logit;
        } else {
            sum += (logit - largest).exp();
        }
    }
    let most = largest_of_cube(largest);
    let sum = sum_of_cube(sum * (largest - most).exp());

    // The unit that writes over the wanted logit reads it before.
    let target = usize::cast_from(targets[first + CUBE_POS]);
    if target % UNITS as usize == unit {
        losses[CUBE_POS] = (sum.ln() + (most - logits[row + target])) * factor;
    }
    if is_tracked {
        let share = factor / sum;
        for at in range_stepped(unit, v, UNITS as usize) {
            let mut d = (logits[row + at] - most).exp() * share;
            if at == target {
                d -= factor;
            }
            logits[row + at] = d;
        }
    }
}
