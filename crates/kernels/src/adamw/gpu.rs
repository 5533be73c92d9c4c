//! AdamW on a GPU: of a whole parameter, or of some rows of a table.

use burn::tensor::{Int, Tensor};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::{AdamW, Factors, FactorsLaunch, Moments};
use crate::gpu::{grid, int, primitive, queue, sum, tensor, unique, width};

/// One pass over the elements of `gradient`, in place where no other operation reads them. They are those of the whole parameter,
/// or of the `rows` of a table, each of which occurs once.
pub fn update(
    adamw: &AdamW,
    parameter: Tensor<1>,
    rows: Option<Tensor<1, Int>>,
    gradient: Tensor<1>,
    scale: Tensor<1>,
    moments: Moments,
) -> (Tensor<1>, Moments) {
    let (shape, [count]) = (parameter.shape(), gradient.dims());
    let (has_rows, columns) = (rows.is_some(), rows.as_ref().map_or(count, |rows| count / rows.dims()[0]));
    let [p, m, v, g, scale] = [parameter, moments.first, moments.second, gradient, scale].map(primitive);
    // A kernel's arguments cannot be optional: without rows, any buffer is bound.
    let rows = rows.map_or_else(|| g.clone(), int);
    let (inputs, shapes) = ([p, m, v, g, rows, scale], [shape.clone(), shape.clone(), shape]);
    let factors = adamw.factors();
    let outputs = queue("adamw", inputs, shapes, move |[p, m, v, g, rows, scale]| {
        let [p, m, v] = [p, m, v].map(unique);
        let width = width(columns);
        let (cubes, cube) = grid(&p.client, count / width);
        let [parameter, first, second] = [&p, &m, &v].map(|tensor| tensor.clone().into_buffer_arg());
        adamw_kernel::launch(
            &p.client,
            cubes,
            cube,
            width,
            parameter,
            first,
            second,
            g.into_buffer_arg(),
            rows.into_buffer_arg(),
            scale.into_buffer_arg(),
            factors.launch(),
            columns / width,
            has_rows,
        );
        [p, m, v]
    });
    let [parameter, first, second] = outputs.map(tensor);
    (parameter, Moments { first, second })
}

pub fn sum_of_squares(x: Tensor<1>) -> Tensor<1> {
    tensor(sum(primitive(x), true))
}

impl Factors {
    fn launch(self) -> FactorsLaunch {
        let Self { beta1, one_minus_beta1, beta2, one_minus_beta2, root_correction, epsilon, rate, decay } = self;
        FactorsLaunch::new(beta1, one_minus_beta1, beta2, one_minus_beta2, root_correction, epsilon, rate, decay)
    }
}

/// A thread for each vector of `g`; `columns` vectors are a row.
#[cube(launch)]
fn adamw_kernel<W: Size>(
    p: &mut [Vector<f32, W>],
    m: &mut [Vector<f32, W>],
    v: &mut [Vector<f32, W>],
    g: &[Vector<f32, W>],
    rows: &[i32],
    scale: &[f32],
    by: &Factors,
    columns: usize,
    #[comptime] has_rows: bool,
) {
    if ABSOLUTE_POS >= g.len() {
        terminate!();
    }
    let mut at = ABSOLUTE_POS;
    if has_rows {
        at = usize::cast_from(rows[ABSOLUTE_POS / columns]) * columns + ABSOLUTE_POS % columns;
    }
    let g = g[ABSOLUTE_POS] * Vector::new(scale[0]);
    let first = m[at] * Vector::new(by.beta1) + g * Vector::new(by.one_minus_beta1);
    let second = v[at] * Vector::new(by.beta2) + g * g * Vector::new(by.one_minus_beta2);
    let denominator = second.sqrt() * Vector::new(by.root_correction) + Vector::new(by.epsilon);
    m[at] = first;
    v[at] = second;
    p[at] = p[at] * Vector::new(by.decay) - first / denominator * Vector::new(by.rate);
}
