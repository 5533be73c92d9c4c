//! GPT-2's activation (`gelu_new`): `y = x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))` (Hendrycks and Gimpel 2016).

use burn::tensor::Tensor;
use burn::tensor::activation::sigmoid;

/// The approximate GELU of every number.
///
/// It is written as `x · σ(2u)`, which is the same, because `1 + tanh u = 2 σ(2u)`: one exponential a number, and no power,
/// which a processor's library computes by logarithms.
///
/// # Shapes
///
/// - `x`: `[N, C]`
/// - output: `[N, C]`
pub fn gelu(x: Tensor<2>) -> Tensor<2> {
    let two_root = 2.0 * (2.0 / std::f64::consts::PI).sqrt();
    let inner = (x.clone() * x.clone() * (two_root * 0.044715) + two_root) * x.clone();
    x * sigmoid(inner)
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;

    #[test]
    fn the_values_are_those_of_the_formula_with_tanh() {
        let points: [f64; 7] = [-8.0, -3.0, -0.5, 0.0, 0.1, 1.0, 6.0];
        let x = Tensor::<2>::from_floats([points.map(|x| x as f32)], &Device::flex());
        let found = gelu(x).into_data().try_into_vec::<f32>().unwrap();
        for (x, found) in points.into_iter().zip(found) {
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            let expected = x / 2.0 * (1.0 + u.tanh());
            assert!((found as f64 - expected).abs() < 1e-6, "{x}: {found} instead of {expected}");
        }
    }
}
