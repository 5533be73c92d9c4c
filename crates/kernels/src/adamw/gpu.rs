//! AdamW on a GPU.

use burn::tensor::Tensor;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

use super::{AdamW, Moments};
use crate::gpu::{grid, primitive, queue, tensor, unique, width};

impl AdamW {
    /// As the definition, in one pass over all numbers, each written where it was read if nobody else will read it.
    pub(super) fn update_on_a_gpu(
        &self,
        parameter: Tensor<1>,
        gradient: Tensor<1>,
        scale: Tensor<1>,
        moments: Moments,
    ) -> (Tensor<1>, Moments) {
        let shape = parameter.shape();
        let inputs = [parameter, moments.first, moments.second, gradient, scale].map(primitive);
        let adamw = *self;
        let outputs = queue("adamw", inputs, [shape.clone(), shape.clone(), shape], move |[p, m, v, g, scale]| {
            let [p, m, v] = [p, m, v].map(unique);
            let width = width(p.meta.num_elements());
            let (count, cube) = grid(&p.client, p.meta.num_elements() / width);
            let [first, second, parameter] = [&m, &v, &p].map(|tensor| tensor.clone().into_buffer_arg());
            let (g, scale) = (g.into_buffer_arg(), scale.into_buffer_arg());
            adamw::launch(&p.client, count, cube, width, parameter, first, second, g, scale, adamw.factors());
            [p, m, v]
        });
        let [parameter, first, second] = outputs.map(tensor);
        (parameter, Moments { first, second })
    }

    fn factors(&self) -> FactorsLaunch {
        let correction1 = 1.0 - self.beta1.powf(self.step as f64);
        let correction2 = 1.0 - self.beta2.powf(self.step as f64);
        FactorsLaunch::new(
            self.beta1 as f32,
            (1.0 - self.beta1) as f32,
            self.beta2 as f32,
            (1.0 - self.beta2) as f32,
            (1.0 / correction2.sqrt()) as f32,
            self.epsilon as f32,
            (self.learning_rate / correction1) as f32,
            (1.0 - self.learning_rate * self.weight_decay) as f32,
        )
    }
}

#[derive(CubeType, CubeLaunch)]
struct Factors {
    beta1: f32,
    fresh1: f32,
    beta2: f32,
    fresh2: f32,
    second: f32,
    epsilon: f32,
    rate: f32,
    kept: f32,
}

/// A unit for each vector.
#[cube(launch)]
fn adamw<W: Size>(
    p: &mut [Vector<f32, W>],
    m: &mut [Vector<f32, W>],
    v: &mut [Vector<f32, W>],
    g: &[Vector<f32, W>],
    scale: &[f32],
    by: &Factors,
) {
    if ABSOLUTE_POS >= p.len() {
        terminate!();
    }
    let at = ABSOLUTE_POS;
    let g = g[at] * Vector::new(scale[0]);
    let first = m[at] * Vector::new(by.beta1) + g * Vector::new(by.fresh1);
    let second = v[at] * Vector::new(by.beta2) + g * g * Vector::new(by.fresh2);
    let size = second.sqrt() * Vector::new(by.second) + Vector::new(by.epsilon);
    m[at] = first;
    v[at] = second;
    p[at] = p[at] * Vector::new(by.kept) - first / size * Vector::new(by.rate);
}
