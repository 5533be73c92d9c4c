//! A product and a bias on a GPU.

use burn::tensor::Tensor;

use crate::gpu::{Gpu, Matrix, Onto, Queued, is_countable, is_of_fours, is_ours, one, product, queue, sum_of_rows};
use crate::node::Node;

#[derive(Debug)]
pub struct Linear;

impl Linear {
    /// Whether the products of our own can be used.
    pub fn fits(x: &Tensor<2>, weight: &Tensor<2>) -> bool {
        let [inputs, outputs] = weight.dims();
        is_ours(x)
            && is_ours(weight)
            && is_countable(&[x.dims()[0], outputs])
            && is_of_fours(inputs)
            && is_of_fours(outputs)
    }
}

impl Node<Gpu, 3> for Linear {
    /// Input and weight.
    type Saved = [Queued; 2];

    fn forward(&self, [x, weight, bias]: [Queued; 3], _: bool) -> (Queued, Self::Saved) {
        let (n, outputs, saved) = (x.shape[0], weight.shape[1], [x.clone(), weight.clone()]);
        let out = queue("linear", [x, weight, bias], [[n, outputs].into()], move |[x, weight, bias]| {
            [product([n, outputs], Onto::Row(&bias), Matrix::new(&x), Matrix::new(&weight))]
        });
        (one(out), saved)
    }

    fn backward([x, weight]: Self::Saved, d_out: Queued, wanted: [bool; 3]) -> [Option<Queued>; 3] {
        let ([n, inputs], outputs) = ([x.shape[0], x.shape[1]], weight.shape[1]);
        let d_x = wanted[0].then(|| {
            one(queue("linear_d_x", [d_out.clone(), weight], [[n, inputs].into()], move |[d_out, weight]| {
                [product([n, inputs], Onto::Nothing, Matrix::new(&d_out), Matrix::new(&weight).turned())]
            }))
        });
        let d_weight = wanted[1].then(|| {
            one(queue("linear_d_weight", [x, d_out.clone()], [[inputs, outputs].into()], move |[x, d_out]| {
                [product([inputs, outputs], Onto::Nothing, Matrix::new(&x).turned(), Matrix::new(&d_out))]
            }))
        });
        let d_bias = wanted[2]
            .then(|| one(queue("linear_d_bias", [d_out], [[outputs].into()], |[d_out]| [sum_of_rows(&d_out)])));
        [d_x, d_weight, d_bias]
    }
}
