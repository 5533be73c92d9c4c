//! Linear layers on the CPU.

use wordspace_gemm::{Threads, WeightGradient, matmul, matmul_then};

use crate::Dropout;
use crate::operation::{Operation, Values, View};

#[derive(Clone, Debug)]
pub struct Linear;

impl Operation<3> for Linear {
    type Saved = ();

    fn forward(&self, [x, weight, bias]: [View<'_>; 3], _: bool) -> (Values, ()) {
        let out = matmul(Some(&bias), 1.0, x.matrix(), weight.matrix(), Threads::All);
        (Values::new(out, [x.dims()[0], bias.len()]), ())
    }

    fn backward(
        &self,
        [x, weight, bias]: [View<'_>; 3],
        (): (),
        d_out: Values,
        wanted: [bool; 3],
    ) -> [Option<Values>; 3] {
        let d = d_out.view();
        let gradient = wanted[1].then(|| WeightGradient::new(x.matrix(), d.matrix()));
        let d_x = wanted[0].then(|| {
            let weight = weight.matrix().transposed();
            Values::like(
                matmul_then(None, d.matrix(), weight, gradient.as_ref().map(WeightGradient::tasks), |_, _| ()),
                x,
            )
        });
        let d_bias =
            wanted[2].then(|| Values::like(WeightGradient::bias_gradient(gradient.as_ref(), d.matrix()), bias));
        let d_weight = gradient.map(|gradient| Values::like(gradient.finish(), weight));
        [d_x, d_weight, d_bias]
    }
}

#[derive(Clone, Debug)]
pub struct AddLinear(pub Dropout);

impl Operation<4> for AddLinear {
    type Saved = ();

    fn forward(&self, [residual, x, weight, bias]: [View<'_>; 4], _: bool) -> (Values, ()) {
        let out = matmul_then(Some(&bias), x.matrix(), weight.matrix(), None, self.0.then_add(&residual));
        (Values::like(out, residual), ())
    }

    fn backward(
        &self,
        [_, x, weight, bias]: [View<'_>; 4],
        (): (),
        d_out: Values,
        [residual, wanted @ ..]: [bool; 4],
    ) -> [Option<Values>; 4] {
        let d = self.0.backward(&d_out);
        let [d_x, d_weight, d_bias] = Linear.backward([x, weight, bias], (), d, wanted);
        [residual.then_some(d_out), d_x, d_weight, d_bias]
    }
}
