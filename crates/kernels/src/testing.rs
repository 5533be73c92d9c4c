//! How the tests hold a kernel to its reference implementation.

use burn::tensor::{Device, Tensor, TensorData};

/// Pseudo-random elements in `-scale..scale`, the same for the same shape.
pub(crate) fn random(shape: [usize; 2], scale: f32) -> Tensor<2> {
    let mut state = (shape[0] * 7919 + shape[1]) as u32 | 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 8) as f32 / (1 << 23) as f32 - 1.0) * scale
    };
    let values: Vec<f32> = (0..shape[0] * shape[1]).map(|_| next()).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::flex().autodiff())
}

/// Asserts that on the CPU `kernel` agrees with `reference` in the output and in the gradient of each input.
#[track_caller]
pub(crate) fn assert_agrees<const N: usize, const D: usize>(
    inputs: [Tensor<2>; N],
    kernel: impl Fn([Tensor<2>; N]) -> Tensor<D>,
    reference: impl Fn([Tensor<2>; N]) -> Tensor<D>,
) {
    assert_agrees_on(&Device::flex(), inputs, kernel, reference);
}

/// Asserts that `kernel` on `device` agrees with `reference` on the CPU.
#[track_caller]
pub(crate) fn assert_agrees_on<const N: usize, const D: usize>(
    device: &Device,
    inputs: [Tensor<2>; N],
    kernel: impl Fn([Tensor<2>; N]) -> Tensor<D>,
    reference: impl Fn([Tensor<2>; N]) -> Tensor<D>,
) {
    let (found, expected) = (results(device, &inputs, kernel), results(&Device::flex(), &inputs, reference));
    for ((what, found), (_, expected)) in found.into_iter().zip(expected) {
        assert_close(&found, &expected, &what);
    }
}

/// [`assert_agrees_on`], to the bit.
#[cfg(feature = "wgpu")]
#[track_caller]
pub(crate) fn assert_same_bits_on<const N: usize, const D: usize>(
    device: &Device,
    inputs: [Tensor<2>; N],
    kernel: impl Fn([Tensor<2>; N]) -> Tensor<D>,
    reference: impl Fn([Tensor<2>; N]) -> Tensor<D>,
) {
    let (found, expected) = (results(device, &inputs, kernel), results(&Device::flex(), &inputs, reference));
    for ((what, found), (_, expected)) in found.into_iter().zip(expected) {
        assert_eq!(found.len(), expected.len(), "elements of {what}");
        let first_difference = found.iter().zip(&expected).position(|(a, b)| a.to_bits() != b.to_bits());
        assert!(first_difference.is_none(), "element {first_difference:?} of {what} differs");
    }
}

/// The output of `compute` on `device`, the gradient of each input, and the output outside a graph, each with its name.
fn results<const N: usize, const D: usize>(
    device: &Device,
    inputs: &[Tensor<2>; N],
    compute: impl Fn([Tensor<2>; N]) -> Tensor<D>,
) -> Vec<(String, Vec<f32>)> {
    let autodiff = device.clone().autodiff();
    let tracked = inputs.clone().map(|input| on(input, &autodiff).require_grad());
    let out = compute(tracked.clone());
    // Weights that differ, so that a gradient at the wrong index is noticed.
    let weights = on(random([1, out.shape().num_elements()], 1.0), &autodiff).reshape(out.shape());
    let gradients = (out.clone() * weights).sum().backward();
    let mut all = vec![("the output".into(), elements(out.inner()))];
    for (nth, input) in tracked.iter().enumerate() {
        let gradient = input.grad(&gradients).expect("a gradient of every input");
        all.push((format!("the gradient of input {}", nth + 1), elements(gradient)));
    }
    let plain = compute(inputs.clone().map(|input| on(input, device)));
    all.push(("the output outside a graph".into(), elements(plain)));
    all
}

/// A GPU, or a software driver that stands in for one. Without either, the test named `test` is skipped and says so on the
/// standard error stream itself, which the test harness does not capture; if `WORDSPACE_TEST_GPU` is set, it fails. Without kernels
/// there is none either: burn's own operations on a GPU are burn's to test.
#[cfg(feature = "wgpu")]
pub(crate) fn gpu(test: &str) -> Option<Device> {
    use std::io::Write;
    use std::sync::LazyLock;

    if cfg!(feature = "reference") {
        return None;
    }
    static OPENED: LazyLock<Result<Device, String>> =
        LazyLock::new(|| Device::wgpu_options().init().map_err(|error| error.to_string()));
    match &*OPENED {
        Ok(device) => Some(device.clone()),
        Err(error) => {
            assert!(std::env::var_os("WORDSPACE_TEST_GPU").is_none(), "{error}");
            writeln!(std::io::stderr(), "\nNOT RUN: {test}: {error}; see docs/drivers.md\n").unwrap();
            None
        }
    }
}

/// `tensor` as a constant on `device`.
pub(crate) fn on(tensor: Tensor<2>, device: &Device) -> Tensor<2> {
    Tensor::from_data(tensor.into_data(), device)
}

/// The elements of `tensor`.
pub(crate) fn elements<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}

/// Asserts that `compute` gives the same bits at any number of threads.
#[cfg(feature = "flex")]
#[track_caller]
pub(crate) fn assert_same_at_any_number_of_threads(compute: impl Fn() -> Vec<f32> + Sync) {
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
fn assert_close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len(), "elements of {what}");
    let largest = expected.iter().fold(1e-3_f32, |largest, x| largest.max(x.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= 2e-5 * largest, "element {at} of {what} is {found}, not {expected}");
    }
}
