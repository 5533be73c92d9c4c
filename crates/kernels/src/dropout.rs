//! Dropout (Srivastava et al. 2014): a share of the numbers becomes zero, the rest is scaled up, so that the mean stays.
//!
//! What is dropped is a function of a key and of the place of a number, so that it is the same on every device and at any number
//! of threads, and is computed again for the gradient instead of being kept:
//!
//! ```text
//! out[i] = x[i] / (1 − share), or 0 where h(h(i ⊕ key₀) + key₁) < share · 2³²
//! ```
//!
//! h is PCG-RXS-M-XS-32 as a hash (O'Neill 2014; Jarzynski and Olano 2020). `8` bytes a number, or `12` where the result is added
//! to a stream; the limit is the memory.

#[cfg(feature = "cube")]
mod gpu;

use burn::tensor::{Tensor, TensorData};
#[cfg(feature = "cube")]
pub(crate) use gpu::{Drops, factor};

/// Which numbers are dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    share: f64,
    key: [u32; 2],
}

impl Dropout {
    /// No numbers.
    pub const NONE: Self = Self { share: 0.0, key: [0; 2] };

    /// A `share` of them, at least 0 and below 1, chosen by `key`.
    pub fn new(share: f64, key: u64) -> Self {
        Self { share, key: [key as u32, (key >> 32) as u32] }
    }

    /// The same share, chosen apart for each `site` of a network.
    pub fn at(self, site: usize) -> Self {
        let site = 2 * site as u32;
        Self { key: [self.bits(site), self.bits(site + 1)], ..self }
    }

    pub(crate) fn is_none(self) -> bool {
        self.share == 0.0
    }

    #[inline(always)]
    fn bits(self, place: u32) -> u32 {
        hash(hash(place ^ self.key[0]).wrapping_add(self.key[1]))
    }

    /// What the numbers at `places` are multiplied by.
    fn factors(self, places: usize) -> Vec<f32> {
        let (least, scale) = self.least_and_scale();
        (0..places).map(|place| if self.bits(place as u32) < least { 0.0 } else { scale }).collect()
    }

    /// The least hash of a number that is kept, and what that is multiplied by.
    #[inline(always)]
    fn least_and_scale(self) -> (u32, f32) {
        ((self.share * (1_u64 << 32) as f64) as u32, (1.0 / (1.0 - self.share)) as f32)
    }
}

/// The numbers of h.
const MULTIPLIER: u32 = 747_796_405;
const INCREMENT: u32 = 2_891_336_453;
const XOR_MULTIPLIER: u32 = 277_803_737;

#[inline(always)]
fn hash(x: u32) -> u32 {
    let x = x.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
    let x = (x >> ((x >> 28) + 4) ^ x).wrapping_mul(XOR_MULTIPLIER);
    x >> 22 ^ x
}

/// `x` with some numbers dropped.
pub fn dropout<const D: usize>(x: Tensor<D>, dropped: Dropout) -> Tensor<D> {
    if dropped.is_none() {
        return x;
    }
    #[cfg(feature = "flex")]
    if crate::operation::is_ours(&x) {
        return crate::operation::run(cpu::Drop(dropped), [x.into()]);
    }
    #[cfg(feature = "cube")]
    if crate::gpu::is_ours(&x) {
        return crate::gpu::run(gpu::Drop(dropped), [x.into()]);
    }
    stock(x, dropped)
}

/// `stream + x`, some numbers of `x` being dropped.
///
/// # Shapes
///
/// - both, and the output: `[N, C]`
pub(crate) fn add_dropped(stream: Tensor<2>, x: Tensor<2>, dropped: Dropout) -> Tensor<2> {
    #[cfg(feature = "cube")]
    if crate::gpu::is_ours(&x) && !dropped.is_none() {
        return crate::gpu::run(gpu::Drop(dropped), [stream.into(), x.into()]);
    }
    stream + dropout(x, dropped)
}

/// The factors are made on the host.
pub(crate) fn stock<const D: usize>(x: Tensor<D>, dropped: Dropout) -> Tensor<D> {
    let factors = TensorData::new(dropped.factors(x.shape().num_elements()), x.dims());
    x.clone() * Tensor::from_data(factors, &x.device())
}

#[cfg(feature = "flex")]
mod cpu {
    use std::mem::MaybeUninit;

    use super::Dropout;
    use crate::operation::{Operation, Values, View};
    use wordspace_gemm::{CHUNK, vec_from_chunks, vectorized};

    #[derive(Clone, Debug)]
    pub struct Drop(pub Dropout);

    impl Operation<1> for Drop {
        type Saved = ();

        fn forward(&self, [x]: [View<'_>; 1], _: bool) -> (Values, ()) {
            (self.0.of(x), ())
        }

        fn backward(&self, _: [View<'_>; 1], (): (), d_out: Values, _: [bool; 1]) -> [Option<Values>; 1] {
            [Some(self.0.of(d_out.view()))]
        }
    }

    impl Dropout {
        /// The numbers of `x`, some dropped.
        pub(crate) fn of(self, x: View<'_>) -> Values {
            let write = |piece: usize, out: &mut [MaybeUninit<f32>]| {
                let first = piece * CHUNK;
                let out = out.write_copy_of_slice(&x[first..][..out.len()]);
                vectorized(
                    #[inline(always)]
                    || self.drop_from(first as u32, out),
                )
            };
            // SAFETY: every number of a piece is written.
            Values::like(unsafe { vec_from_chunks(x.len(), CHUNK, write) }, x)
        }

        /// What comes back of the gradient `d` to what was dropped of.
        pub(crate) fn of_gradient(self, d: &Values) -> Values {
            if self.is_none() { d.clone() } else { self.of(d.view()) }
        }

        /// What makes of numbers, and of the place of the first, those of `stream` plus theirs, some of these dropped.
        pub(crate) fn added_to(self, stream: &[f32]) -> impl Fn(usize, &mut [f32]) + Sync {
            move |first, numbers| {
                vectorized(
                    #[inline(always)]
                    || {
                        let stream = &stream[first..][..numbers.len()];
                        if !self.is_none() {
                            self.drop_from(first as u32, numbers);
                        }
                        for i in 0..numbers.len() {
                            numbers[i] += stream[i];
                        }
                    },
                )
            }
        }

        /// Drops of `numbers`, which begin at `first`; to be called in [`simd`].
        #[inline(always)]
        pub(crate) fn drop_from(self, first: u32, numbers: &mut [f32]) {
            let (least, scale) = self.least_and_scale();
            for i in 0..numbers.len() {
                let is_dropped = self.bits(first.wrapping_add(i as u32)) < least;
                numbers[i] = if is_dropped { 0.0 } else { numbers[i] * scale };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;

    use super::*;
    #[cfg(feature = "wgpu")]
    use crate::oracle::same_bits_on;
    use crate::oracle::{agrees, random};

    #[test]
    fn it_is_its_definition_in_value_and_gradient() {
        for [n, c] in [[1, 1], [7, 5], [300, 129]] {
            for share in [0.1, 0.5] {
                let dropped = Dropout::new(share, 42).at(n);
                agrees([random([n, c], 1.0)], |[x]| dropout(x, dropped), |[x]| stock(x, dropped));
                agrees(
                    [random([n, c], 1.0), random([n, c], 0.5)],
                    |[stream, x]| add_dropped(stream, x, dropped),
                    |[stream, x]| stream + stock(x, dropped),
                );
            }
        }
    }

    #[test]
    #[cfg(feature = "wgpu")]
    fn on_a_gpu_the_same_bits_come_out_for_any_count() {
        let Some(gpu) = crate::oracle::gpu("dropout on a GPU") else { return };
        for [n, c] in [[1, 1], [1, 2], [7, 5], [3, 4], [300, 130], [1, 70_001]] {
            for share in [0.1, 0.5] {
                let dropped = Dropout::new(share, 0xDEAD_BEEF_0BAD_CAFE).at(n);
                let x = || [random([n, c], 1.0)];
                let both = || [random([n, c], 1.0), random([n, c], 0.5)];
                same_bits_on(&gpu, x(), |[x]| dropout(x, dropped), |[x]| stock(x, dropped));
                same_bits_on(
                    &gpu,
                    both(),
                    |[stream, x]| add_dropped(stream, x, dropped),
                    |[stream, x]| stream + stock(x, dropped),
                );
            }
        }
        let weights = [random([20, 35], 1.0)];
        same_bits_on(
            &gpu,
            weights,
            |[x]| dropout(x.reshape([2, 2, 5, 35]), Dropout::new(0.2, 3)),
            |[x]| stock(x.reshape([2, 2, 5, 35]), Dropout::new(0.2, 3)),
        );
    }

    #[test]
    fn what_is_dropped_is_these_places_and_no_device_is_asked() {
        let kept = |key, site| -> Vec<usize> {
            let factors = Dropout::new(0.5, key).at(site).factors(16);
            (0..16).filter(|&place| factors[place] > 0.0).collect()
        };
        assert_eq!(kept(1, 0), [1, 2, 5, 7, 14, 15]);
        assert_eq!(kept(1, 1), [0, 1, 3, 6, 8, 10, 11, 12, 13, 15]);
        assert_eq!(kept(2, 0), [0, 1, 2, 3, 4, 5, 7, 8, 10]);
    }

    #[test]
    fn the_share_is_the_share_and_no_two_places_keys_or_sites_have_to_do_with_each_other() {
        /// So many that a share is off by a four-hundredth less than once in a million times.
        const PLACES: usize = 1 << 20;
        for share in [0.1, 0.5, 0.9] {
            let dropped = |key, site| -> Vec<bool> {
                Dropout::new(share, key).at(site).factors(PLACES + 256).iter().map(|&factor| factor == 0.0).collect()
            };
            let near = |found: usize, expected: f64| (found as f64 / PLACES as f64 - expected).abs() < 2.5e-3;
            let one = dropped(7, 0);
            assert!(near(one[..PLACES].iter().filter(|&&is| is).count(), share));
            let both = |other: &[bool]| (0..PLACES).filter(|&at| one[at] && other[at]).count();
            for (key, site) in [(7, 1), (7, 2), (8, 0), (7 + (1 << 32), 0)] {
                assert!(near(both(&dropped(key, site)), share * share), "key {key}, site {site}");
            }
            for apart in [1, 2, 3, 16, 64, 128, 255] {
                assert!(near(both(&one[apart..]), share * share), "places {apart} apart");
            }
        }
    }

    #[test]
    fn what_is_kept_is_scaled_so_that_the_mean_stays_and_none_dropped_is_the_same_again() {
        let ones = Tensor::<2>::ones([1000, 100], &Device::flex());
        let mean: f32 = dropout(ones.clone(), Dropout::new(0.25, 3)).mean().into_scalar();
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        let same = dropout(ones, Dropout::NONE).into_data().try_into_vec::<f32>().unwrap();
        assert!(same.iter().all(|&x| x == 1.0));
    }

    #[test]
    #[cfg(feature = "flex")]
    fn any_number_of_threads_gives_the_same_bits() {
        let x = random([500, 333], 1.0).inner();
        let dropped = Dropout::new(0.3, 5);
        crate::oracle::same_at_any_number_of_threads(|| {
            let sum = add_dropped(x.clone(), dropout(x.clone(), dropped), dropped.at(1));
            sum.into_data().try_into_vec().unwrap()
        });
    }
}
