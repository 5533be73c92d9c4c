//! Linear layers on a GPU.

use burn::tensor::Tensor;

use crate::gpu::{Accumulate, Gpu, Matrix, Queued, is_countable, is_vec4_aligned, matmul, one, queue, sum_of_rows};
use crate::node::Node;

#[derive(Debug)]
pub struct Linear;

/// Whether the matrix products can read the rows, and the output can be indexed.
pub fn takes(x: &Tensor<2>, weight: &Tensor<2>) -> bool {
    let [inputs, outputs] = weight.dims();
    is_countable(&[inputs, outputs])
        && is_countable(&[x.dims()[0], outputs])
        && is_vec4_aligned(inputs)
        && is_vec4_aligned(outputs)
}

impl Node<3> for Linear {
    type Backend = Gpu;
    /// x and weight.
    type Saved = [Queued; 2];

    fn forward(&self, [x, weight, bias]: [Queued; 3], _: bool) -> (Queued, Self::Saved) {
        let (n, outputs, saved) = (x.shape[0], weight.shape[1], [x.clone(), weight.clone()]);
        let out = queue("linear", [x, weight, bias], [[n, outputs].into()], move |[x, weight, bias]| {
            [matmul([n, outputs], Accumulate::Row(&bias), Matrix::new(&x), Matrix::new(&weight))]
        });
        (one(out), saved)
    }

    fn backward([x, weight]: Self::Saved, d_out: Queued, wanted: [bool; 3]) -> [Option<Queued>; 3] {
        let ([n, inputs], outputs) = ([x.shape[0], x.shape[1]], weight.shape[1]);
        let d_x = wanted[0].then(|| {
            one(queue("linear_d_x", [d_out.clone(), weight], [[n, inputs].into()], move |[d_out, weight]| {
                let weight = Matrix::new(&weight).transposed();
                [matmul([n, inputs], Accumulate::Overwrite, Matrix::new(&d_out), weight)]
            }))
        });
        let d_weight = wanted[1].then(|| {
            one(queue("linear_d_weight", [x, d_out.clone()], [[inputs, outputs].into()], move |[x, d_out]| {
                let x = Matrix::new(&x).transposed();
                [matmul([inputs, outputs], Accumulate::Overwrite, x, Matrix::new(&d_out))]
            }))
        });
        let d_bias = wanted[2]
            .then(|| one(queue("linear_d_bias", [d_out], [[outputs].into()], |[d_out]| [sum_of_rows(&d_out)])));
        [d_x, d_weight, d_bias]
    }
}
