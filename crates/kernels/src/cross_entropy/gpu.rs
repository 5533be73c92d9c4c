//! The loss on a GPU. For some hidden states at a time, a kernel turns their logits into the gradient of the logits in place, and two
//! products turn that into the gradients of hidden states and table.

use burn::tensor::{Int, Tensor};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

use crate::gpu::{
    Accumulate, Gpu, Matrix, Queued, Structure, TILE, UNITS, empty, grid_of_cubes, int, is_countable, is_vec4_aligned,
    largest_buffer, matmul, matmul_into, max_of_cube, one, primitive, queue, sum, sum_of_cube, tensor, unique,
};
use crate::node::Node;

/// Whether the matrix products can read hidden states and table.
pub fn takes(hidden: &Tensor<2>, table: &Tensor<2>) -> bool {
    is_countable(&table.dims()) && is_vec4_aligned(hidden.dims()[1])
}

pub fn cross_entropy(hidden: Tensor<2>, table: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    // Enough rows for fast products, in about 256 MiB if a buffer may be as large.
    let v = table.dims()[0].next_multiple_of(4);
    let max_rows = (largest_buffer(&table.device()) / 4) as usize / v;
    let rows = ((64 << 20) / v / TILE * TILE).max(2 * TILE).min(max_rows).max(1);
    crate::run(CrossEntropy { targets, rows }, [hidden.into(), table.into()])
}

#[derive(Debug)]
pub struct CrossEntropy {
    pub targets: Tensor<1, Int>,
    /// Rows of logits in memory at a time.
    pub rows: usize,
}

impl Node<2> for CrossEntropy {
    type Backend = Gpu;
    /// The gradients of hidden states and table.
    type Saved = Option<[Queued; 2]>;

    fn forward(&self, [hidden, table]: [Queued; 2], is_tracked: bool) -> (Queued, Self::Saved) {
        let (n, v) = (hidden.shape[0], table.shape[0]);
        let (mut losses, mut d_hidden, mut d_table) = (Vec::new(), Vec::new(), None);
        for start in (0..n).step_by(self.rows) {
            let chunk = HiddenStates { start, rows: self.rows.min(n - start) };
            let logits = chunk.logits(hidden.clone(), table.clone());
            let (loss, d_logits) = self::losses(logits, v, self.targets.clone(), start, is_tracked);
            losses.push(loss);
            if is_tracked {
                d_hidden.push(tensor::<2>(chunk.d_hidden(d_logits.clone(), table.clone())));
                d_table = Some(chunk.d_table(d_logits, hidden.clone(), v, d_table));
            }
        }
        let loss = sum(primitive(Tensor::cat(losses, 0)), false);
        (loss, d_table.map(|d_table| [primitive(Tensor::cat(d_hidden, 0)), d_table]))
    }

    fn backward(saved: Self::Saved, d_out: Queued, _: [bool; 2]) -> [Option<Queued>; 2] {
        let factor: Tensor<1> = tensor(d_out);
        saved.expect("a tracked loss saves the gradients").map(|gradient| {
            let gradient: Tensor<2> = tensor(gradient);
            Some(primitive(gradient * factor.clone().unsqueeze()))
        })
    }
}

/// A chunk of the hidden states, whose logits are in memory at the same time.
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

    /// `[rows, V]`, V rounded up to a multiple of four.
    fn logits(self, hidden: Queued, table: Queued) -> Queued {
        let shape = [self.rows, table.shape[0].next_multiple_of(4)];
        one(queue("logits", [hidden, table], [shape.into()], move |[hidden, table]| {
            [matmul(shape, Accumulate::Overwrite, self.of(&hidden), Matrix::new(&table).transposed())]
        }))
    }

    /// The gradient of these hidden states, `[rows, C]`.
    fn d_hidden(self, d_logits: Queued, table: Queued) -> Queued {
        let ([v, c], rows) = ([table.shape[0], table.shape[1]], self.rows);
        one(queue("d_hidden", [d_logits, table], [[rows, c].into()], move |[d_logits, table]| {
            let d_logits = Matrix::new(&d_logits).with_columns(v);
            [matmul([rows, c], Accumulate::Overwrite, d_logits, Matrix::new(&table))]
        }))
    }

    /// Their share of the gradient of the table, `[V, C]`, added to `so_far`, that of other chunks.
    fn d_table(self, d_logits: Queued, hidden: Queued, v: usize, so_far: Option<Queued>) -> Queued {
        let shape = [v, hidden.shape[1]];
        one(match so_far {
            None => queue("d_table", [d_logits, hidden], [shape.into()], move |[d_logits, hidden]| {
                let d_logits = Matrix::new(&d_logits).with_columns(v).transposed();
                [matmul(shape, Accumulate::Overwrite, d_logits, self.of(&hidden))]
            }),
            Some(sum) => queue("d_table", [d_logits, hidden, sum], [shape.into()], move |[d_logits, hidden, sum]| {
                let (sum, hidden) = (unique(sum), self.of(&hidden));
                let d_logits = Matrix::new(&d_logits).with_columns(v).transposed();
                let to = Matrix::new(&sum);
                matmul_into(to, Accumulate::Add, 1.0, d_logits, hidden, Structure::Dense, [1, 1]);
                [sum]
            }),
        })
    }
}

/// What each row of `logits` contributes to the mean loss, row `first` of all being the first of them; and the gradient of the logits,
/// which overwrites them, or if the loss is not tracked, the logits. Rows may be longer than `v`; beyond, the logits are ignored and the
/// gradient is zero.
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
        let scale = 1.0 / targets.meta.num_elements() as f32;
        cross_entropy_kernel::launch(
            &losses.client,
            count,
            cube,
            logits.clone().into_buffer_arg(),
            targets.into_buffer_arg(),
            losses.clone().into_buffer_arg(),
            first,
            v,
            logits.meta.shape()[1],
            scale,
            is_tracked,
        );
        [losses, logits]
    });
    (tensor(losses), d_logits)
}

/// A workgroup for each row of logits.
#[cube(launch)]
fn cross_entropy_kernel(
    logits: &mut [f32],
    targets: &[i32],
    losses: &mut [f32],
    first: usize,
    v: usize,
    row_stride: usize,
    scale: f32,
    #[comptime] is_tracked: bool,
) {
    if CUBE_POS >= losses.len() {
        terminate!();
    }
    let row = CUBE_POS * row_stride;
    let unit = UNIT_POS as usize;
    // Each thread sums exponentials below the largest logit that it has seen so far: the logits are read once for both.
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
    let row_largest = max_of_cube(largest);
    let sum = sum_of_cube(sum * (largest - row_largest).exp());

    // The thread that overwrites the target's logit reads it before.
    let target = usize::cast_from(targets[first + CUBE_POS]);
    if target % UNITS as usize == unit {
        losses[CUBE_POS] = (sum.ln() + (row_largest - logits[row + target])) * scale;
    }
    if is_tracked {
        let scale_over_sum = scale / sum;
        for at in range_stepped(unit, v, UNITS as usize) {
            let mut d = (logits[row + at] - row_largest).exp() * scale_over_sum;
            if at == target {
                d -= scale;
            }
            logits[row + at] = d;
        }
        if unit < row_stride - v {
            logits[row + v + unit] = 0.0;
        }
    }
}
