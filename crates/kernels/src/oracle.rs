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

/// Checks that `kernel` is `definition` of `inputs`, in value and in the gradient in each of them, on the processor.
#[track_caller]
pub(crate) fn agrees<const N: usize, const D: usize>(
    inputs: [Tensor<2>; N],
    kernel: impl Fn([Tensor<2>; N]) -> Tensor<D>,
    definition: impl Fn([Tensor<2>; N]) -> Tensor<D>,
) {
    agrees_on(&Device::flex(), inputs, kernel, definition);
}

/// Checks that `kernel` on `device` is `definition` on the processor.
#[track_caller]
pub(crate) fn agrees_on<const N: usize, const D: usize>(
    device: &Device,
    inputs: [Tensor<2>; N],
    kernel: impl Fn([Tensor<2>; N]) -> Tensor<D>,
    definition: impl Fn([Tensor<2>; N]) -> Tensor<D>,
) {
    let all = results(device, &inputs, kernel).into_iter().zip(results(&Device::flex(), &inputs, definition));
    all.for_each(|((what, found), (_, expected))| close(&found, &expected, &what));
}

/// As [`agrees_on`], to the last bit.
#[cfg(feature = "wgpu")]
#[track_caller]
pub(crate) fn same_bits_on<const N: usize, const D: usize>(
    device: &Device,
    inputs: [Tensor<2>; N],
    kernel: impl Fn([Tensor<2>; N]) -> Tensor<D>,
    definition: impl Fn([Tensor<2>; N]) -> Tensor<D>,
) {
    for (found, expected) in
        results(device, &inputs, kernel).into_iter().zip(results(&Device::flex(), &inputs, definition))
    {
        let same = |(found, expected): (&f32, &f32)| found.to_bits() == expected.to_bits();
        let differs = found.1.iter().zip(&expected.1).position(|both| !same(both));
        assert!(found.1.len() == expected.1.len() && differs.is_none(), "number {differs:?} of {}", found.0);
    }
}

/// What `compute` makes of `inputs` on `device`, each with its name: the output, the gradient in each input, and the output
/// without a graph.
fn results<const N: usize, const D: usize>(
    device: &Device,
    inputs: &[Tensor<2>; N],
    compute: impl Fn([Tensor<2>; N]) -> Tensor<D>,
) -> Vec<(String, Vec<f32>)> {
    let tracking = device.clone().autodiff();
    let tracked = inputs.clone().map(|input| on(input, &tracking).require_grad());
    let out = compute(tracked.clone());
    // Not all the same, so that a gradient that mixes places up is noticed.
    let weights = on(random([1, out.shape().num_elements()], 1.0), &tracking).reshape(out.shape());
    let gradients = (out.clone() * weights).sum().backward();
    let mut all = vec![("the output".into(), numbers(out.inner()))];
    for (nth, input) in tracked.iter().enumerate() {
        let gradient = input.grad(&gradients).expect("a gradient in every input");
        all.push((format!("the gradient in input {}", nth + 1), numbers(gradient)));
    }
    let plain = compute(inputs.clone().map(|input| on(input, device)));
    all.push(("the output without a graph".into(), numbers(plain)));
    all
}

/// A GPU, or a software driver that stands in for one. Without any, `test` is not run and says so, past what the test harness
/// holds back; where `WORDSPACE_TEST_GPU` is set, as in continuous integration, that is a failure.
#[cfg(feature = "wgpu")]
pub(crate) fn gpu(test: &str) -> Option<Device> {
    use std::io::Write;
    use std::sync::LazyLock;

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
fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len());
    let size = expected.iter().fold(1e-3_f32, |size, x| size.max(x.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= 2e-5 * size, "number {at} of {what} is {found}, not {expected}");
    }
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec().unwrap()
}
