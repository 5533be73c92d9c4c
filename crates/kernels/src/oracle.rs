//! The language in which kernels are held against their definitions.

use burn::tensor::{Device, Tensor, TensorData};

/// Numbers about zero as large as `scale`, the same each time.
pub(crate) fn random(shape: [usize; 2], scale: f32) -> Tensor<2> {
    let mut state = (shape[0] * 7919 + shape[1]) as u32 | 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * scale
    };
    let values: Vec<f32> = (0..shape[0] * shape[1]).map(|_| next()).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex().autodiff())
}

/// Checks that `kernel` is `definition` of `inputs`, in value and in the gradient in each of them.
#[track_caller]
pub(crate) fn agrees<const N: usize, const D: usize>(
    inputs: [Tensor<2>; N],
    kernel: impl Fn([Tensor<2>; N]) -> Tensor<D>,
    definition: impl Fn([Tensor<2>; N]) -> Tensor<D>,
) {
    let with = |computed: &dyn Fn([Tensor<2>; N]) -> Tensor<D>| {
        let inputs = inputs.clone().map(|input| input.detach().require_grad());
        let out = computed(inputs.clone());
        // Not all the same, so that a gradient that mixes places up is noticed.
        let weights = random([1, out.shape().num_elements()], 1.0).reshape(out.shape());
        let gradients = (out.clone() * weights).sum().backward();
        let mut all = vec![numbers(out.inner())];
        all.extend(inputs.iter().map(|input| numbers(input.grad(&gradients).expect("a gradient in every input"))));
        all
    };
    for (which, (found, expected)) in with(&kernel).into_iter().zip(with(&definition)).enumerate() {
        close(&found, &expected, which);
    }
    // Without a graph, too.
    let plain = |computed: &dyn Fn([Tensor<2>; N]) -> Tensor<D>| numbers(computed(inputs.clone().map(Tensor::inner)));
    close(&plain(&kernel), &plain(&definition), 0);
}

/// Checks that `compute` gives the same bits however many threads there are.
#[cfg(feature = "flex")]
#[track_caller]
pub(crate) fn same_at_any_number_of_threads(compute: impl Fn() -> Vec<f32> + Sync) {
    let bits = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(&compute).into_iter().map(f32::to_bits).collect::<Vec<_>>()
    };
    let one = bits(1);
    for threads in [2, 3, 7] {
        assert!(bits(threads) == one, "{threads} threads");
    }
}

#[track_caller]
fn close(found: &[f32], expected: &[f32], which: usize) {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(1e-3_f32, |size, x| size.max(x.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let what = if which == 0 { "the output".to_string() } else { format!("the gradient in input {which}") };
        assert!((found - expected).abs() <= 2e-5 * size, "number {at} of {what} is {found}, not {expected}");
    }
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}
