//! AdamW on a GPU: of a whole parameter, or of some rows of a table.

use burn::tensor::{Int, Tensor};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::{AdamW, Factors, FactorsLaunch, Moments};
use crate::gpu::{grid, int, primitive, queue, tensor, unique, width};

impl AdamW {
    /// As the definition, in one pass over the numbers of `gradient`, each written where it was read if nobody else will read
    /// it. They are those of the whole parameter, or of the `rows` of a table, each of which is named once.
    pub(crate) fn update_on_a_gpu(
        &self,
        parameter: Tensor<1>,
        rows: Option<Tensor<1, Int>>,
        gradient: Tensor<1>,
        scale: Tensor<1>,
        moments: Moments,
    ) -> (Tensor<1>, Moments) {
        let (shape, [count]) = (parameter.shape(), gradient.dims());
        let (has_rows, columns) = (rows.is_some(), rows.as_ref().map_or(count, |rows| count / rows.dims()[0]));
        let [p, m, v, g, scale] = [parameter, moments.first, moments.second, gradient, scale].map(primitive);
        // Something must be bound in place of what is not there.
        let rows = rows.map_or_else(|| g.clone(), int);
        let (inputs, shapes, by) = ([p, m, v, g, rows, scale], [shape.clone(), shape.clone(), shape], self.factors());
        let outputs = queue("adamw", inputs, shapes, move |[p, m, v, g, rows, scale]| {
            let [p, m, v] = [p, m, v].map(unique);
            let width = width(columns);
            let (cubes, cube) = grid(&p.client, count / width);
            let [parameter, first, second] = [&p, &m, &v].map(|tensor| tensor.clone().into_buffer_arg());
            adamw::launch(
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
                by.launch(),
                columns / width,
                has_rows,
            );
            [p, m, v]
        });
        let [parameter, first, second] = outputs.map(tensor);
        (parameter, Moments { first, second })
    }
}

impl Factors {
    fn launch(self) -> FactorsLaunch {
        let Self { beta1, fresh1, beta2, fresh2, second, epsilon, rate, kept } = self;
        FactorsLaunch::new(beta1, fresh1, beta2, fresh2, second, epsilon, rate, kept)
    }
}

/// A unit for each vector of `g`; `columns` of them are a row.
#[cube(launch)]
fn adamw<W: Size>(
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
    let first = m[at] * Vector::new(by.beta1) + g * Vector::new(by.fresh1);
    let second = v[at] * Vector::new(by.beta2) + g * g * Vector::new(by.fresh2);
    let size = second.sqrt() * Vector::new(by.second) + Vector::new(by.epsilon);
    m[at] = first;
    v[at] = second;
    p[at] = p[at] * Vector::new(by.kept) - first / size * Vector::new(by.rate);
}
