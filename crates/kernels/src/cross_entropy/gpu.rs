//! The loss on a GPU, of some hidden states at a time: a kernel turns their logits into the gradient in place, which two products
//! take on to hidden states and table.

use burn::tensor::{Int, Tensor};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use crate::gpu::{
    Gpu, Matrix, Onto, Part, Queued, TILE, UNITS, empty, grid_of_cubes, int, is_of_fours, is_ours, largest_buffer,
    largest_of_cube, multiply, one, primitive, product, queue, sum, sum_of_cube, tensor, unique,
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
        let v = table.dims()[0].next_multiple_of(4);
        let fitting = (largest_buffer(&table.device()) / 4) as usize / v;
        Self { targets, rows: ((64 << 20) / v / TILE * TILE).max(2 * TILE).min(fitting).max(1) }
    }

    /// Whether the products of our own can be used.
    pub fn fits(hidden: &Tensor<2>, table: &Tensor<2>) -> bool {
        is_ours(hidden) && is_ours(table) && is_of_fours(hidden.dims()[1])
    }
}

impl Node<Gpu, 2> for CrossEntropy {
    /// The gradients in hidden states and table.
    type Saved = Option<[Queued; 2]>;

    fn forward(&self, [hidden, table]: [Queued; 2], is_tracked: bool) -> (Queued, Self::Saved) {
        let (n, v) = (hidden.shape[0], table.shape[0]);
        let (mut losses, mut d_hidden, mut d_table) = (Vec::new(), Vec::new(), None);
        for start in (0..n).step_by(self.rows) {
            let part = HiddenStates { start, rows: self.rows.min(n - start) };
            let logits = part.logits(hidden.clone(), table.clone());
            let (loss, d_logits) = self::losses(logits, v, self.targets.clone(), start, is_tracked);
            losses.push(loss);
            if is_tracked {
                d_hidden.push(tensor::<2>(part.d_hidden(d_logits.clone(), table.clone())));
                d_table = Some(part.d_table(d_logits, hidden.clone(), v, d_table));
            }
        }
        let loss = sum(primitive(Tensor::cat(losses, 0)), false);
        (loss, d_table.map(|d_table| [primitive(Tensor::cat(d_hidden, 0)), d_table]))
    }

    fn backward(saved: Self::Saved, d_out: Queued, _: [bool; 2]) -> [Option<Queued>; 2] {
        let factor: Tensor<1> = tensor(d_out);
        saved.expect("a tracked loss has gradients").map(|gradient| {
            let gradient: Tensor<2> = tensor(gradient);
            Some(primitive(gradient * factor.clone().unsqueeze()))
        })
    }
}

/// Some of the rows of the hidden states, whose logits are there at the same time.
#[derive(Clone, Copy)]
struct HiddenStates {
    start: usize,
    rows: usize,
}

impl HiddenStates {
    fn of(self, hidden: &CubeTensor) -> Matrix<'_> {
        let all = Matrix::new(hidden);
        Matrix { start: self.start * all.columns, rows: self.rows, ..all }
    }

    /// `[rows, V]`, the rows as long as whole fours are.
    fn logits(self, hidden: Queued, table: Queued) -> Queued {
        let shape = [self.rows, table.shape[0].next_multiple_of(4)];
        one(queue("logits", [hidden, table], [shape.into()], move |[hidden, table]| {
            [product(shape, Onto::Nothing, self.of(&hidden), Matrix::new(&table).turned())]
        }))
    }

    /// The gradient in these hidden states, `[rows, C]`.
    fn d_hidden(self, d_logits: Queued, table: Queued) -> Queued {
        let ([v, c], rows) = ([table.shape[0], table.shape[1]], self.rows);
        one(queue("d_hidden", [d_logits, table], [[rows, c].into()], move |[d_logits, table]| {
            let d_logits = Matrix::new(&d_logits).of_columns(v);
            [product([rows, c], Onto::Nothing, d_logits, Matrix::new(&table))]
        }))
    }

    /// Their share in the gradient in the table, `[V, C]`, added to that of others.
    fn d_table(self, d_logits: Queued, hidden: Queued, v: usize, of_others: Option<Queued>) -> Queued {
        let shape = [v, hidden.shape[1]];
        one(match of_others {
            None => queue("d_table", [d_logits, hidden], [shape.into()], move |[d_logits, hidden]| {
                let d_logits = Matrix::new(&d_logits).of_columns(v).turned();
                [product(shape, Onto::Nothing, d_logits, self.of(&hidden))]
            }),
            Some(sum) => queue("d_table", [d_logits, hidden, sum], [shape.into()], move |[d_logits, hidden, sum]| {
                let sum = unique(sum);
                let d_logits = Matrix::new(&d_logits).of_columns(v).turned();
                multiply(Matrix::new(&sum), Onto::Itself, 1.0, d_logits, self.of(&hidden), Part::Whole, [1, 1]);
                [sum]
            }),
        })
    }
}

/// The share in the mean loss of each row of `logits`, the first of which is the `first` of all; and if it `is_tracked`, the
/// gradient in the logits, which is written over them, else the logits. What the rows have beyond `v` numbers is not looked at,
/// and zero in the gradient.
pub fn losses(
    logits: Queued,
    v: usize,
    targets: Tensor<1, Int>,
    first: usize,
    is_tracked: bool,
) -> (Tensor<1>, Queued) {
    let (shape, rows) = (logits.shape.clone(), logits.shape[0]);
    let inputs = [logits, int(targets)];
    let [losses, d_logits] = queue("cross_entropy", inputs, [[rows].into(), shape], move |[logits, targets]| {
        let logits = if is_tracked { unique(logits) } else { logits };
        let losses = empty(&logits, [rows]);
        let (count, cube) = grid_of_cubes(&losses.client, rows, UNITS);
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
            logits.meta.shape()[1],
            factor,
            is_tracked,
        );
        [losses, logits]
    });
    (tensor(losses), d_logits)
}

/// A cube for each row of logits.
#[cube(launch)]
fn cross_entropy(
    logits: &mut [f32],
    targets: &[i32],
    losses: &mut [f32],
    first: usize,
    v: usize,
    stride: usize,
    factor: f32,
    #[comptime] is_tracked: bool,
) {
    if CUBE_POS >= losses.len() {
        terminate!();
    }
    let row = CUBE_POS * stride;
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
        if unit < stride - v {
            logits[row + v + unit] = 0.0;
        }
    }
}
