//! Products, lengths and angles of vectors.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};

/// Partial sums of [`dot`]: one SIMD register of them can be added at once.
const LANES: usize = 8;

/// The dot product of `a` and `b`, in eight partial sums side by side: the same bits on every machine.
#[inline]
pub fn dot<T>(a: &[T], b: &[T]) -> T
where
    T: Copy + Default + Add<Output = T> + AddAssign + Mul<Output = T> + Sum,
{
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [T::default(); LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.into_iter().sum::<T>() + a_rest.iter().zip(b_rest).map(|(&a, &b)| a * b).sum()
}

/// The Euclidean length of `vector`, summed in `f64`.
#[inline]
pub fn norm<T: Copy + Into<f64>>(vector: &[T]) -> f64 {
    let square = |&x: &T| -> f64 { x.into() * x.into() };
    vector.iter().map(square).sum::<f64>().sqrt()
}

/// The cosine of the angle between `a` and `b`, summed in `f64`: exactly 1 for equal vectors, 0 if one is all zeros, NaN if
/// one is not finite.
#[inline]
pub fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(&x, &y)| x as f64 * y as f64).sum::<f64>();
    let norms = (product(a, a) * product(b, b)).sqrt();
    if norms == 0.0 { 0.0 } else { (product(a, b) / norms).clamp(-1.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dot_products_of_any_length_are_those_of_the_formula() {
        for n in [0, 1, 7, 8, 9, 300] {
            let (a, b): (Vec<f64>, Vec<f64>) = (0..n).map(|i| ((i as f64).sin(), (i as f64).cos())).unzip();
            let expected: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert!((dot(&a, &b) - expected).abs() < 1e-12);
            let narrow = |x: &[f64]| x.iter().map(|&x| x as f32).collect::<Vec<f32>>();
            assert!((dot(&narrow(&a), &narrow(&b)) as f64 - expected).abs() < 1e-4);
        }
    }

    #[test]
    fn norms_of_tiny_and_huge_elements_neither_vanish_nor_overflow() {
        assert_eq!(norm(&[3.0_f32, 4.0]), 5.0);
        assert_eq!(norm(&[3e-40_f64, 4e-40]), 5e-40);
        assert!((norm(&[3e30_f32, 4e30]) / 5e30 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_cosine_is_one_for_equal_vectors_and_zero_for_zeros() {
        assert_eq!(cosine(&[0.1, 0.7], &[0.1, 0.7]), 1.0);
        assert_eq!(cosine(&[1.0, 0.0], &[3.0, 4.0]), 0.6);
        assert_eq!(cosine(&[0.0, 0.0], &[3.0, 4.0]), 0.0);
        assert!(cosine(&[f32::NAN, 0.0], &[3.0, 4.0]).is_nan());
    }
}
