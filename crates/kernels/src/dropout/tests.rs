use burn::tensor::Device;

use super::*;
#[cfg(feature = "wgpu")]
use crate::testing::assert_same_bits_on;
use crate::testing::{assert_agrees, elements, random};

#[test]
fn agrees_with_the_reference() {
    for [n, c] in [[1, 1], [7, 5], [300, 129]] {
        for probability in [0.1, 0.5] {
            let some = Dropout::new(probability, 42).at(n);
            assert_agrees([random([n, c], 1.0)], |[x]| dropout(x, some), |[x]| reference(x, some));
            assert_agrees(
                [random([n, c], 1.0), random([n, c], 0.5)],
                |[residual, x]| add_dropout(residual, x, some),
                |[residual, x]| residual + reference(x, some),
            );
        }
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn on_a_gpu_it_has_the_same_bits_for_any_shape() {
    let Some(gpu) = crate::testing::gpu("dropout on a GPU") else { return };
    for [n, c] in [[1, 1], [1, 2], [7, 5], [3, 4], [300, 130], [1, 70_001]] {
        for probability in [0.1, 0.5] {
            let some = Dropout::new(probability, 0xDEAD_BEEF_0BAD_CAFE).at(n);
            let x = || [random([n, c], 1.0)];
            let both = || [random([n, c], 1.0), random([n, c], 0.5)];
            assert_same_bits_on(&gpu, x(), |[x]| dropout(x, some), |[x]| reference(x, some));
            assert_same_bits_on(
                &gpu,
                both(),
                |[residual, x]| add_dropout(residual, x, some),
                |[residual, x]| residual + reference(x, some),
            );
        }
    }
    assert_same_bits_on(
        &gpu,
        [random([20, 35], 1.0)],
        |[x]| dropout(x.reshape([2, 2, 5, 35]), Dropout::new(0.2, 3)),
        |[x]| reference(x.reshape([2, 2, 5, 35]), Dropout::new(0.2, 3)),
    );
}

#[test]
fn the_elements_of_a_key_never_change() {
    let kept = |key, site| -> Vec<usize> {
        let factors = Dropout::new(0.5, key).at(site).factors(16);
        (0..16).filter(|&index| factors[index] > 0.0).collect()
    };
    assert_eq!(kept(1, 0), [1, 2, 5, 7, 14, 15]);
    assert_eq!(kept(1, 1), [0, 1, 3, 6, 8, 10, 11, 12, 13, 15]);
    assert_eq!(kept(2, 0), [0, 1, 2, 3, 4, 5, 7, 8, 10]);
}

#[test]
fn indices_keys_and_sites_are_independent() {
    /// So many that a share is off by a four-hundredth less than once in a million times.
    const ELEMENTS: usize = 1 << 20;
    for probability in [0.1, 0.5, 0.9] {
        let dropped = |key, site| -> Vec<bool> {
            let factors = Dropout::new(probability, key).at(site).factors(ELEMENTS + 256);
            factors.iter().map(|&factor| factor == 0.0).collect()
        };
        let is_close = |found: usize, expected: f64| (found as f64 / ELEMENTS as f64 - expected).abs() < 2.5e-3;
        let one = dropped(7, 0);
        assert!(is_close(one[..ELEMENTS].iter().filter(|&&is| is).count(), probability));
        let both = |other: &[bool]| (0..ELEMENTS).filter(|&at| one[at] && other[at]).count();
        for (key, site) in [(7, 1), (7, 2), (8, 0), (7 + (1 << 32), 0)] {
            assert!(is_close(both(&dropped(key, site)), probability * probability), "key {key}, site {site}");
        }
        for distance in [1, 2, 3, 16, 64, 128, 255] {
            let found = both(&one[distance..]);
            assert!(is_close(found, probability * probability), "indices {distance} apart");
        }
    }
}

#[test]
fn the_mean_stays_and_none_changes_nothing() {
    let ones = Tensor::<2>::ones([1000, 100], &Device::flex());
    let mean: f32 = dropout(ones.clone(), Dropout::new(0.25, 3)).mean().into_scalar();
    assert!((mean - 1.0).abs() < 0.01, "{mean}");
    assert!(elements(dropout(ones, Dropout::NONE)).iter().all(|&x| x == 1.0));
}

#[test]
#[cfg(feature = "flex")]
fn has_the_same_bits_at_any_number_of_threads() {
    let x = random([500, 333], 1.0).inner();
    let some = Dropout::new(0.3, 5);
    crate::testing::assert_same_at_any_number_of_threads(|| {
        elements(add_dropout(x.clone(), dropout(x.clone(), some), some.at(1)))
    });
}
