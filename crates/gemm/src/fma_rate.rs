//! The limit of any matrix product on this machine.

use std::hint::black_box;
use std::time::Instant;

use pulp::{Arch, Simd, WithSimd};

use crate::pool::{on_pool, parallel_for};

/// Enough independent chains for the latency of an FMA on two ports, and few enough for 16 registers.
const CHAINS: usize = 12;

/// Operations per second of all threads together while they only multiply and add in registers, `steps` times.
pub fn fma_rate(steps: usize) -> f64 {
    let threads = rayon::current_num_threads();
    let start = Instant::now();
    on_pool(|| parallel_for(threads, |_| _ = Arch::new().dispatch(Chains(steps))));
    let seconds = start.elapsed().as_secs_f64();
    (threads * Arch::new().dispatch(Chains(1)) * steps) as f64 / seconds
}

/// The number of steps of fused multiply-adds in registers. Returns the number of operations.
struct Chains(usize);

impl WithSimd for Chains {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        let (x, y) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(1e-3)));
        let mut chains = [simd.splat_f32s(1.0); CHAINS];
        for _ in 0..self.0 {
            for chain in &mut chains {
                *chain = simd.mul_add_e_f32s(*chain, x, y);
            }
        }
        black_box(chains);
        2 * CHAINS * S::F32_LANES * self.0
    }
}
