//! The MLP on the CPU.

use burn::tensor::Tensor;
use wordspace_gemm::{MatrixMut, WeightGradient, matmul_then, vectorized};

use crate::Dropout;
use crate::gelu::cpu::{activate, activate_with_derivatives};
use crate::linear::cpu::{AddLinear, Linear};
use crate::operation::{Operation, Values, View};

pub fn add_mlp(
    residual: Tensor<2>,
    x: Tensor<2>,
    c_fc: (Tensor<2>, Tensor<1>),
    c_proj: (Tensor<2>, Tensor<1>),
    dropout: Dropout,
) -> Tensor<2> {
    let inputs = [residual.into(), x.into(), c_fc.0.into(), c_fc.1.into(), c_proj.0.into(), c_proj.1.into()];
    crate::run(AddMlp(dropout), inputs)
}

#[derive(Clone, Debug)]
pub struct AddMlp(pub Dropout);

impl Operation<6> for AddMlp {
    /// The activations and their derivatives, `[N, F]` each, if backward may be called.
    type Saved = Option<[Values; 2]>;

    fn forward(&self, [residual, x, w_1, b_1, w_2, b_2]: [View<'_>; 6], is_tracked: bool) -> (Values, Self::Saved) {
        let [n, f] = [x.dims()[0], b_1.len()];
        let mut derivatives = Vec::with_capacity(if is_tracked { n * f } else { 0 });
        // SAFETY: `derivatives` is used only through this matrix until the product is done. If it is tracked it has the capacity;
        // if not, no element of the matrix is used.
        let parts = unsafe { MatrixMut::from_raw_parts(derivatives.as_mut_ptr(), n, f, f) };
        let activations = matmul_then(Some(&b_1), x.matrix(), w_1.matrix(), None, |first, z| match is_tracked {
            false => activate(z),
            // SAFETY: the product passes each element of its output to one call of the epilogue, so that calls write disjoint
            // derivatives.
            true => activate_with_derivatives(z, unsafe { parts.elements(first, z.len()) }),
        });
        let activations = Values::new(activations, [n, f]);
        let (out, ()) = AddLinear(self.0).forward([residual, activations.view(), w_2, b_2], is_tracked);
        let saved = is_tracked.then(|| {
            // SAFETY: the epilogue ran for every element of the product, `[N, F]`, and wrote its derivative.
            unsafe { derivatives.set_len(n * f) };
            [activations, Values::new(derivatives, [n, f])]
        });
        (out, saved)
    }

    fn backward(
        &self,
        [_, x, w_1, b_1, w_2, b_2]: [View<'_>; 6],
        saved: Self::Saved,
        d_out: Values,
        wanted: [bool; 6],
    ) -> [Option<Values>; 6] {
        let [activations, derivatives] = saved.expect("a tracked MLP saves what backward needs");
        let (activations, derivatives) = (activations.view(), derivatives.view());
        let d = self.0.backward(&d_out);
        let d_matrix = d.view().matrix();
        let gradient = wanted[4].then(|| WeightGradient::new(activations.matrix(), d_matrix));
        let multiply_by_derivatives = |first: usize, d: &mut [f32]| {
            vectorized(
                #[inline(always)]
                || {
                    let derivatives = &derivatives[first..][..d.len()];
                    for i in 0..d.len() {
                        d[i] *= derivatives[i];
                    }
                },
            )
        };
        let (w_2_transposed, tasks) = (w_2.matrix().transposed(), gradient.as_ref().map(WeightGradient::tasks));
        let d_z = matmul_then(None, d_matrix, w_2_transposed, tasks, multiply_by_derivatives); // [N, F]
        let d_z = Values::like(d_z, activations);
        let d_b_2 = wanted[5].then(|| Values::like(WeightGradient::bias_gradient(gradient.as_ref(), d_matrix), b_2));
        let d_w_2 = gradient.map(|gradient| Values::like(gradient.finish(), w_2));
        let [d_x, d_w_1, d_b_1] = Linear.backward([x, w_1, b_1], (), d_z, [wanted[1], wanted[2], wanted[3]]);
        [wanted[0].then_some(d_out), d_x, d_w_1, d_b_1, d_w_2, d_b_2]
    }
}
